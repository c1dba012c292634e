"""What is said of the conditions: what came before the training, and what was learnt in it."""

from types import ModuleType

import pytest

from raystudy.analysis import composition_conditions, composition_cost
from raystudy.analysis.facts import facts
from tests.analysis.composing import found_of


@pytest.mark.parametrize("of", [composition_conditions, composition_cost])
def test_zero_shot_is_before_the_trial(of: ModuleType) -> None:
    """Weights from a hub, or that a study pretrained, have seen a training before they are asked."""
    assert "before the trial trained it" in of.tables(found_of(repetitions=1))[0].note


@pytest.mark.parametrize(
    ("loss_on", "learnt"), [("answer", "the tokens of the answer"), ("all", "all tokens, those of the prompt too")]
)
def test_what_is_learnt_is_a_fact(loss_on: str, learnt: str) -> None:
    """In words, and not as the recipe writes it."""
    found = found_of(recipe__loss_on=f'"{loss_on}"', repetitions=1)

    assert ("learnt", learnt) in facts(found.trials)
