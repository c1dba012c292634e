"""Attempts that came to nothing: which of them are tried again, and what they took."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive, Failure
from raystudy.record.patient import PatientStore
from raystudy.study import Resources
from raystudy.sweep.board import Words
from raystudy.sweep.lost import DIED, NODE_GONE, OUT_OF_MEMORY, STOPPED, Deaths, Tries, keep, used, why
from raystudy.sweep.todo import may_try_again
from tests.observations import study_of, trace


def failure(trial_id: str = "a", *, at_utc: str = "2026", reason: str = DIED) -> Failure:
    """Return a failure."""
    return Failure(trial_id=trial_id, at_utc=at_utc, reason=reason, details="")


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        (DIED, True),
        (OUT_OF_MEMORY, True),
        ("RuntimeError: CUDA error: unspecified launch failure", True),
        ("OutOfMemoryError: CUDA out of memory", True),
        ("MeterError: the instrument did not answer", True),
        ("NoMeterError: it is gone", True),
        ("ClusterError: the memory of GPU-5f3a is used by others", True),
        ("DivergedError: the loss became nan", False),
        ("CorpusError: no text", False),
        ("ArchiveError: a state cannot be read", False),
        ("HubError: it is off", False),
    ],
)
def test_what_the_study_is_wrong_about_is_not_tried_again(reason: str, *, again: bool) -> None:
    """Sentences of ours are the study's mistakes, but those of a node's instruments and resources; all else is not."""
    assert again == may_try_again(reason)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Traceback ...\nraystudy.errors.MeterError: RAPL cannot be read. Run as root.\n", "MeterError: RAPL cannot"),
        ("The actor died because its node has died. Node Id: 0123", NODE_GONE),
        ("Caught: 3 worker(s) were killed due to the node running low on memory. Memory", OUT_OF_MEMORY),
        ("The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR", DIED),
    ],
)
def test_why_a_trial_failed_is_read_from_what_ray_says(said: str, reason: str) -> None:
    """A trial that failed before it could write has its sentence in Ray's words, or died with its process or node."""
    assert why(said).startswith(reason)


def test_a_trial_is_given_up_after_so_many_failures(tmp_path: Path) -> None:
    """max_failures = 1: the first is tried again, the second is not."""
    archive = Archive(tmp_path)
    tries = Tries(archive, 1)
    said = []
    for at_utc in ("2026", "2027"):
        archive.write_failure(failure(at_utc=at_utc))
        said.append(tries.judge("a", further=False))

    assert [f"a failed: {DIED} It is tried again.", f"a failed: {DIED}"] == said
    assert {"a"} == tries.given_up()


def test_failures_of_earlier_runs_do_not_count(tmp_path: Path) -> None:
    """Each run tries as often as the study says, whatever came before, by whichever clock."""
    archive = Archive(tmp_path)
    archive.write_failure(failure(at_utc="2027"))
    tries = Tries(archive, 0)
    before = tries.given_up()
    archive.write_failure(failure(at_utc="2026"))

    assert (frozenset(), 1, {"a"}) == (before, tries.counts()["a"], tries.given_up())


@pytest.mark.parametrize(("reason", "further"), [(DIED, True), (OUT_OF_MEMORY, True), (STOPPED, False)])
def test_who_goes_on_or_did_nothing_wrong_is_excused(tmp_path: Path, reason: str, *, further: bool) -> None:
    """A death after a state was kept costs no attempt, nor one that another trial has caused."""
    archive = Archive(tmp_path)
    tries = Tries(archive, 0)
    archive.write_failure(failure(reason=reason))
    tries.judge("a", further=further)

    assert frozenset() == tries.given_up()


def test_a_failure_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    """It masks nothing: the sentence holds the reason of the trial, and that of the disk."""
    begun = Archive(tmp_path / "study")  # which was moved away
    archive = Archive(PatientStore(begun, say=lambda _: None, for_s=0))

    with pytest.raises(ArchiveError, match=r"a failed \(it broke\), and that cannot be kept\. .*study cannot be used"):
        keep(archive, failure(reason="it broke\nat length"))


def test_a_failure_that_cannot_be_kept_ends_the_sweep(tmp_path: Path) -> None:
    """Not where Tune tells of it, which would make a traceback of the sentence, but at its next step."""
    begun = Archive(tmp_path / "study")
    begun.write_study("")
    archive = Archive(PatientStore(begun, say=lambda _: None, for_s=0))
    tries = Tries(archive, 0)
    deaths = Deaths(study_of(), archive, tries, words=cast(Words, None), monitors=dict, go_on=lambda: None)
    (tmp_path / "study").rename(tmp_path / "away")
    deaths.on_trial_error(1, [], SimpleNamespace(config={"trial_id": "a"}, error_file=None))

    with pytest.raises(ArchiveError, match="study cannot be used"):
        deaths.on_step_begin(1, [])


def test_what_was_lost_is_measured_since_the_last_state() -> None:
    """4 s at 50 W are 200 J, and the seconds before, which a state has kept, are not in it."""
    lost = used([trace("power_w")], 102.0, 106.0, began_s=100.0, resources=Resources())

    assert (pytest.approx(200.0, rel=1e-3), None) == (lost.energy_j, lost.energy_estimated_j)


def test_an_estimate_of_what_was_lost_stays_one() -> None:
    """A nameplate's joules are told apart from measured ones."""
    lost = used([trace("power_w", estimated=True)], 102.0, 106.0, began_s=100.0, resources=Resources())

    assert (None, pytest.approx(200.0, rel=1e-3)) == (lost.energy_j, lost.energy_estimated_j)
