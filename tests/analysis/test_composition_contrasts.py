"""What the sampler changes: at equal tokens, and at equal cost."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from raystudy.analysis import composition_matched, composition_samplers
from raystudy.analysis.composition_contrasts import ACCURACY, LOGLIK, contrasts, sampler_pairs
from raystudy.analysis.composition_matched import FLOPS, JOULES, TOKENS, _difference, matched
from raystudy.analysis.compositions import Cell, compositions_of
from raystudy.analysis.inference import REASON
from raystudy.analysis.trials import trials_of
from raystudy.study import Trial
from tests.analysis.composing import found_of
from tests.composed import answered, composed
from tests.observations import estimated, table_of


def test_the_natural_sampler_comes_second() -> None:
    """Every other one is compared with it, wherever it is written."""
    found = found_of(samplers='["stratified", "few_long", "balanced"]', repetitions=1)

    assert (("few_long", "balanced"), ("few_long", "stratified"), ("balanced", "stratified")) == sampler_pairs(found)


def test_a_difference_is_that_of_the_accuracies() -> None:
    """Of balanced data it is the difference of the mean accuracies, without the budget that takes everything."""
    found = found_of(effect=1.0)
    (first, *_) = contrasts(found)
    means = dict(found.rows.group_by("sampler").agg(pl.col("accuracy").mean()).iter_rows())

    assert ("few_long − many_short", 4, pytest.approx(100 * (means["few_long"] - means["many_short"]))) == (
        first.pair,
        len(first.twins),
        first.by_measure[ACCURACY].estimate,
    )


def test_an_effect_is_found() -> None:
    """One on the logit of few_long is seen against both others, and none between these."""
    told = {each.pair: each.p_holm[ACCURACY] for each in contrasts(found_of(effect=1.0))}

    assert {"few_long − many_short": True, "few_long − balanced": True, "many_short − balanced": False} == {
        pair: p is not None and p < 0.05 for pair, p in told.items()
    }


def test_without_an_effect_none_is_found() -> None:
    """No pair of samplers differs by more than chance makes."""
    found = contrasts(found_of())

    assert [False] * 6 == [(each.p_holm[measure] or 1) < 0.05 for each in found for measure in (ACCURACY, LOGLIK)]


def test_holm_is_over_the_pairs_of_a_task() -> None:
    """The least of three p is three times as large, the next twice."""
    told = contrasts(found_of(effect=1.0))
    p = sorted(each.by_measure[LOGLIK].p or 1.0 for each in told)

    assert pytest.approx([3 * p[0], max(3 * p[0], 2 * p[1])]) == sorted(each.p_holm[LOGLIK] for each in told)[:2]


def test_models_that_were_asked_fewer_examples_are_compared_on_those() -> None:
    """Another tokenizer may leave examples out: a pair is compared on what all were asked."""
    study = composed()
    whole = table_of(
        study,
        lambda trial: answered(trial, effect=0, slope=0.3, items=150 if trial.recipe.model == "tiny-1m" else 200),
    )
    (first, *_) = contrasts(compositions_of(trials_of(study, whole)))

    assert 150 == first.by_measure[ACCURACY].examples


def test_the_table_says_when_tokens_are_not_equal() -> None:
    """The ratio of tokens really used is shown, and said where it is off by more than 2 %."""
    study = composed()

    def short(trial: Trial) -> dict[str, Any]:
        told = answered(trial, effect=0, slope=0.3, items=50)
        return told | {"sample_tokens": int(told["sample_tokens"] * (0.9 if trial.recipe.sampler == "few_long" else 1))}

    table, _ = composition_samplers.tables(compositions_of(trials_of(study, table_of(study, short))))

    assert (pytest.approx(0.9), True) == (table.frame["tokens, ratio"][0], "few_long to many_short 0.900" in table.note)


def test_each_budget_has_its_row() -> None:
    """3 pairs x 2 models x 2 budgets, none where samplers are one."""
    _, each = composition_samplers.tables(found_of())

    assert (12, {"25 %", "50 %"}) == (each.frame.height, set(each.frame["budget"]))


def test_at_equal_cost_a_line_is_read_between_budgets() -> None:
    """Samplers on the same line over log tokens, at other tokens each, do not differ at equal tokens."""
    study = composed('["few_long", "many_short"]', fractions="[0.2, 0.4, 0.8]")

    def on_a_line(trial: Trial) -> dict[str, Any]:
        told = answered(trial, effect=0, slope=0.3, items=40)
        tokens = int(1e5 * (trial.recipe.unique_fraction or 1.0) * (1.5 if trial.recipe.sampler == "few_long" else 1.0))
        answers = tuple(
            type(each)(
                example=each.example,
                correct=each.correct,
                loglik=type(each.loglik)(np.log(tokens) + 0.01 * place + trial.seed),
                correct_before=False,
                loglik_before=each.loglik_before,
            )
            for place, each in enumerate(told["heldout_answers"])
        )
        return told | {"sample_tokens": tokens, "heldout_answers": answers}

    found = compositions_of(trials_of(study, table_of(study, on_a_line)))
    at_tokens = next(each for each in matched(found) if each.by == TOKENS)
    (nominal,) = contrasts(found)

    assert (pytest.approx(np.log(1.5), abs=1e-5), pytest.approx(0, abs=1e-5)) == (
        nominal.by_measure[LOGLIK].estimate,
        at_tokens.by_measure[LOGLIK].estimate,
    )


@pytest.mark.parametrize(
    ("fractions", "dearer", "reason"),
    [
        ("[0.5, 1.0]", 1.0, "fewer than two budgets at which the samplers differ"),
        ("[0.2, 0.3]", 3.0, "no overlap: the dearest budget of one is cheaper than the cheapest of the other"),
        ("[0.2, 0.3]", None, "not known at every budget"),
    ],
)
def test_says_why_there_is_nothing_at_equal_cost(fractions: str, dearer: float | None, reason: str) -> None:
    """Two budgets each, costs that are known, and a range that both reach are needed."""
    study = composed('["few_long", "many_short"]', fractions=fractions)

    def costly(trial: Trial) -> dict[str, Any]:
        told = answered(trial, effect=0, slope=0.3, items=20)
        times = dearer if trial.recipe.sampler == "few_long" else 1.0
        return told | {"energy_j": None if times is None else times * told["energy_j"]}

    found = matched(compositions_of(trials_of(study, table_of(study, costly))))

    assert (0, reason) == next((each.arms, each.reason) for each in found if each.by == JOULES)


def test_estimated_joules_are_called_so() -> None:
    """The table marks what rests on a nameplate."""
    study = composed()
    whole = table_of(study, lambda trial: answered(trial, effect=0, slope=0.3, items=20) | estimated(trial))
    (table,) = composition_matched.tables(compositions_of(trials_of(study, whole)))

    assert {TOKENS, FLOPS, "joules (estimate)"} == set(table.frame["matched by"])


def test_a_row_without_a_difference_says_why() -> None:
    """What joules cannot tell stays null beside its reason."""
    study = composed()
    whole = table_of(study, lambda trial: answered(trial, effect=0, slope=0.3, items=20) | {"energy_j": None})
    (table,) = composition_matched.tables(compositions_of(trials_of(study, whole)))
    row = table.frame.filter(pl.col("matched by") == JOULES).row(0, named=True)

    assert (None, "not known at every budget") == (row["difference"], row[REASON])


def test_at_equal_cost_by_hand() -> None:
    """
    Differences of lines at five points of log FLOPs that lie evenly, the mean of these and of two models.

    many_short pads less, so its line is left of few_long's: 8.786 points was reckoned with numpy's interp.
    """
    told = next(each for each in matched(found_of(effect=0.6)) if (each.by, each.b) == (FLOPS, "many_short"))

    assert (pytest.approx(8.786, abs=5e-4), 2) == (told.by_measure[ACCURACY].estimate, told.arms)


def test_points_lie_evenly_on_the_logarithm() -> None:
    """A first line of 1 between 1 and 100 and at 10,000 rises to 0 by there: 1, 1, 1, .5, 0 at the five points."""
    low, middle, high = (Cell(task="t", arm="a", sampler="s", budget=name) for name in ("low", "middle", "high"))
    first = [(1.0, low), (100.0, middle), (10_000.0, high)]
    weights = dict.fromkeys((low, middle, high), 0.0)
    for weight, cell in _difference(first, [(1.0, low), (10_000.0, low)]):
        weights[cell] += weight

    assert pytest.approx([0.3 - 1.0, 0.4, 0.3]) == list(weights.values())
