"""The answer of a study of composition: how to cut a budget, or that the data cannot tell; and what was learnt."""

from typing import Any

import polars as pl

from raystudy.analysis.composition_answer import answer
from raystudy.analysis.compositions import Compositions, compositions_of
from raystudy.analysis.trials import trials_of
from raystudy.study import Trial
from tests.analysis.composing import found_of
from tests.composed import answered, composed, composed_table
from tests.observations import table_of

SMALL = {"samplers": '["few_long", "many_short"]', "models": '["tiny-1m"]'}


def said(found: Compositions, start: str) -> str:
    """Return the one sentence that starts so."""
    (sentence,) = [sentence for sentence in answer(found) if sentence.startswith(start)]
    return sentence


def test_it_names_the_best_cut() -> None:
    """With an effect on few_long, it is above both others, and each with its interval and p."""
    sentence = said(found_of(effect=1.0), "On stdlib-areas, at equal tokens, few_long is the best cut of a budget: ")

    assert (2, 2) == (sentence.count("points of accuracy above"), sentence.count("; Holm: p = "))


def test_a_best_cut_is_looked_at_at_equal_cost() -> None:
    """Against the next best one, with an interval at each cost."""
    sentence = said(found_of(effect=1.0), "That few_long is above many_short, the next best, holds at ")

    assert ["equal tokens really used (", "equal FLOPs (", "equal joules ("] == [
        cost
        for cost in ("equal tokens really used (", "equal FLOPs (", "equal joules (", "not shown at")
        if cost in sentence
    ]


def test_a_difference_that_is_lost_at_equal_cost() -> None:
    """What costs ten times the joules reaches another range of them, so nothing is shown there."""
    study = composed()
    dear = {"few_long": 10.0}

    def costly(trial: Trial) -> dict[str, Any]:
        told = answered(trial, effect=1.0, slope=0.3, items=200)
        return told | {"energy_j": told["energy_j"] * dear.get(trial.recipe.sampler, 1.0)}

    sentence = said(compositions_of(trials_of(study, table_of(study, costly))), "That few_long is above")

    assert ", but is not shown at equal joules (no overlap: the dearest budget of one is cheaper" in sentence


def test_one_budget_cannot_be_read_at_equal_cost() -> None:
    """The reason is said once for all costs."""
    sentence = said(
        found_of(effect=1.5, fractions="[0.5]", repetitions=5, **SMALL), "That few_long is above many_short"
    )

    assert sentence.endswith(
        "many_short cannot be told at equal cost (fewer than two budgets at which the samplers differ)."
    )


def test_it_says_that_the_data_cannot_tell() -> None:
    """Without an effect: the largest difference, and how small a one would go unseen."""
    sentence = said(
        found_of(), "On stdlib-areas, at equal tokens, the data cannot tell which cut of a budget is better"
    )

    assert (True, True) == (
        "the largest difference, " in sentence,
        sentence.endswith("points can go unseen."),
    )


def test_one_seed_is_said() -> None:
    """Intervals over examples alone say nothing of other seeds, however sure they look."""
    assert said(found_of(effect=1.0, repetitions=1), "All of this is of the one seed that was run")


def test_a_log_likelihood_may_tell_what_accuracy_cannot() -> None:
    """With one model few answers turn, but every log-likelihood moves."""
    first, second, *_ = answer(found_of(effect=1.0, models='["tiny-1m"]'))

    assert (True, True) == (
        "the data cannot tell" in first,
        second.startswith("By the log-likelihood of the right answer, a finer measure than accuracy: few_long"),
    )


def test_what_was_learnt() -> None:
    """The best of all configurations, beside what takes no training."""
    sentence = said(found_of(effect=1.0), "The most that was answered right on stdlib-areas is ")

    assert (True, True) == (
        "against 14.5 % (zero-shot) and 20.0 % (always giving the commonest answer)" in sentence,
        sentence.endswith(
            "even as the best of 14 configurations, it is shown to be above zero-shot and always giving the "
            "commonest answer."
        ),
    )


def test_nothing_learnt() -> None:
    """Answers that are no better after the training than before are not called learnt."""
    study = composed(fractions="[0.5]", **SMALL)
    before = pl.element().struct.with_fields(pl.field("correct").alias("correct_before"))
    same = composed_table(study).with_columns(
        pl.col("heldout_answers").list.eval(before), accuracy_majority=pl.lit(0.99)
    )
    sentence = said(compositions_of(trials_of(study, same)), "The most that was answered right")

    assert sentence.endswith(
        "it is not shown to be above zero-shot or always giving the commonest answer, so nothing is shown to have been "
        "learnt."
    )


def test_each_task_has_its_answer() -> None:
    """Two subjects are two questions."""
    subjects = {"recipe__corpus": '"mmlu"', "recipe__corpus_subject": '"law"'}
    found = found_of(effect=1.0, factors__corpus_subject='["law", "anatomy"]', **subjects, **SMALL)

    assert (True, True) == (
        said(found, "On law, ").startswith("On law, at equal tokens"),
        said(found, "On anatomy, ").startswith("On anatomy, at equal tokens"),
    )
