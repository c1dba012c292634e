"""A forecast tells what a training then does."""

import pytest

from raystudy.study import Recipe
from raystudy.training.forecast import forecast
from raystudy.training.models import source_of
from raystudy.training.tokens import prepare
from tests.training.test_loop import recipe_of, run


@pytest.mark.parametrize("every", [None, 1_000, 100, 50_000])
def test_evaluations_are_counted(every: int | None) -> None:
    """Before the first token, at the first step past each multiple, at the end; 100 tokens are less than a step."""
    recipe: Recipe = recipe_of({"eval_every_tokens": every})
    source = source_of(recipe, allow_hub=False)
    told = forecast(recipe, prepare(recipe, tokenizer=source.tokenizer), source, seed=1)
    outcome = run(eval_every_tokens=every)

    assert sum(interval.loss_heldout is not None for interval in outcome.intervals) == told.evaluations
    assert (outcome.steps, outcome.tokens_seen) == (told.steps, told.tokens)
    assert (None, outcome.flops) == (told.sample, told.flops)
