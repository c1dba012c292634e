"""How long a study will take on this machine: a few steps of each kind of recipe, and arithmetic."""

import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.console import Console

from raystudy.study import Recipe, Study

if TYPE_CHECKING:
    from raystudy.training.forecast import Forecast

STEPS = 20
"""Steps that are trained of each kind of recipe."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A recipe of a study and what it will take."""

    name: str
    recipe: Recipe
    trials: int
    parameters: int | None
    told: "Forecast | None"
    """Null where a model or a corpus would have to be downloaded first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rates:
    """How fast a kind of recipe is here."""

    positions_per_s: float
    """Of training, padding included, in the median interval."""
    heldout_per_s: float
    """Held-out tokens."""


def tell_time(study: Study, planned: list[Planned], console: Console) -> None:
    """Train a few steps of each kind of recipe on this machine, and extrapolate by positions."""
    rates: dict[Recipe, _Rates] = {}
    seconds = 0.0
    for each in planned:
        if each.told is None:
            console.print(
                "The time cannot be told before model and corpus are downloaded; `raystudy run` does that first."
            )
            return
        kind = _kind(each.recipe)
        if kind not in rates:
            rates[kind] = _rates(_shortened(each.recipe, each.told), each.told, study)
        seconds += each.trials * _seconds(each.recipe, each.told, rates[kind])
    rates_told = ", ".join(f"{rate.positions_per_s:,.0f}" for rate in rates.values())
    console.print(
        f"About {seconds / 60:.1f} min of training and evaluation, one trial at a time, "
        f"at {rates_told} tokens/s (padding included) as measured here just now; Ray adds some seconds."
    )


def _seconds(recipe: Recipe, told: "Forecast", rates: _Rates) -> float:
    """Return how long one trial trains and evaluates."""
    evaluated = told.evaluations * min(recipe.eval_tokens, told.heldout_tokens)
    return told.tokens / (1 - told.padding_share) / rates.positions_per_s + evaluated / rates.heldout_per_s


def _kind(recipe: Recipe) -> Recipe:
    """Return a recipe without what makes a training longer or shorter."""
    budget = {"tokens": None, "epochs": None, "unique_tokens": None, "unique_fraction": None}
    evaluation = {"eval_tokens": 4096, "eval_every_tokens": None, "stop": "budget", "stop_j_per_nat": None}
    sampler = {"sampler": "stratified"}
    return Recipe.model_validate(recipe.model_dump() | budget | evaluation | sampler)


def _shortened(recipe: Recipe, told: "Forecast") -> Recipe:
    """Return the recipe with a budget of a few steps; labelled examples are those that it will take."""
    tokens = round(STEPS * told.tokens / told.steps) if recipe.labelled else STEPS * recipe.batch_size * recipe.context
    cut = {name: getattr(recipe, name) for name in ("sampler", "unique_tokens", "unique_fraction") if recipe.labelled}
    return Recipe.model_validate(_kind(recipe).model_dump() | cut | {"tokens": tokens})


def _rates(recipe: Recipe, told: "Forecast", study: Study) -> _Rates:
    """Train a shortened recipe; a model that is to be pretrained is as fast before."""
    from raystudy.training.loop import train
    from raystudy.training.placement import place

    outcome = train(recipe, seed=study.seed, placement=place(study.resources), allow_hub=study.allow_hub)
    tokens_per_s = statistics.median(
        (after.tokens_seen - before.tokens_seen) / (after.at_s - after.start_s)
        for before, after in pairwise(outcome.intervals)
    )
    return _Rates(
        positions_per_s=tokens_per_s * (1 + outcome.tokens_padding / outcome.tokens_seen),
        heldout_per_s=2 * min(recipe.eval_tokens, told.heldout_tokens) / outcome.eval_s,
    )
