"""What a run did: each trial of the study is told once, whatever became of it."""

from pathlib import Path

from raystudy.record.archive import Archive, Failure
from raystudy.sweep.todo import Begun, missing, tell_states
from tests.fakes.counted import Counted
from tests.observations import observation, study_of


def failure(trial_id: str, at_utc: str, *, reason: str = "it broke") -> Failure:
    """Return a failure."""
    return Failure(trial_id=trial_id, at_utc=at_utc, reason=reason, details="")


def test_each_trial_is_told_once(tmp_path: Path) -> None:
    """One was there, one is finished, one came through at the second attempt, one is given up, one is left."""
    study, archive = study_of(levels="[1, 2, 3, 4, 5]", repetitions="1"), Archive(tmp_path)
    before, ran, retried, failed, left = study.trials()
    archive.write(observation(before, study=study))
    archive.write_failure(failure(left.id, "2025"))
    begun = Begun(study, archive)
    for trial in (ran, retried):
        archive.write(observation(trial, study=study))
    for trial, at_utc in ((retried, "2026"), (failed, "2026"), (failed, "2027")):
        archive.write_failure(failure(trial.id, at_utc))
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


def test_what_awaits_its_next_try_is_left(tmp_path: Path) -> None:
    """Ctrl-C came between its attempts; one at which the study is at fault would not have been tried again."""
    study, archive = study_of(levels="[1, 2]", repetitions="1"), Archive(tmp_path)
    begun, (left, failed) = Begun(study, archive), study.trials()
    archive.write_failure(failure(left.id, "2026"))
    archive.write_failure(failure(failed.id, "2026", reason="DivergedError: the loss is no number"))
    done = begun.sweep()

    assert ((left.id,), (failed.id,)) == (done.left, done.failed)


def test_a_store_is_asked_once_for_all_trials(tmp_path: Path) -> None:
    """It may be far, and a study large."""
    study, store = study_of(levels="[1, 2, 3]", repetitions="4"), Counted(tmp_path)
    first, *rest = study.trials()
    Archive(tmp_path).write(observation(first, study=study))
    left = missing(Archive(store), study.trials())

    assert (tuple(rest), ["trials"]) == (left, store.asked)


def test_states_are_told_and_those_of_finished_trials_deleted(tmp_path: Path) -> None:
    """All are listed at once; nothing is said of trials that were not begun, nor of what the study no longer has."""
    study, store, said = study_of(levels="[1, 2, 3]", repetitions="4"), Counted(tmp_path), list[str]()
    archive, (finished, begun, *_) = Archive(store), study.trials()
    archive.write(observation(finished, study=study))
    for trial_id in (finished.id, begun.id, "of-another-level--r01"):
        store.put(f"checkpoints/{trial_id}/0002.json", b"")
    tell_states(study, archive, said.append)

    assert ([f"{begun.id} was kept after interval 1"], ["checkpoints"]) == (said, store.about_states())
    assert {"of-another-level--r01": 2, begun.id: 2} == archive.reached()
