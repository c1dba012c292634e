"""A trial's side of its checkpoints: it goes on where that fits, and knows what it has spent."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import pytest

from raystudy.record.checkpoints import Checkpoints, Course
from raystudy.record.outcome import Span
from raystudy.record.store import LocalStore
from raystudy.record.trace import Trace
from raystudy.study import Resources
from raystudy.sweep.continuing import Continuing, terms_of
from raystudy.sweep.readings import Readings
from tests.observations import observation, study_of, trace
from tests.record.test_checkpoints import interval

STUDY = study_of()
TRIAL = next(STUDY.trials())
PROVENANCE = observation(TRIAL, study=STUDY).provenance
TERMS = terms_of(TRIAL, threads=1, device_type="cpu")


class Told(Readings):
    """Readings that are known beforehand."""

    def __init__(self, *traces: Trace) -> None:
        self._told = traces

    def of(self, spans: Iterable[Span], gpu_uuids: frozenset[str]) -> tuple[tuple[Trace, ...], dict[str, str]]:
        """Return all of them, whatever is asked for."""
        assert list(spans)
        assert gpu_uuids <= {"GPU-5f3a"}
        return self._told, {}


def attempt(
    folder: Path, *traces: Trace, device: str = "cpu", exclusive: bool = True, after_s: float = 0.0, **terms: str
) -> Continuing:
    """Return an attempt at the trial."""
    return Continuing(
        Checkpoints(LocalStore(folder), "trial"),
        Told(*traces),
        PROVENANCE,
        terms=TERMS | terms,
        device=device,
        resources=Resources(exclusive=exclusive, gpus=int(device != "cpu"), checkpoint_after_s=after_s),
    )


def keep(attempt: Continuing) -> None:
    """Have a state kept after some seconds of training."""
    spans = (Span(name="train", start_s=attempt.began_s, end_s=attempt.began_s + 8.0),)
    attempt.keep(Course(spans=spans, intervals=(interval(tokens_seen=500),)), lambda path: path.touch())


def test_it_starts_anew_where_nothing_is_kept(tmp_path: Path) -> None:
    """No state, no reason."""
    fresh = attempt(tmp_path)

    assert (None, {}) == (fresh.since, fresh.reasons)


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """The next attempt has the course and the file of the last state, and says from where."""
    keep(attempt(tmp_path, trace("energy_j")))
    later = attempt(tmp_path)

    assert later.since is not None
    assert (1, "0001.safetensors") == (len(later.since.course.intervals), later.since.state_file.name)
    assert "from 500 tokens" in later.reasons["continued"]


def test_a_state_of_other_software_is_not_used(tmp_path: Path) -> None:
    """Another version may compute other losses: it starts anew, says why, and forgets the state."""
    keep(attempt(tmp_path))
    later = attempt(tmp_path, torch="0.4")

    assert later.since is None
    assert "started anew: torch was" in later.reasons["continued"]
    assert 0 == Checkpoints(LocalStore(tmp_path), "trial").reached


def test_a_state_that_cannot_be_kept_ends_no_training(tmp_path: Path) -> None:
    """A folder that cannot be made, a full disk: the reason is recorded."""
    (tmp_path / "checkpoints").write_text("a file where the folder should be")
    hindered = attempt(tmp_path)
    keep(hindered)

    assert "not kept at 500 tokens" in hindered.reasons["state"]


@pytest.mark.parametrize(("after_s", "due"), [(0.0, True), (3600.0, False), (float("inf"), False)])
def test_a_state_is_due_after_a_time(tmp_path: Path, after_s: float, due: bool) -> None:  # noqa: FBT001 - a case
    """At once, later, or never."""
    assert due == attempt(tmp_path, after_s=after_s).due()


def test_a_board_of_its_own_is_its_own_while_it_computes(tmp_path: Path) -> None:
    """Who else is on a board is judged when the trial began: afterwards the monitor counts the trial itself."""
    begun = attempt(tmp_path, device="GPU-5f3a")
    start_s = begun.began_s
    company = trace("other_processes", 0.0, *[1.0] * 120, start_s=start_s - 0.5)
    counter = trace("energy_j", start_s=start_s - 0.5)
    company = dataclasses.replace(company, readings=company.readings[:1] + company.readings[10:])
    mine = attempt(tmp_path, counter, company, device="GPU-5f3a")
    mine.began_s = start_s

    assert pytest.approx(100.0) == mine.spent_j(start_s + 1, start_s + 3)


def test_joules_of_a_shared_package_are_not_its_own(tmp_path: Path) -> None:
    """On a node that others use, too, the trial does not know what it spent, and says so."""
    package = trace("energy_j", device="package-0", scope="package", max_w=100.0)
    sharing = attempt(tmp_path, package, exclusive=False)

    assert sharing.spent_j(101.0, 103.0) is None
    assert "could not judge" in sharing.reasons["stop"]
