"""A training that goes on from its last state gives what an unbroken one gives, bit for bit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raystudy.errors import ArchiveError, CorpusError
from raystudy.record.checkpoints import Course
from raystudy.record.outcome import Outcome
from raystudy.study import Recipe, Resources
from raystudy.training.checkpoint import Since, open_state
from raystudy.training.hooks import Hooks
from raystudy.training.loop import train
from raystudy.training.placement import place
from tests.training.test_loop import recipe_of

RECIPE = recipe_of({"unique_tokens": 1_500, "eval_every_tokens": 1_000, "eval_tokens": 1_000})


class Keeper:
    """Keeps the state at each evaluation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.kept: list[Since] = []

    def keep(self, course: Course, write: Callable[[Path], None]) -> None:
        """Write a state of its own for each."""
        file = self._folder / f"{len(course.intervals)}.safetensors"
        write(file)
        self.kept.append(Since(course=course, state_file=file))


def run(hooks: Hooks | None = None, since: Since | None = None, **changes: object) -> Outcome:
    """Train the recipe with some changes."""
    recipe = Recipe.model_validate(RECIPE.model_dump() | changes)
    return train(recipe, seed=1, placement=place(Resources(cpus=1)), hooks=hooks or Hooks(), since=since)


def losses(outcome: Outcome) -> list[object]:
    """Return all that the training computed: losses of steps and intervals, rates and norms."""
    told = [(i.loss_train, i.loss_heldout, i.learning_rate, i.gradient_norm) for i in outcome.intervals]
    return [outcome.step_losses, told, outcome.loss_heldout, outcome.loss_heldout_low, outcome.steps]


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Keeper:
    """Return one that kept all states of an unbroken training."""
    return Keeper(tmp_path_factory.mktemp("states"))


@pytest.fixture(scope="module")
def unbroken(keeper: Keeper) -> Outcome:
    """Train without an interruption."""
    return run(Hooks(due=lambda: True, keep=keeper.keep))


@pytest.mark.parametrize("interval", [0, 2])
def test_it_goes_on_as_if_nothing_had_happened(keeper: Keeper, unbroken: Outcome, interval: int) -> None:
    """From any state: all losses, norms and rates are equal; data order and optimizer go on across epochs."""
    assert losses(unbroken) == losses(run(since=keeper.kept[interval]))


def test_loss_scale_goes_on(tmp_path: Path) -> None:
    """The gradient scaler of fp16 is part of the state."""
    keeper = Keeper(tmp_path)
    whole = run(Hooks(due=lambda: True, keep=keeper.keep), precision="fp16")

    assert losses(whole) == losses(run(since=keeper.kept[1], precision="fp16"))


def test_keeping_states_changes_nothing(unbroken: Outcome) -> None:
    """States are kept in spans of their own, neither training nor evaluation."""
    assert losses(run()) == losses(unbroken)
    assert ["eval", "save", "train"] == [span.name for span in unbroken.spans][3:6]


def test_spans_of_all_segments_are_there(keeper: Keeper, unbroken: Outcome) -> None:
    """A continued training has the spans of its first part, then it loads again, and goes on training."""
    since = keeper.kept[0]
    spans = run(since=since).spans

    assert since.course.spans == spans[: len(since.course.spans)]
    assert ["load", "train", "eval"] == [span.name for span in spans[len(since.course.spans) :]][:3]
    assert len(unbroken.intervals) == len(run(since=since).intervals)


def test_a_broken_file_is_an_archive_error(tmp_path: Path) -> None:
    """What is no state says so, and how to start anew."""
    (tmp_path / "x.safetensors").write_bytes(b"no state")

    with pytest.raises(ArchiveError, match="starts anew"):
        open_state(tmp_path / "x.safetensors", fingerprint="")


def test_a_state_of_another_text_is_refused(keeper: Keeper, unbroken: Outcome) -> None:  # noqa: ARG001 - it fills the keeper
    """Losses on two texts are no trajectory."""
    with pytest.raises(CorpusError, match="text has changed"):
        open_state(keeper.kept[0].state_file, fingerprint="of another text")
