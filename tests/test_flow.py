"""A study from file to report: what a user runs, on the shared Ray."""

import shutil
from pathlib import Path

import pytest

from raystudy.errors import AnalysisError, ArchiveError, ClusterError
from raystudy.record.archive import Archive
from raystudy.record.opening import open_for
from raystudy.study import Study, parse
from raystudy.sweep.tune import Sweep, run

pytestmark = pytest.mark.slow

TEXT = """
kind = "efficiency"
name = "flow"
question = "Does it flow?"
repetitions = 2
[recipe]
model = "tiny-0.1m"
tokenizer = "byte"
corpus = "stories"
corpus_documents = 200
context = 32
batch_size = 8
eval_tokens = 1000
[factors]
tokens = [2000, 4000]
[metering]
idle_s = 0.2
"""


def sweep(archive: Archive, text: str = TEXT) -> Sweep:
    """Run what an archive lacks of a study."""
    study = parse(text, name="flow.toml")
    open_for(archive, study, text)
    return run(study, archive, address=None, tell=lambda _: None, watch=lambda _: None)


@pytest.fixture(scope="module")
def finished(ray_cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Return the archive of a study that has run."""
    del ray_cluster
    archive = Archive(tmp_path_factory.mktemp("flow"))
    sweep(archive)
    return archive


@pytest.fixture
def copy(finished: Archive, tmp_path: Path) -> Archive:
    """Return a copy that a test may spoil."""
    return Archive(Path(shutil.copytree(Path(finished.place), tmp_path / "copy")))


def test_each_trial_is_a_row(finished: Archive) -> None:
    """Two levels x two repetitions are four rows, in plan order, each with its joules and its traces."""
    table = finished.table().collect()
    study = finished.study()

    assert [trial.id for trial in study.trials()] == table["trial_id"].to_list()
    assert 0 == table["loss_heldout"].null_count()
    assert all((table["energy_j"].fill_null(0) + table["energy_estimated_j"].fill_null(0)) > 0)
    assert all(table["traces"].list.len() > 0)


def test_blocks_share_their_start(finished: Archive) -> None:
    """Trials of one repetition start from the same weights: their losses at zero tokens are equal; blocks differ."""
    starts = finished.table().collect().group_by("repetition").agg("loss_initial")["loss_initial"].to_list()

    assert [1, 1] == [len(set(block)) for block in starts]
    assert starts[0][0] != starts[1][0]


def test_running_again_runs_nothing(finished: Archive) -> None:
    """What is finished is not repeated."""
    assert () == sweep(finished).ran


def test_only_what_is_missing_runs(copy: Archive) -> None:
    """A row that is gone is the only trial to run, and gives the same losses as before."""
    lost = Path(copy.place, "trials") / "tokens-4000--r02.parquet"
    before = copy.table().collect()
    lost.unlink()

    assert ("tokens-4000--r02",) == sweep(copy).ran
    assert before["loss_heldout"].to_list() == copy.table().collect()["loss_heldout"].to_list()


def test_a_fresh_process_gives_the_same_losses(finished: Archive, tmp_path: Path) -> None:
    """Reusing a process leaves nothing behind: losses equal those of a new process for each trial."""
    fresh = Archive(tmp_path)
    sweep(fresh, TEXT.replace("repetitions = 2", "repetitions = 1") + "[resources]\nfresh_process = true\n")
    reused = finished.table().collect()

    assert (
        reused.filter(reused["repetition"] == 1)["loss_heldout"].to_list()
        == fresh.table().collect()["loss_heldout"].to_list()
    )


@pytest.mark.usefixtures("ray_cluster")
def test_a_failed_trial_stops_no_other(tmp_path: Path) -> None:
    """A trial that diverges is recorded with its traceback; the others finish."""
    archive = Archive(tmp_path)
    text = TEXT.replace("repetitions = 2", "repetitions = 1").replace(
        "[factors]", "tokens = 2000\nclip_norm = inf\n[factors]"
    )
    text = text.replace("tokens = [2000, 4000]", "learning_rate = [1e-3, 1e30]")
    done = sweep(archive, text)

    assert ("learning_rate-0.001--r01",) == done.ran
    assert ("learning_rate-1e_30--r01",) == done.failed
    assert all("DivergedError" in failure.reason for failure in archive.failures().values())


@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize("resources", ["gpus = 1", "cpus = 64"])
def test_what_no_node_has_is_refused_at_once(tmp_path: Path, resources: str) -> None:
    """Ray would wait for ever; raystudy says what a trial needs and what the nodes offer."""
    with pytest.raises(ClusterError, match=r"A trial needs .* the nodes offer"):
        sweep(Archive(tmp_path), f"{TEXT}[resources]\n{resources}\n")


def test_another_recipe_is_refused(copy: Archive) -> None:
    """Trials measured with another recipe under the same name are not mixed with new ones."""
    with pytest.raises(ArchiveError, match=r"context was 32, is now 16"):
        sweep(copy, TEXT.replace("context = 32", "context = 16"))


def test_a_corrupt_row_is_refused(copy: Archive) -> None:
    """A file that is no observation is named, with what to do."""
    (Path(copy.place, "trials") / "tokens-4000--r02.parquet").write_bytes(b"PAR1 not really")

    with pytest.raises(ArchiveError, match=r"tokens-4000--r02.parquet is not a readable observation .* Move it away"):
        copy.table()


def test_the_study_is_analysed(finished: Archive) -> None:
    """What was measured becomes an answer, caveats, tables and figures."""
    from raystudy.analysis import KINDS

    study: Study = finished.study()
    findings = KINDS[study.kind].analyse(study, finished.table().collect())

    assert 2 == len(findings.answer)
    assert len(findings.figures) >= 4


def test_a_study_that_cannot_be_analysed_is_refused() -> None:
    """One repetition cannot carry a repeated-measures analysis."""
    from raystudy.analysis import KINDS

    study = parse(TEXT.replace("repetitions = 2", "repetitions = 1"), name="flow.toml")

    with pytest.raises(AnalysisError, match="repetition"):
        KINDS[study.kind].check(study)
