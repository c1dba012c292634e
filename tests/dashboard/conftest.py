"""What tests of the dashboard share: a fake one, an archive, and a job that tells of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from raystudy.record.archive import Archive
from raystudy.record.opening import open_for
from tests.fakes.ray_dashboard import FakeDashboard, serving
from tests.observations import observation, study_of

STUDY = """
kind = "efficiency"
name = "made"
question = "What does more cost?"
repetitions = 2
factors.tokens = [1_000, 2_000]
"""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Return the archive of a study whose trials are all there but the last."""
    study = study_of(levels="[1_000, 2_000]", repetitions="2")
    made = Archive(tmp_path / "archive")
    open_for(made, study, STUDY)
    for trial in list(study.trials())[:-1]:
        made.write(observation(trial, study=study))
    return made


@pytest.fixture
def fake(tmp_path: Path, archive: Archive) -> Iterator[FakeDashboard]:
    """Return a dashboard that shows the job of that study."""
    with serving(FakeDashboard(folder=tmp_path / "head")) as dashboard:
        (tmp_path / "head").mkdir()
        tell_of(dashboard, archive.store.address)
        yield dashboard


def tell_of(dashboard: FakeDashboard, archive: str) -> None:
    """Let a driver tell where the archive of its study lies."""
    metadata = {"study": "made", "archive": archive, "host": "node-1", "python": dashboard.python}
    dashboard.jobs["02000000"] = {
        "job_id": "02000000",
        "submission_id": None,
        "status": "RUNNING",
        "start_time": 1,
        "metadata": metadata,
        "runtime_env": {},
    }
