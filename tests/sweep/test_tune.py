"""Each trial of a sweep is settled in the end, whatever Tune makes of it."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from raystudy.errors import ArchiveError, ClusterError
from raystudy.record.archive import Archive, Failure
from raystudy.record.opening import open_for
from raystudy.study import Study, Trial
from raystudy.sweep.lost import DIED, OUT_OF_MEMORY, Tries
from raystudy.sweep.todo import Begun
from raystudy.sweep.tune import Attempt, _forgotten, run, settle
from tests.fakes.counted import Counted
from tests.observations import observation, study_of

Trials = tuple[Trial, ...]


@pytest.fixture
def study() -> Study:
    """Return a study of four trials."""
    return study_of(levels="[1_000, 2_000]", repetitions="2")


@pytest.fixture
def archive(study: Study, tmp_path: Path) -> Archive:
    """Return an archive without any trial."""
    archive = Archive(tmp_path)
    open_for(archive, study, "")
    return archive


def settled(archive: Archive, todo: Trials, attempt: Attempt, *, max_failures: int = 0) -> list[str]:
    """Settle trials and return what was said."""
    said = list[str]()
    settle(archive, Tries(archive, max_failures), todo, attempt, said.append)
    return said


def deadly(
    archive: Archive, study: Study, guilty: str, calls: list[int | None], *, kept: bool = False
) -> Callable[[Trials, int | None], list[str]]:
    """Return an attempt in which one trial exhausts the memory, and Tune gives up all; its death may have been kept."""

    def attempt(trials: Trials, at_once: int | None) -> list[str]:
        calls.append(at_once)
        for trial in trials:
            if trial.id == guilty:
                if kept and at_once == 1:
                    failure = Failure(trial_id=guilty, at_utc=f"{len(calls)}", reason=OUT_OF_MEMORY, details="")
                    archive.write_failure(failure)
                raise RuntimeError("Caught unexpected exception")
            archive.write(observation(trial, study=study))
        return []

    return attempt


def test_a_kill_for_memory_costs_one_trial(study: Study, archive: Archive) -> None:
    """Tune gives up all trials; the rest is run one at a time, and only the guilty one is recorded as failed."""
    todo, calls = tuple(study.trials()), list[int | None]()
    settled(archive, todo, deadly(archive, study, todo[1].id, calls))

    assert [trial.id for trial in todo if not archive.has(trial.id)] == list(archive.failures()) == [todo[1].id]
    assert [None, 1, 1] == calls


def test_a_kill_for_memory_that_was_kept_is_nobody_elses(study: Study, archive: Archive) -> None:
    """The one that runs is kept as the guilty one when Tune gives up; those that had not begun are not blamed."""
    todo, calls = tuple(study.trials()), list[int | None]()
    settled(archive, todo, deadly(archive, study, todo[1].id, calls, kept=True))

    assert {todo[1].id} == {failure.trial_id for failure in archive.all_failures()}
    assert [todo[1].id] == [trial.id for trial in todo if not archive.has(trial.id)]


def test_a_silent_death_is_recorded(study: Study, archive: Archive) -> None:
    """A trial that neither finished nor said why has a failure, with what Ray saw."""
    todo = tuple(study.trials())
    settled(archive, todo, lambda _trials, _at_once: ["the worker is gone"])

    assert {trial.id for trial in todo} == set(archive.failures())
    assert all("the worker is gone" in failure.details for failure in archive.failures().values())


def test_a_failure_of_an_earlier_run_is_tried_again(study: Study, archive: Archive) -> None:
    """What failed last time is attempted once more, and only once."""
    first, *_ = todo = tuple(study.trials())
    archive.write_failure(Failure(trial_id=first.id, at_utc="2026", reason="before", details=""))
    attempts: list[int] = []

    def attempt(trials: Trials, _at_once: int | None) -> list[str]:
        attempts.append(len(trials))
        for trial in trials:
            archive.write_failure(Failure(trial_id=trial.id, at_utc="2027", reason="again", details=""))
        return []

    settled(archive, todo, attempt)

    assert [4] == attempts
    assert "again" == archive.failures()[first.id].reason


def test_a_failure_is_tried_again(study: Study, archive: Archive) -> None:
    """With max_failures = 1 a trial that failed comes after all others once more, alone, and that is said."""
    first, *rest = todo = tuple(study.trials())
    rounds: list[list[str]] = []

    def attempt(trials: Trials, _at_once: int | None) -> list[str]:
        rounds.append([trial.id for trial in trials])
        for trial in trials:
            if trial == first and len(rounds) == 1:
                archive.write_failure(Failure(trial_id=trial.id, at_utc="2027", reason="it broke", details=""))
            else:
                archive.write(observation(trial, study=study))
        return []

    said = settled(archive, todo, attempt, max_failures=1)

    assert [[trial.id for trial in todo], [first.id]] == rounds
    assert [f"{first.id} failed: it broke It is tried again."] == said
    assert all(archive.has(trial.id) for trial in (first, *rest))


def test_the_studys_own_fault_is_not_tried_again(study: Study, archive: Archive) -> None:
    """A loss that diverged diverges again."""
    todo, rounds = tuple(study.trials())[:1], list[Trials]()

    def attempt(trials: Trials, _at_once: int | None) -> list[str]:
        rounds.append(trials)
        archive.write_failure(Failure(trial_id=trials[0].id, at_utc="2027", reason="DivergedError: nan", details=""))
        return []

    settled(archive, todo, attempt, max_failures=5)

    assert 1 == len(rounds)


def test_who_comes_further_goes_on(study: Study, archive: Archive) -> None:
    """A process that dies after each state it kept is started anew without end; one that stands still is not."""
    (trial, *_), rounds = tuple(study.trials()), list[int]()

    def attempt(_trials: Trials, _at_once: int | None) -> list[str]:
        rounds.append(len(rounds))
        reached = min(len(rounds), 4)  # a state has a number for each interval; the fifth life keeps none
        archive.store.put(f"checkpoints/{trial.id}/{reached:04d}.json", b"{}")
        return ["killed"]

    said = settled(archive, (trial,), attempt)

    assert 5 == len(rounds)
    assert [f"the process of {trial.id} died; it goes on from its last state"] * 4 == said[:4]
    assert f"{trial.id} failed: {DIED}" == said[4]


def test_a_round_lists_states_twice(study: Study, tmp_path: Path) -> None:
    """Before and after, for all trials at once: the store may be far, and a study large."""
    store = Counted(tmp_path)
    settled(Archive(store), tuple(study.trials()), lambda _trials, _at_once: ["the worker is gone"])

    assert ["checkpoints", "checkpoints"] == store.about_states()


def test_text_that_changed_is_not_added_to(study: Study, archive: Archive) -> None:
    """Trials of another text are never mixed: before anything is run, the fingerprints are compared."""
    archive.write(observation(next(study.trials()), study=study, corpus_fingerprint="of another Python"))

    with pytest.raises(ArchiveError, match="text of the corpus stdlib has changed"):
        run(study, archive, address=None, tell=lambda _: None, watch=lambda _: None)


@pytest.mark.parametrize(
    ("error", "kept"), [(KeyboardInterrupt(), False), (ClusterError("no GPU"), False), (ConnectionError("Ray"), True)]
)
def test_logs_are_forgotten_unless_something_broke(error: BaseException, *, kept: bool, tmp_path: Path) -> None:
    """Ctrl-C leaves nothing of a Ray of our own, nor does a sentence: only what has none is looked for in logs."""
    logs, archive = tmp_path / "session", Archive(tmp_path / "made")
    logs.mkdir()
    with (
        pytest.raises(type(error)),
        _forgotten(nullcontext(str(logs)), Begun(study_of(), archive), lambda _: None),
    ):
        raise error

    assert kept == logs.exists()
