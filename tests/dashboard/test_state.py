"""How far a study is, told from its archive."""

from pathlib import Path

from raystudy.dashboard.state import state_of
from raystudy.record.archive import Archive, Failure
from raystudy.record.opening import open_for
from tests.dashboard.conftest import STUDY
from tests.fakes.counted import Counted
from tests.observations import observation, study_of


def test_each_trial_is_told_by_one_question_for_all(tmp_path: Path) -> None:
    """One is finished, of which a state is left; one failed and was kept; one was begun, and kept; one not begun."""
    study, store = study_of(levels="[1_000, 2_000]", repetitions="2"), Counted(tmp_path)
    archive, (finished, failed, begun, waiting) = Archive(store), study.trials()
    open_for(archive, study, STUDY)
    archive.write(observation(finished, study=study))
    archive.write_failure(Failure(trial_id=failed.id, at_utc="2026", reason="it broke", details=""))
    for trial, number in ((finished, 4), (failed, 2), (begun, 1)):
        store.put(f"checkpoints/{trial.id}/{number:04d}.json", b"")
    store.asked.clear()
    state = state_of(archive)

    assert [
        (finished.id, True, False, None),
        (failed.id, False, True, 1),
        (begun.id, False, False, 0),
        (waiting.id, False, False, None),
    ] == [(each.trial_id, each.finished, each.failed, each.kept) for each in state.trials]
    assert ["checkpoints"] == store.about_states()
