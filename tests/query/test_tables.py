"""Tables of a study: what a query may name."""

from pathlib import Path

import pytest

from raystudy.errors import ArchiveError
from raystudy.query.tables import tables
from raystudy.record.archive import Archive, Failure
from tests.observations import observation, study_of, trajectory

TEXT = """
kind = "efficiency"
name = "made"
question = "What does more cost?"
repetitions = 2
factors.tokens = [1_000, 2_000]
"""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Return an archive of a study, of which nothing is finished."""
    archive = Archive(tmp_path)
    archive.write_study(TEXT)
    return archive


def test_a_row_is_a_trial_an_interval_or_a_failure(archive: Archive) -> None:
    """Four trials of two intervals each, and two attempts at one of them that failed before."""
    study = study_of(levels="[1_000, 2_000]", repetitions="2")
    for trial in study.trials():
        archive.write(observation(trial, study=study, **trajectory([5.0, 4.0])))
    name = next(iter(study.trials())).id
    for second in (1, 2):
        archive.write_failure(
            Failure(trial_id=name, at_utc=f"2026-01-05T08:00:0{second}+00:00", reason="It died.", details="")
        )

    found = {name: table.collect() for name, table in tables(archive).items()}

    assert {"trials": 4, "intervals": 8, "failures": 2} == {key: table.height for key, table in found.items()}
    assert [name, name] == found["failures"]["trial_id"].to_list()


def test_where_nothing_is_finished_tables_are_empty(archive: Archive) -> None:
    """They have their columns: a query for what is there so far gives no rows, and no error."""
    found = {name: table.collect() for name, table in tables(archive).items()}

    assert {0} == {table.height for table in found.values()}
    assert {"energy_j", "loss_heldout"} <= set(found["intervals"].columns)
    assert "reason" in found["failures"].columns


def test_a_place_without_a_study_is_refused(tmp_path: Path) -> None:
    """An empty folder is a mistake, and no study of no trials."""
    with pytest.raises(ArchiveError, match="holds no study"):
        tables(Archive(tmp_path / "nowhere"))
