"""The answer of a study of composition: how to cut a budget, or that the data cannot tell; and what was learnt."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from raystudy.analysis import composition_samplers
from raystudy.analysis.composition_answer import answer, sentences
from raystudy.analysis.composition_contrasts import ACCURACY, LOGLIK, contrasts, measured
from raystudy.analysis.compositions import Compositions, compositions_of
from raystudy.analysis.trials import trials_of
from raystudy.analysis.words import number
from raystudy.stats.crossed import crossed_mean
from raystudy.study import Trial
from tests.analysis.composing import found_of
from tests.composed import answered, composed, composed_table
from tests.observations import table_of

SMALL = {"samplers": '["few_long", "many_short"]', "models": '["tiny-1m"]'}


def said(found: Compositions, start: str) -> str:
    """Return the one sentence that starts so."""
    (sentence,) = [each for paragraph in sentences(found) for each in paragraph if each.startswith(start)]
    return sentence


def test_it_names_the_best_cut() -> None:
    """With an effect on few_long, it is above both others, and each with its interval and p."""
    sentence = said(found_of(effect=1.0), "On stdlib-areas, at equal budgets, few_long is the best cut of a budget: ")

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
        found_of(), "On stdlib-areas, at equal budgets, the data cannot tell which cut of a budget is better"
    )

    assert (True, True) == (
        "the largest difference, " in sentence,
        sentence.endswith("points can go unseen."),
    )


def test_one_seed_is_said() -> None:
    """Intervals over examples alone say nothing of other seeds, however sure they look."""
    assert said(found_of(effect=1.0, repetitions=1), "All of this rests on one seed: another may turn it")


def test_a_log_likelihood_may_tell_what_accuracy_cannot() -> None:
    """With one model few answers turn, but every log-likelihood moves."""
    (first, second, *_), *_ = sentences(found_of(effect=1.0, models='["tiny-1m"]'))

    assert (True, True) == (
        "the data cannot tell" in first,
        second.startswith("By the log-likelihood of the right answer, a finer measure than accuracy: few_long"),
    )


def test_what_was_learnt() -> None:
    """The best of all configurations, beside what takes no training."""
    sentence = said(found_of(effect=1.0), "The most that was answered right on stdlib-areas is ")

    assert (True, True) == (
        "against 14.5 % (zero-shot), 20.0 % (always giving the commonest answer to train on), "
        "25.0 % (the best of all constant answers) and 14.3 % (chance)" in sentence,
        sentence.endswith(": 8 of 14 configurations are shown to be above all of these."),
    )


def test_nothing_learnt() -> None:
    """Answers that are no better after the training than before are not called learnt."""
    study = composed(fractions="[0.5]", **SMALL)
    before = pl.element().struct.with_fields(pl.field("correct").alias("correct_before"))
    same = composed_table(study).with_columns(
        pl.col("heldout_answers").list.eval(before), accuracy_majority=pl.lit(0.99), accuracy_constant=pl.lit(0.99)
    )
    sentence = said(compositions_of(trials_of(study, same)), "The most that was answered right")

    assert sentence.endswith(
        ": none of 2 configurations is shown to be above all of these (2 above chance), so nothing is shown to be "
        "learnt."
    )


def test_each_task_has_its_answer() -> None:
    """Two subjects are two questions."""
    subjects = {"recipe__corpus": '"mmlu"', "recipe__corpus_subject": '"law"'}
    found = found_of(effect=1.0, factors__corpus_subject='["law", "anatomy"]', **subjects, **SMALL)

    assert (True, True) == (
        said(found, "On law, ").startswith("On law, at equal budgets"),
        said(found, "On anatomy, ").startswith("On anatomy, at equal budgets"),
    )


def test_each_task_has_its_paragraph() -> None:
    """Two tasks and the volume are three paragraphs, each of whole sentences."""
    subjects = {"recipe__corpus": '"mmlu"', "recipe__corpus_subject": '"law"'}
    found = found_of(effect=1.0, factors__corpus_subject='["law", "anatomy"]', **subjects, **SMALL)
    told = answer(found)

    assert ["On law, at", "On anatomy", "Whether on"] == [paragraph[:10] for paragraph in told]
    assert " The most that was answered right on law is " in told[0]


def right(few: int, many: int, *, before: int = 0, items: int = 40, share: float = 0.2) -> Compositions:
    """Return a study of two samplers with so many right answers each, the same ones in every seed."""
    study = composed(fractions="[0.25, 0.5]", **SMALL)

    def changes(trial: Trial) -> dict[str, Any]:
        made = answered(trial, effect=0.0, slope=0.3, items=items)
        n = few if trial.recipe.sampler == "few_long" else many
        answers = tuple(
            replace(each, correct=place < n, correct_before=place < before)
            for place, each in enumerate(made["heldout_answers"])
        )
        shares = dict.fromkeys(("accuracy_majority", "accuracy_constant"), share)
        return made | {"heldout_answers": answers, **shares, "ran_sha256": trial.id}

    return compositions_of(trials_of(study, table_of(study, changes)))


def test_a_perfect_task_is_learnt() -> None:
    """All of 40 right after none was right have no spread, and are above zero-shot, a fifth and a seventh."""
    sentence = said(right(40, 40), "The most that was answered right")

    assert sentence.endswith(": 4 of 4 configurations are shown to be above all of these.")


def test_a_perfect_score_by_a_great_share_is_luck() -> None:
    """All of 40 are right by always giving an answer that is right in 99 % in two of three such tables."""
    sentence = said(right(40, 40, share=0.99), "The most that was answered right")

    assert sentence.endswith("(4 above zero-shot and 4 above chance), so nothing is shown to be learnt.")


def test_one_example_tells_nothing_of_learning() -> None:
    """What has no test is not called unlearnt."""
    sentence = said(right(1, 1, items=1), "The most that was answered right")

    assert sentence.endswith(": so few answers cannot tell whether anything was learnt.")


def test_learning_is_judged_as_the_best_of_all() -> None:
    """5 of 40 above zero-shot have a p of .023 by themselves, which is not enough as one of four."""
    alone = crossed_mean(np.array([[1.0] * 5 + [0.0] * 35]))
    sentence = said(right(5, 5, share=0.0), "The most that was answered right")

    assert alone.p is not None
    assert alone.p < 0.05 < 4 * alone.p
    assert sentence.endswith(
        ": none of 4 configurations is shown to be above all of these, so nothing is shown to be learnt."
    )


def test_samplers_that_answer_alike_are_said_to() -> None:
    """No difference at all is no largest difference."""
    assert said(right(20, 20), "On stdlib-areas all samplers answered alike, so the data cannot tell how to cut")


def test_all_against_none_is_a_difference() -> None:
    """Without a spread there is no interval, but the sign test of 40 examples is sure."""
    sentence = said(right(40, 0), "On stdlib-areas, at equal budgets, few_long is the best cut of a budget")

    assert "few_long 100 points of accuracy above many_short (constant: all values are equal; Holm: p = " in sentence


def test_the_largest_difference_is_told() -> None:
    """Of three pairs that are not shown to differ, the one furthest from zero."""
    sentence = said(found_of(), "On stdlib-areas, at equal budgets, the data cannot tell")
    largest = max(contrasts(found_of()), key=lambda each: abs(each.by_measure[ACCURACY].estimate or 0.0))

    assert f"the largest difference, {number(abs(largest.by_measure[ACCURACY].estimate or 0.0))} " in sentence.replace(
        f"{largest.a} ", ""
    ).replace(f"{largest.b} ", "")


def test_what_goes_unseen_is_half_an_interval_at_the_level_of_the_first_of_the_pairs() -> None:
    """Three pairs: 5 / 3 %, of the widest one, with the seeds and examples of that."""
    told = contrasts(found_of())
    weights = max(told, key=lambda each: each.blind or 0.0).weights
    half = measured(found_of(), weights, ACCURACY, alpha=0.05 / 3).half_width or 0.0
    sentence = said(found_of(), "On stdlib-areas, at equal budgets, the data cannot tell")

    assert sentence.endswith(
        f"with 3 seeds and 200 examples, differences of up to about {number(half, digits=2)} points can go unseen."
    )


def partly(**seeds: int) -> Compositions:
    """Return a study of three samplers, of which some were run with fewer seeds."""
    study = composed(models='["tiny-1m"]')
    whole = composed_table(study, effect=1.0)
    kept = [
        (pl.col("sampler") != name) | (pl.col("unique_fraction") == 1) | (pl.col("repetition") <= n)
        for name, n in seeds.items()
    ]
    return compositions_of(trials_of(study, whole.filter(*kept)))


def test_pairs_of_one_seed_have_no_p_beside_others() -> None:
    """One sampler was run with one seed of three: its pairs are named, and two are not in Holm's family."""
    found = partly(balanced=1)
    (pair, *others) = contrasts(found)

    assert pair.by_measure[LOGLIK].p == pair.p_holm[LOGLIK]
    assert [(1, None, None)] * 2 == [(each.seeds, each.by_measure[LOGLIK].p, each.p_holm[LOGLIK]) for each in others]
    assert said(found, "Of few_long − balanced and many_short − balanced there is one seed only")
    assert "rests on one seed" not in " ".join(answer(found))


def test_a_pair_without_a_test_counts_among_the_pairs() -> None:
    """Two samplers that answer alike have no p, but are one of three pairs: the others' p are tripled."""
    study = composed(models='["tiny-1m"]', fractions="[0.5]")

    def changes(trial: Trial) -> dict[str, Any]:
        alike = replace(trial, recipe=trial.recipe.model_copy(update={"sampler": "many_short"}))
        return answered(trial if trial.recipe.sampler == "few_long" else alike, effect=1.0, slope=0.3, items=200) | {
            "ran_sha256": trial.id
        }

    told = contrasts(compositions_of(trials_of(study, table_of(study, changes))))
    p = [each.by_measure[LOGLIK].p for each in told]

    assert (None, 3 * (p[0] or 0.0)) == (p[2], told[0].p_holm[LOGLIK])


def test_a_least_p_is_told_as_a_bound() -> None:
    """No table is normal enough for a p of 1e-13, so none is told as a number."""
    found = found_of(effect=1.0, repetitions=1)
    table, _ = composition_samplers.tables(found)

    assert "Holm: p < 1e-12" in said(found, "By the log-likelihood of the right answer")
    assert 1e-12 == table.frame["p"].min()
    assert "A p of 1e-12 stands for any below it." in table.note
