"""Which test decides: chosen by the design, never by the values."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from raystudy.stats.anova import anova
from raystudy.stats.decision import Decision, decide, decided
from raystudy.stats.design import Design, Factor, Matrix, one_way
from raystudy.stats.trend import trend

PAIRED = "paired t test"
TREND = "own-error linear trend"


def made(n: int, k: int, *, seed: int = 3) -> Matrix:
    """Return noise."""
    return np.random.default_rng(seed).normal(size=(n, k))


def of(values: Matrix, levels: Sequence[object] | None = None) -> Decision:
    """Return the decision on a one-way design."""
    _, decision = decided(one_way(values, None if levels is None else [str(level) for level in levels]))
    return decision


def grouped(*, levels: Sequence[str]) -> Design:
    """Return six subjects in two groups."""
    data = one_way(made(6, len(levels)), levels)
    return replace(data, between=(Factor(name="group", levels=("A", "B")),), groups=np.array([0, 0, 0, 1, 1, 1]))


@pytest.mark.parametrize(
    ("levels", "test"),
    [
        (["adapter", "full"], PAIRED),
        ([128, 256], PAIRED),
        (["a", "b", "c"], "Greenhouse-Geisser"),
        ([128, 256, 512, 1024], "Chi-Muller"),
        (["a", "b", "c", "d", "e"], "Chi-Muller"),
        ([0, 1, 2, 4, "all"], "Chi-Muller"),
        ([1, 2, 3, 4, 5], TREND),
        ([0, 1_000, 2_000, "4e3", "8,000"], TREND),
    ],
)
def test_the_design_chooses(levels: Sequence[object], test: str) -> None:
    """Two levels have one contrast; five ordered numbers are a trajectory; others have F, corrected."""
    assert test == of(made(6, len(levels)), levels).test


@pytest.mark.parametrize("seed", range(5))
def test_the_values_do_not_choose(seed: int) -> None:
    """Spherical or not, rising or not: the same design has the same test, for the same reason."""
    walks = made(6, 21, seed=seed).cumsum(axis=1)

    assert {(of(made(6, 21), range(21)).test, of(made(6, 21), range(21)).reason)} == {
        (decision.test, decision.reason) for decision in (of(walks, range(21)), of(walks * 1e6, range(21)))
    }


def test_f_with_its_corrected_degrees_of_freedom() -> None:
    """What is reported is the p of the correction, and the degrees of freedom it was found with."""
    effect, found = decided(one_way(made(8, 4)))

    assert effect.test is not None
    corrected = effect.test.chi_muller
    assert ("F", effect.test.f, (corrected.df_effect, corrected.df_error), corrected.p, corrected.log10_p) == (
        found.statistic,
        found.value,
        found.df,
        found.p,
        found.log10_p,
    )


def test_a_paired_t_needs_no_correction() -> None:
    """Of two levels, F(1, n - 1) is the square of t, and p that of t."""
    from scipy.stats import ttest_rel

    values = made(8, 2)
    found, theirs = of(values), ttest_rel(values[:, 0], values[:, 1])

    assert ((7,), pytest.approx(-theirs.statistic), pytest.approx(theirs.pvalue)) == (
        found.df,
        found.value,
        found.p,
    )


def test_a_trajectory_is_decided_by_its_trend() -> None:
    """Its t, and n - 1 degrees of freedom; the omnibus test stands beside it."""
    data = one_way(made(6, 21), [str(place) for place in range(21)])
    effect, found = decided(data)
    line = trend(data).linear

    assert effect.test is not None
    assert ("t", line.t, (5,), line.p, "Chi-Muller", effect.test.chi_muller.p) == (
        found.statistic,
        found.value,
        found.df,
        found.p,
        found.omnibus,
        found.omnibus_p,
    )


def test_a_line_without_error_decides_nothing() -> None:
    """Where every subject has the same slope, the values do not choose another test: it stands beside, and is said."""
    bends = np.outer([1.0, -3.0, 4.0, 2.0, -1.0, 6.0], [2.0, -1.0, -2.0, -1.0, 2.0])

    found = of(bends + np.arange(5), range(5))

    assert (TREND, None, "Chi-Muller", True) == (found.test, found.p, found.omnibus, "zero error" in found.reason)


def test_what_is_tested_between_subjects() -> None:
    """Groups are independent, so their F needs no correction."""
    data = grouped(levels=["a", "b", "c"])
    effect = anova(data)[0]
    found = decide(data, effect)

    assert effect.test is not None
    assert ("F between subjects", (1.0, 4.0), effect.test.p) == (found.test, found.df, found.p)


def test_an_interaction_has_no_trend() -> None:
    """Five ordered levels in two groups: the main effect is a trajectory, the interaction has F."""
    data = grouped(levels=["1", "2", "3", "4", "5"])
    line = trend(data)
    found = {effect.name: decide(data, effect, line if effect.name == "level" else None).test for effect in anova(data)}

    assert {"group": "F between subjects", "level": TREND, "group:level": "Chi-Muller"} == found


def test_an_interaction_with_groups_is_no_paired_test() -> None:
    """Two levels in two groups: how their difference differs between the groups is not a paired t test."""
    data = grouped(levels=["a", "b"])
    effect = next(effect for effect in anova(data) if effect.name == "group:level")

    assert "F of one contrast" == decide(data, effect).test


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.empty((0, 3)), "there is no test: no subject has a value at every level"),
        (np.ones((4, 3)), "there is no test: constant: no subject differs between levels"),
        (np.ones((4, 1)), "there is no test: one level only"),
    ],
)
def test_no_test(values: Matrix, reason: str) -> None:
    """Where there is none, the decision says so and why, and holds no number."""
    assert Decision(effect="level", reason=reason) == of(values)
