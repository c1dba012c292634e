"""The archive keeps a trial whole or not at all, and never mixes what does not belong together."""

import dataclasses
from pathlib import Path

import pytest

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive, Baseline, Failure, now_utc
from raystudy.record.checkpoints import recipe_terms
from raystudy.record.energy import Idle
from raystudy.record.opening import open_for
from raystudy.study import Study, parse
from tests.composed import composed
from tests.fakes.counted import Counted
from tests.observations import observation, study_of
from tests.record.test_checkpoints import kept

TEXT = 'kind = "efficiency"\nname = "made"\nquestion = "?"\nrepetitions = 2\nfactors.tokens = [1_000, 2_000]\n'
IDLE = Idle(scope="gpu", device="GPU-5f3a", power_w=61.5, u_w=0.4)
ON_GPU = {"resources__gpus": "1", "resources__cpus": "2"}


@pytest.fixture
def study() -> Study:
    """Return a study of two levels and two repetitions."""
    return study_of(levels="[1_000, 2_000]", repetitions="2", **ON_GPU)


@pytest.fixture
def archive(study: Study, tmp_path: Path) -> Archive:
    """Return an archive that holds the first trial of the study."""
    archive = Archive(tmp_path / "made")
    open_for(archive, study, TEXT)
    archive.write(observation(next(study.trials()), study=study))
    return archive


PRETRAINING = '[pretraining]\ncorpus = "stdlib-areas-text"\n'
CUT = """
kind = "composition"
name = "cut"
question = "?"
repetitions = 1
recipe.corpus = "stdlib-areas"
factors.sampler = ["few_long", "many_short"]
"""


@pytest.mark.parametrize(("before", "after"), [("", PRETRAINING), (PRETRAINING, "")])
@pytest.mark.parametrize("finished", [True, False])
def test_another_base_is_refused(tmp_path: Path, *, before: str, after: str, finished: bool) -> None:
    """Once a trial is finished or begun, all others start from the same weights."""
    archive, study = Archive(tmp_path / "cut"), parse(CUT + before, name="cut.toml")
    open_for(archive, parse(CUT + after, name="cut.toml"), CUT + after)
    open_for(archive, study, CUT + before)
    trial = next(study.trials())
    if finished:
        archive.write(observation(trial, study=study, device="cpu", threads=1))
    else:
        kept_state = dataclasses.replace(kept(), terms=recipe_terms(trial.recipe, trial.seed))
        archive.checkpoints(trial.id).keep(kept_state, state=lambda path: path.touch(), traces=())

    with pytest.raises(ArchiveError, match=r"run with another \[pretraining\], or without one"):
        open_for(archive, parse(CUT + after, name="cut.toml"), CUT + after)
    assert CUT + before == Path(archive.place, "study.toml").read_text()


def test_a_written_trial_is_there(archive: Archive, study: Study) -> None:
    """What was written is found by its id, and read as a row; nothing temporary is left."""
    first, *others = study.trials()

    assert archive.has(first.id)
    assert not any(archive.has(trial.id) for trial in others)
    assert [first.id] == archive.table().collect()["trial_id"].to_list()
    assert [f"{first.id}.parquet"] == [path.name for path in Path(archive.place, "trials").iterdir()]


def test_the_study_file_is_kept_as_it_was(archive: Archive) -> None:
    """The file is the record: its very text lies beside the results."""
    assert Path(archive.place, "study.toml").read_text() == TEXT


def test_failures_are_kept_until_the_trial_is_finished(archive: Archive, study: Study) -> None:
    """A failed trial tells its last error; a finished one is not failed, whatever went before."""
    first, second, *_ = study.trials()
    for trial in (first, second):
        for hour in ("08", "09"):
            failure = Failure(trial_id=trial.id, at_utc=f"2026-01-05T{hour}:00:00", reason=hour, details="")
            archive.write_failure(failure)

    assert {second.id: "09"} == {trial_id: failure.reason for trial_id, failure in archive.failures().items()}
    assert 4 == len(list(Path(archive.place, "failures").iterdir()))


def test_failures_right_after_each_other_are_all_kept(archive: Archive) -> None:
    """A file is named after its trial and moment."""
    for place in range(5):
        archive.write_failure(Failure(trial_id="a", at_utc=now_utc(), reason=f"{place}", details=""))

    assert ["0", "1", "2", "3", "4"] == [failure.reason for failure in archive.all_failures()]


def test_how_far_trials_are_is_one_question(tmp_path: Path) -> None:
    """Of each the last state counts, once it is whole; readings are none."""
    store, names = (
        Counted(tmp_path),
        ("0002.json", "0002-0.traces.parquet", "0003.safetensors", "0003-0.traces.parquet"),
    )
    for name in (*(f"a-1e-05--r01/{name}" for name in names), "b/9999.json", "b/10000.json", "c/0001.safetensors"):
        store.put(f"checkpoints/{name}", b"")
    reached = Archive(store).reached()

    assert ({"a-1e-05--r01": 2, "b": 10_000}, ["checkpoints"]) == (reached, store.asked)


def test_a_reason_is_text_for_any_terminal(archive: Archive, study: Study) -> None:
    """What a terminal would take for a command is left out: a failure may come from a machine that is not ours."""
    trial = next(study.trials())
    archive.write_failure(Failure(trial_id=trial.id, at_utc="2026", reason="\x1b]0;mine\x07lost", details=""))

    assert "]0;minelost" == archive.all_failures()[0].reason


def test_a_folder_that_cannot_be_written_is_refused(study: Study, tmp_path: Path) -> None:
    """The error names the folder and the option that gives another."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ArchiveError, match=r"cannot be written to .*file/made: .*--out"):
        open_for(Archive(tmp_path / "file" / "made"), study, TEXT)


def test_another_seed_is_refused(archive: Archive) -> None:
    """A trial of the same name from another seed is another trial."""
    with pytest.raises(ArchiveError, match="seed was 1, is now 7"):
        open_for(archive, study_of(levels="[1_000, 2_000]", repetitions="2", seed="7", **ON_GPU), TEXT)


def test_more_repetitions_are_welcome(archive: Archive) -> None:
    """A study may grow: what was measured stays what it was."""
    open_for(archive, study_of(levels="[1_000, 2_000, 4_000]", repetitions="9", **ON_GPU), TEXT)

    assert archive.has_observations


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    """The error says which folder is wanted."""
    with pytest.raises(ArchiveError, match=r"holds no study.*data/studies/NAME"):
        Archive(tmp_path).study()


def test_an_empty_archive_has_no_table(study: Study, tmp_path: Path) -> None:
    """Before any trial is finished there is nothing to analyse, and the error says what adds it."""
    archive = Archive(tmp_path)
    open_for(archive, study, TEXT)

    with pytest.raises(ArchiveError, match="no finished trial yet"):
        archive.table()


BASELINE = Baseline(node="a1", run="2026-01-05T08:00:00", when="before", idle=(IDLE,))


def test_idle_power_is_kept_by_node_and_run(archive: Archive) -> None:
    """A node that was not measured in a run has no idle power, rather than none at all, or that of another run."""
    archive.write_idle(BASELINE)

    assert (IDLE,) == archive.idle("a1", BASELINE.run)
    assert () == archive.idle("b2", BASELINE.run)
    assert () == archive.idle("a1", "2026-01-06T08:00:00")


def test_trials_use_the_idle_power_before_them(archive: Archive) -> None:
    """The baseline after a run is kept beside the one before, and never stands in for it."""
    after = dataclasses.replace(BASELINE, when="after")
    archive.write_idle(after)

    assert () == archive.idle("a1", BASELINE.run)
    assert (after,) == archive.baselines()


def test_baselines_of_all_runs_are_kept_in_order(archive: Archive) -> None:
    """A run that is resumed has baselines of its own; the earlier ones stay."""
    later = dataclasses.replace(BASELINE, run="2026-01-06T08:00:00")
    after = dataclasses.replace(BASELINE, when="after")
    for baseline in (later, after, BASELINE):
        archive.write_idle(baseline)

    assert (BASELINE, after, later) == archive.baselines()


def test_a_baseline_is_never_overwritten(archive: Archive) -> None:
    """The same baseline a second time is a mistake, and told."""
    archive.write_idle(BASELINE)

    with pytest.raises(ArchiveError, match=r"a1--2026-01-05T080000--before.json is there already"):
        archive.write_idle(BASELINE)


def test_a_broken_baseline_is_named(archive: Archive) -> None:
    """A file that is no baseline is named, with what to do."""
    archive.store.put("idle/a1--now--before.json", b"{}")

    with pytest.raises(ArchiveError, match=r"before.json is not a readable idle baseline .* Move it away"):
        archive.baselines()


def test_a_state_of_another_recipe_is_refused(study: Study, tmp_path: Path) -> None:
    """Hours of a trial that was begun are not thrown away because a line of the study file was edited."""
    archive, trial = Archive(tmp_path / "begun"), next(study.trials())
    begun = dataclasses.replace(kept(), terms=recipe_terms(trial.recipe, trial.seed))
    archive.checkpoints(trial.id).keep(begun, state=lambda path: path.touch(), traces=[])
    open_for(archive, study, TEXT)
    edited = study_of(levels="[1_000, 2_000]", repetitions="2", recipe__context="64", **ON_GPU)

    with pytest.raises(ArchiveError, match="context was 128, is 64"):
        open_for(archive, edited, TEXT)


def test_a_state_of_another_pretraining_is_refused(tmp_path: Path) -> None:
    """A pretraining that was begun is kept as a trial is."""
    pretraining = {"pretraining__corpus": '"stories"', "pretraining__tokens": "2_000"}
    study, archive = composed(**pretraining), Archive(tmp_path / "begun")
    begun = next(study.pretrainings())
    kept_so_far = dataclasses.replace(kept(), terms=recipe_terms(begun.recipe, begun.seed))
    archive.checkpoints(begun.id).keep(kept_so_far, state=lambda path: path.touch(), traces=[])

    with pytest.raises(ArchiveError, match="tokens was 2000, is 3000"):
        open_for(archive, composed(**pretraining | {"pretraining__tokens": "3_000"}), TEXT)
