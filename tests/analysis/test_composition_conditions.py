"""What is said of the conditions: what came before the training, and what was learnt in it."""

import pytest

from raystudy.analysis import composition_conditions, composition_cost
from raystudy.analysis.facts import facts
from tests.analysis.composing import found_of

PRETRAINED = {"pretraining__corpus": '"stdlib-areas-text"', "repetitions": 1}


def test_zero_shot_is_before_fine_tuning_where_weights_were_pretrained() -> None:
    """Weights that a study pretrained itself have seen a training before they are asked."""
    notes = [composition_conditions.tables(found_of(**keys))[0].note for keys in ({"repetitions": 1}, PRETRAINED)]

    assert [True, True] == ["before any training;" in notes[0], "before fine-tuning;" in notes[1]]


def test_a_gain_is_over_the_model_before_fine_tuning() -> None:
    """The same holds for the price of a point."""
    notes = [composition_cost.tables(found_of(**keys))[0].note for keys in ({"repetitions": 1}, PRETRAINED)]

    assert [True, True] == ["before any training, with" in notes[0], "before fine-tuning, with" in notes[1]]


@pytest.mark.parametrize(
    ("loss_on", "learnt"), [("answer", "the tokens of the answer"), ("all", "all tokens, those of the prompt too")]
)
def test_what_is_learnt_is_a_fact(loss_on: str, learnt: str) -> None:
    """In words, and not as the recipe writes it."""
    found = found_of(recipe__loss_on=f'"{loss_on}"', repetitions=1)

    assert ("learnt", learnt) in facts(found.trials)
