"""A training may end before its budget is spent, by a rule of its recipe, and says which."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from raystudy.record.outcome import Interval, Stop
from raystudy.study import Recipe
from raystudy.training.early import EarlyStop
from raystudy.training.hooks import Hooks
from tests.training.test_checkpoint import Keeper, run

BASE = {"tokens": 1_000, "eval_every_tokens": 100, "stop_patience": 2}


def interval(loss: float) -> Interval:
    """Return an interval of a second that reached a loss."""
    nothing = dict.fromkeys(field.name for field in dataclasses.fields(Interval))
    return Interval(**nothing | {"start_s": 1.0, "at_s": 2.0, "loss_heldout": loss})  # type: ignore[arg-type]


def ends(recipe: Recipe, losses: Sequence[float], *, joules: float | None = 10.0) -> list[Stop | None]:
    """Return what the rule says after each evaluation but the first, each interval having taken so many joules."""
    early, intervals = EarlyStop(recipe, lambda _start_s, _end_s: joules), list(map(interval, losses))
    return [early.over(intervals[: n + 1]) for n in range(1, len(losses))]


def recipe(**keys: object) -> Recipe:
    """Return a recipe with a rule."""
    return Recipe.model_validate(BASE | keys)


def test_a_budget_is_spent() -> None:
    """Without a rule nothing stops early, however the loss goes."""
    assert [None, None, None] == ends(recipe(), [3.0, 4.0, 5.0, 6.0])


def test_patience_counts_from_the_best() -> None:
    """Two evaluations in a row that are no better than the best; a better one starts the count anew."""
    assert [None, None, None, None, "patience"] == ends(recipe(stop="patience"), [3.0, 2.0, 2.1, 1.9, 1.95, 1.9])


def test_a_nat_may_become_too_dear() -> None:
    """0.5 nats for 10 J are cheap, 0.05 are not, a loss that rises has no price at all. Two in a row end it."""
    dear = recipe(stop="energy", stop_j_per_nat=100.0)

    assert [None, None, None, None, "energy"] == ends(dear, [3.0, 2.5, 2.45, 2.0, 1.95, 2.0])


def test_unknown_joules_stop_nothing() -> None:
    """Missing is not free, nor dear: without a reading the training goes to the end of its budget."""
    dear = recipe(stop="energy", stop_j_per_nat=1e-6)

    assert [None, None, None] == ends(dear, [3.0, 2.9, 2.8, 2.7], joules=None)


@pytest.mark.parametrize(
    ("keys", "mistake"),
    [
        ({"stop": "patience", "eval_every_tokens": None}, "give eval_every_tokens"),
        ({"stop": "energy"}, "that rule needs it"),
        ({"stop_j_per_nat": 5.0}, 'goes with stop = "energy"'),
    ],
)
def test_a_rule_needs_what_it_looks_at(keys: dict[str, object], mistake: str) -> None:
    """A rule without evaluations or without its limit is a mistake of the study file."""
    with pytest.raises(ValueError, match=mistake):
        recipe(**keys)


def test_dear_intervals_count_over_an_interruption(tmp_path: Path) -> None:
    """A training that is continued stops where the unbroken one does."""
    keeper, spent = Keeper(tmp_path), {"spent_j": lambda _start_s, _end_s: 1e9}
    rule = {"stop": "energy", "stop_j_per_nat": 1.0, "stop_patience": 2}
    whole = run(Hooks(due=lambda: True, keep=keeper.keep, **spent), **rule)
    continued = run(Hooks(**spent), since=keeper.kept[0], **rule)

    assert ("energy", whole.tokens_seen) == (continued.stopped, continued.tokens_seen)


def test_the_question_is_no_part_of_the_evaluation() -> None:
    """The meters are asked for the joules of an interval after its evaluation has ended."""
    outcome = run(Hooks(spent_j=lambda _start_s, _end_s: None), stop="energy", stop_j_per_nat=1.0)

    assert ["load", "eval", "train", "eval", "save", "train"] == [span.name for span in outcome.spans][:6]
    assert [span.end_s for span in outcome.spans if span.name == "eval"] == [i.evaluated_s for i in outcome.intervals]


def test_a_stopped_training_says_so() -> None:
    """It has fewer tokens than its budget, and its last interval is the one at which the rule ended it."""
    outcome = run(Hooks(spent_j=lambda _start_s, _end_s: 1e9), stop="energy", stop_j_per_nat=1.0, stop_patience=2)

    assert ("energy", 3, 2_048) == (outcome.stopped, len(outcome.intervals), outcome.tokens_seen)
    assert "budget" == run().stopped
