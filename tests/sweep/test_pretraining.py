"""A study that pretrains: each model once, before all trials; they start from its weights, and go on when killed."""

import dataclasses
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from raystudy.errors import ArchiveError, CorpusError, ModelError
from raystudy.record.archive import Archive
from raystudy.record.opening import open_for
from raystudy.study import Study, Trial, parse
from raystudy.sweep.continuing import terms_of
from raystudy.sweep.ready import make_ready
from raystudy.sweep.status import Snapshot
from raystudy.sweep.todo import able_to_begin, missing, pretrainings_before
from raystudy.sweep.tune import Sweep, run
from tests.killing import kill_trials
from tests.observations import observation
from tests.record.test_checkpoints import kept

pytestmark = pytest.mark.slow

TEXT = """
kind = "composition"
name = "pretrained"
question = "Does it start from these weights?"
repetitions = 1
[recipe]
corpus = "labelled"
corpus_path = "{csv}"
context = 32
batch_size = 8
eval_tokens = 1000
heldout_fraction = 0.3
[pretraining]
corpus = "stories"
corpus_documents = 200
tokenizer = "byte"
context = 32
batch_size = 8
tokens = 20_000
eval_every_tokens = 2_500
eval_tokens = 1000
[factors]
model = ["tiny-0.1m", "tiny-0.3m", "tiny-1m"]
sampler = ["few_long", "many_short"]
unique_fraction = [0.5]
[resources]
checkpoint_after_s = 0
[metering]
idle_s = 0
"""
FIRST = ("pretraining-tiny_0.1m--r00", "pretraining-tiny_0.3m--r00")
BLOCKED = "pretraining-tiny_1m--r00"


class Killer:
    """Kills the process of the first pretraining in the middle, once; counts what was shown of pretrainings."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.killed: list[int] = []
        self.shown: set[tuple[str, int]] = set()

    def __call__(self, snapshot: Snapshot) -> None:
        """Look at the sweep, and strike where it has come beyond its second interval."""
        self.shown.add((snapshot.what, snapshot.planned))
        if not self.killed and self._archive.checkpoints(FIRST[0]).reached > 2:
            self.killed = kill_trials()


def text_in(folder: Path) -> str:
    """Return the study file, beside a CSV file of its examples."""
    csv = folder / "examples.csv"
    rows = [f"the {'cat' if n % 2 else 'dog'} number {n},{'meow' if n % 2 else 'bark'}" for n in range(60)]
    csv.write_text("\n".join(["text,label", *rows]))
    return TEXT.format(csv=csv)


def sweep(archive: Archive, text: str, killer: Killer | None = None, said: list[str] | None = None) -> Sweep:
    """Run what an archive lacks of a study."""
    study = parse(text, name="pretrained.toml")
    open_for(archive, study, text)
    tell = (said if said is not None else []).append
    return run(study, archive, address=None, tell=tell, watch=killer or (lambda _: None))


def damage(archive: Archive, trial: Trial) -> None:
    """Leave a state of a trial that cannot be read."""
    terms = terms_of(trial, threads=1, device_type="cpu")
    state = dataclasses.replace(kept(), terms=terms)
    archive.checkpoints(trial.id).keep(state, state=lambda path: path.touch(), traces=())


Swept = tuple[Archive, Sweep, Killer, list[str]]


@pytest.fixture(scope="module")
def swept(ray_cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """
    Return the archive of a study, what it gave, the killer, and what was told, after one sweep in which much happens.

    The first pretraining is killed on its way. The second finds weights without a row, as a process leaves them that is
    killed between the two. The third fails: its last state is damaged.
    """
    del ray_cluster
    folder = tmp_path_factory.mktemp("pretrained")
    archive, said = Archive(folder / "out"), list[str]()
    Path(archive.place, "pretrained", "tiny-0.3m").mkdir(parents=True)
    (Path(archive.place, "pretrained", "tiny-0.3m") / "model.safetensors").touch()
    text, killer = text_in(folder), Killer(archive)
    damage(archive, *(each for each in parse(text, name="").pretrainings() if each.id == BLOCKED))
    return archive, sweep(archive, text, killer, said), killer, said


@pytest.fixture
def copy(swept: Swept, tmp_path: Path) -> Archive:
    """Return a copy that a test may spoil."""
    return Archive(Path(shutil.copytree(Path(swept[0].place), tmp_path / "copy")))


def rows(archive: Archive) -> dict[str, dict[str, Any]]:
    """Return all rows by id."""
    return {row["trial_id"]: row for row in archive.table().collect().to_dicts()}


def test_each_model_is_pretrained_once_and_then_the_trials_run(swept: Swept) -> None:
    """Two rows of repetition 0, each with its joules; then four trials; shown apart."""
    archive, done, killer, _ = swept
    found = rows(archive)

    assert (FIRST, 4) == (done.pretrained, len(done.ran))
    assert {0} == {found[name]["repetition"] for name in FIRST}
    assert all(found[name]["energy_j"] or found[name]["energy_estimated_j"] for name in FIRST)
    assert {("pretrainings", 3), ("trials", 6)} == killer.shown


def test_trials_start_from_the_weights_of_their_model(swept: Swept) -> None:
    """One base a model; the row still names the model as the study does."""
    trials = [row for name, row in rows(swept[0]).items() if name not in FIRST]
    bases = {(row["model"], row["base_sha256"]) for row in trials}

    assert ["tiny-0.1m", "tiny-0.3m"] == sorted(model for model, _ in bases)
    assert 2 == len({base for _, base in bases})


def test_trials_read_with_the_tokenizer_of_the_pretraining(swept: Swept) -> None:
    """All rows have one tokenizer."""
    assert 1 == len({row["tokenizer_fingerprint"] for row in rows(swept[0]).values()})


def test_a_pretraining_that_is_killed_goes_on(swept: Swept) -> None:
    """In the same run, from its last state."""
    archive, _, killer, said = swept

    assert 1 <= len(killer.killed)
    assert f"the process of {FIRST[0]} died; it goes on from its last state" in said
    assert 2 == len(rows(archive)[FIRST[0]]["segments"])


def test_a_pretraining_that_fails_holds_back_its_trials(swept: Swept) -> None:
    """One failure, and none for the trials: they were not begun."""
    archive, done, _, _ = swept

    assert ((BLOCKED,), 2) == (done.failed, len(done.not_begun))
    assert {BLOCKED} == archive.failures().keys()


def test_running_again_runs_what_is_missing(copy: Archive) -> None:
    """Neither pretrainings nor trials are repeated; without the model that failed nothing is missing."""
    study, trials = copy.study(), tuple(copy.study().trials())
    todo = missing(copy, trials)

    assert ({"tiny-1m"}, [BLOCKED]) == (
        {trial.recipe.model for trial in todo},
        [each.id for each in pretrainings_before(study, copy, todo)],
    )
    done = sweep(copy, Path(copy.place, "study.toml").read_text().replace(', "tiny-1m"', ""))
    assert ((), (), ()) == (done.pretrained, done.ran, done.failed)


def test_weights_without_a_row_are_made_again(swept: Swept) -> None:
    """A process may be killed between weights and row: the pretraining runs again, and its weights are whole."""
    weights = Path(swept[0].place, "pretrained", "tiny-0.3m") / "model.safetensors"

    assert weights.stat().st_size > 4 * 300_000
    assert {"model.safetensors", "tokenizer.json"} < {path.name for path in weights.parent.iterdir()}


def test_a_pretraining_without_its_row_is_missing(copy: Archive) -> None:
    """Its weights alone are no proof that it was finished; those of other models are left alone."""
    (Path(copy.place, "trials") / f"{FIRST[1]}.parquet").unlink()
    study = copy.study()

    assert [FIRST[1], BLOCKED] == [each.id for each in pretrainings_before(study, copy, tuple(study.trials()))]


def test_weights_that_are_gone_are_told(copy: Archive) -> None:
    """They are missed where a trial is to start from them, and not before."""
    shutil.rmtree(Path(copy.place, "pretrained", "tiny-0.1m"))
    study = copy.study()
    of_small, of_large = (
        [t for t in study.trials() if t.recipe.model == model] for model in ("tiny-0.1m", "tiny-0.3m")
    )

    assert () == pretrainings_before(study, copy, tuple(of_large))
    with pytest.raises(ArchiveError, match=r"pretrained/tiny-0.1m is gone"):
        pretrainings_before(study, copy, tuple(of_small))


def test_another_pretraining_is_refused(copy: Archive) -> None:
    """Weights that were trained otherwise under the same name are another study."""
    text = Path(copy.place, "study.toml").read_text().replace("tokens = 20_000", "tokens = 10_000")

    with pytest.raises(
        ArchiveError, match=r"pretraining-tiny_0.1m--r00.parquet was measured otherwise: tokens was 20000"
    ):
        sweep(copy, text)


def test_a_package_that_is_missing_is_told_before_anything_runs(
    planned: tuple[Study, Archive], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adapters need peft: without it each trial would fail after the pretrainings were paid for."""
    monkeypatch.setitem(sys.modules, "peft", None)
    study = parse(text_in(tmp_path).replace("[recipe]", '[recipe]\nfinetuning = "lora"'), name="pretrained.toml")

    with pytest.raises(ModelError, match="needs the package peft"):
        make_ready(study, planned[1], tuple(study.trials()), lambda _: None)


@pytest.fixture
def planned(tmp_path: Path) -> tuple[Study, Archive]:
    """Return the study and an archive without any row."""
    text = text_in(tmp_path)
    study, archive = parse(text, name="pretrained.toml"), Archive(tmp_path / "out")
    open_for(archive, study, text)
    return study, archive


def test_a_trial_can_begin_when_its_model_is_pretrained(planned: tuple[Study, Archive]) -> None:
    """Models are independent of each other."""
    study, archive = planned
    archive.write(observation(next(study.pretrainings()), study=study))
    able = able_to_begin(study, archive, tuple(study.trials()))

    assert {"tiny-0.1m"} == {trial.recipe.model for trial in able}


def test_what_no_budget_fills_is_refused_before_anything_runs(planned: tuple[Study, Archive], tmp_path: Path) -> None:
    """A budget that no example fits would fail each trial after the pretrainings were paid for."""
    _, archive = planned
    study = parse(text_in(tmp_path).replace("[0.5]", "[0.001]"), name="pretrained.toml")

    with pytest.raises(CorpusError, match="no example"):
        make_ready(study, archive, tuple(study.trials()), lambda _: None)


def test_a_text_that_was_pretrained_on_must_not_change(planned: tuple[Study, Archive]) -> None:
    """The weights are of the text that they were made from."""
    study, archive = planned
    archive.write(observation(next(study.pretrainings()), study=study, corpus_fingerprint="of other stories"))

    with pytest.raises(ArchiveError, match="text of the corpus stories has changed"):
        make_ready(study, archive, tuple(study.trials()), lambda _: None)
