"""What a run did: each trial of the study is told once, whatever became of it."""

from pathlib import Path

from raystudy.record.archive import Archive, Failure
from raystudy.sweep.todo import Begun
from tests.observations import observation, study_of


def failure(trial_id: str, at_utc: str) -> Failure:
    """Return a failure."""
    return Failure(trial_id=trial_id, at_utc=at_utc, reason="it broke", details="")


def test_each_trial_is_told_once(tmp_path: Path) -> None:
    """One was there, one is finished, one came through at the second attempt, one failed, one is left."""
    study, archive = study_of(levels="[1, 2, 3, 4, 5]", repetitions="1"), Archive(tmp_path)
    before, ran, retried, failed, left = study.trials()
    archive.write(observation(before, study=study))
    archive.write_failure(failure(left.id, "2025"))
    begun = Begun(study, archive)
    for trial in (ran, retried):
        archive.write(observation(trial, study=study))
    for trial in (retried, failed):
        archive.write_failure(failure(trial.id, "2026"))
    done = begun.sweep()

    assert ((before.id,), (ran.id, retried.id)) == (done.before, done.ran)
    assert ((retried.id,), (failed.id,), (left.id,)) == (done.retried, done.failed, done.left)


def test_nothing_to_do_is_told(tmp_path: Path) -> None:
    """Where all was finished before, nothing else is said."""
    study, archive = study_of(levels="[1, 2]", repetitions="1"), Archive(tmp_path)
    for trial in study.trials():
        archive.write(observation(trial, study=study))
    done = Begun(study, archive).sweep()

    assert (2, ()) == (len(done.before), (*done.ran, *done.failed, *done.left, *done.retried, *done.not_begun))
