"""What only a real GPU can show: losses equal bit for bit, joules from its own counter, identity by UUID."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from raystudy.power import open_meters
from raystudy.power.sampler import Sampler
from raystudy.record.checkpoints import Course
from raystudy.record.energy import belongs, energies
from raystudy.record.gate import expectations
from raystudy.record.outcome import Outcome
from raystudy.record.totals import totals
from raystudy.study import Metering, Recipe, Resources
from raystudy.training.checkpoint import Since
from raystudy.training.hooks import Hooks
from raystudy.training.loop import train
from raystudy.training.placement import Placement, place

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch can use")

RECIPE = Recipe(
    model="tiny-1m", tokenizer="byte", corpus="stories", corpus_documents=500, tokens=200_000, precision="bf16"
)


@pytest.fixture(scope="module")
def placement() -> Placement:
    """Return the first GPU."""
    return place(Resources(gpus=1, cpus=2, exclusive=False))


def losses(outcome: Outcome) -> list[float]:
    """Return the loss of each step, and the last one on held-out text."""
    return [*outcome.step_losses, outcome.loss_heldout]


def test_same_seed_same_losses(placement: Placement) -> None:
    """Deterministic kernels repeat a training bit for bit."""
    assert losses(train(RECIPE, seed=1, placement=placement)) == losses(train(RECIPE, seed=1, placement=placement))


@pytest.mark.parametrize("changes", [{}, {"precision": "fp16"}, {"compile": True}])
def test_it_goes_on_as_if_nothing_had_happened(
    placement: Placement, changes: dict[str, object], tmp_path: Path
) -> None:
    """From a state that was kept on the way, a training gives the losses of the unbroken one, bit for bit."""
    recipe, kept = Recipe.model_validate(RECIPE.model_dump() | {"eval_every_tokens": 100_000} | changes), list[Since]()

    def keep(course: Course, write: Callable[[Path], None]) -> None:
        write(tmp_path / "state")
        kept.append(Since(course=course, state_file=tmp_path / "state"))

    whole = train(recipe, seed=1, placement=placement, hooks=Hooks(due=lambda: not kept, keep=keep))

    assert losses(whole) == losses(train(recipe, seed=1, placement=placement, since=kept[0]))


@pytest.mark.parametrize("changes", [{"precision": "fp16"}, {"precision": "fp32"}, {"compile": True}])
def test_options_train(placement: Placement, changes: dict[str, object]) -> None:
    """Each precision learns, and so does a compiled model."""
    outcome = train(Recipe.model_validate(RECIPE.model_dump() | changes), seed=1, placement=placement)

    assert outcome.loss_heldout < outcome.loss_initial - 1


def test_joules_are_the_boards_own(placement: Placement) -> None:
    """The board that torch trains on is found in NVML by UUID, and its counter gives the joules of the training."""
    sampler = Sampler(open_meters(Metering()).meters, rate_hz=10)
    sampler.mark()
    recipe, hooks = RECIPE.model_copy(update={"tokens": 3_000_000}), Hooks(at_edge=lambda: _mark(sampler))
    outcome = train(recipe, seed=1, placement=placement, hooks=hooks)
    traces = sampler.span(outcome.spans[0].start_s, outcome.spans[-1].end_s)
    sampler.close()
    own = [trace for trace in traces if belongs(trace.channel, frozenset({placement.identity}))]
    figures = energies(own, outcome.spans, exclusive=False)
    total = totals(figures, outcome.spans)
    judged = {each.name: each for each in expectations(figures, own, outcome.spans)}

    assert total.energy_j is not None
    assert 20 < total.energy_j / outcome.train_s < 1_500
    assert "gpu" == total.energy_scopes
    assert [True, True] == [judged[name].met for name in ("edges", "sampler")]
    assert judged["throttling"].met is not None


def _mark(sampler: Sampler) -> None:
    """Have it read, and wait for nothing, as a trial has."""
    threading.Thread(target=sampler.mark, daemon=True).start()


def test_memory_is_that_of_the_board(placement: Placement) -> None:
    """Peak memory is what torch allocated there."""
    outcome = train(RECIPE, seed=1, placement=placement)

    assert 0 < (outcome.peak_memory_bytes or 0) < torch.cuda.get_device_properties(0).total_memory
