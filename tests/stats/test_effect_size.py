"""Effect sizes: their three definitions, and intervals that agree with the test."""

import dataclasses
import math

import pytest

from raystudy.stats.effect_size import EffectSize, Sums, sizes
from raystudy.stats.probability import f_tail
from raystudy.stats.reason import Reason

DRUGS = Sums(
    ss_effect=698.2,
    df_effect=3,
    ss_error=112.8,
    df_error=12,
    ss_subject=680.8,
    df_subject=4,
    n=5,
    ss_errors_all=112.8,
)
"""Four drugs in five people: Winer, Statistical Principles in Experimental Design (1971), table 4.3-1."""

TRAJECTORY = Sums(
    ss_effect=41.32234978404821,
    df_effect=20,
    ss_error=0.009607645353222222,
    df_error=100,
    ss_subject=0.05819243270727778,
    df_subject=5,
    n=6,
    ss_errors_all=0.009607645353222222,
)
"""Six losses at 21 times, as simulated: F(20, 100) = 21,504.93."""


def bounds(size: EffectSize) -> tuple[float, float, float]:
    """Return low, value and high, which must exist."""
    assert size.low is not None
    assert size.value is not None
    assert size.high is not None
    return size.low, size.value, size.high


def of_f(f: float, *, df_effect: int = 2, df_error: int = 98) -> Sums:
    """Return sums of squares with this F and an error of 1 a degree of freedom."""
    return dataclasses.replace(
        DRUGS,
        ss_effect=f * df_effect,
        df_effect=df_effect,
        ss_error=df_error,
        df_error=df_error,
        ss_errors_all=df_error,
    )


def test_definitions() -> None:
    """698.2 over 811.0 and over 1,491.8; (698.2 - 3 x 9.4) over (1,491.8 + 680.8 / 4)."""
    found = sizes(DRUGS)

    assert pytest.approx((698.2 / 811.0, 698.2 / 1491.8, 670 / 1662)) == (
        found.pes.value,
        found.ges.value,
        found.omega2.value,
    )


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        (DRUGS, (0.622267051351726, 0.860912453760789, 0.927815644447851)),
        (TRAJECTORY, (0.999686798928046, 0.99976754922944, 0.999820580327243)),
    ],
)
def test_partial_eta_squared_as_r_has_it(sums: Sums, expected: tuple[float, ...]) -> None:
    """R's effectsize 0.8.3 takes its 95 % interval from the noncentrality of F as well."""
    assert pytest.approx(expected, abs=1e-6) == bounds(sizes(sums).pes)


@pytest.mark.parametrize("sums", [DRUGS, TRAJECTORY])
def test_what_subjects_vary_is_in_doubt_too(sums: Sums) -> None:
    """Generalised eta squared knows less than the partial one: the odds of its bounds lie further apart."""
    ratios = []
    for size in (sizes(sums).pes, sizes(sums).ges):
        assert size.low is not None
        assert size.high is not None
        ratios.append(size.high / (1 - size.high) / (size.low / (1 - size.low)))

    assert ratios[0] < ratios[1]


@pytest.mark.parametrize("name", ["pes", "ges", "omega2"])
def test_the_interval_holds_the_value(name: str) -> None:
    """Each definition's value lies in its own interval."""
    low, value, high = bounds(getattr(sizes(DRUGS), name))

    assert True is (0 < low < value < high < 1)


@pytest.mark.parametrize("f", [3.8, 3.85, 3.9, 3.95])
def test_the_interval_leaves_zero_out_where_p_is_small(f: float) -> None:
    """A lower bound above 0 and p < .025 are the same: F(2, 98) = 3.83."""
    low, _, _ = bounds(sizes(of_f(f)).pes)

    assert (f_tail(f, df_effect=2, df_error=98).p < 0.025) == (low > 0)


def test_other_factors_errors_count_in_the_generalised_one_alone() -> None:
    """A second factor's error makes ges smaller, and leaves pes and omega squared."""
    more = sizes(dataclasses.replace(DRUGS, ss_errors_all=212.8))

    assert (698.2 / (698.2 + 680.8 + 212.8), sizes(DRUGS).pes, sizes(DRUGS).omega2) == (
        more.ges.value,
        more.pes,
        more.omega2,
    )


def test_omega_squared_between_subjects() -> None:
    """Between subjects, theirs is the error, and counts once: (120 - 2 x 10) / (120 + 100 + 10)."""
    sums = Sums(
        ss_effect=120,
        df_effect=2,
        ss_error=100,
        df_error=10,
        ss_subject=100,
        df_subject=10,
        n=11,
        ss_errors_all=50,
        between=True,
    )

    assert pytest.approx(100 / 230) == sizes(sums).omega2.value


def test_an_effect_smaller_than_chance() -> None:
    """Omega squared keeps its sign, its interval stays where effects can be."""
    small = sizes(dataclasses.replace(DRUGS, ss_effect=1.0)).omega2

    assert (True, 0.0, 0.0) == (small.value is not None and small.value < 0, small.low, small.high)


@pytest.mark.parametrize("f", [0.3, 1.0, 50.0, 24_268.0, 1e6, 1e12])
def test_no_f_is_too_large_or_too_small(f: float) -> None:
    """The interval holds the value, from no effect to a metric with tokens in its denominator."""
    low, value, high = bounds(sizes(of_f(f)).pes)

    assert True is (0 <= low <= value <= high < 1)


def test_fewer_degrees_of_freedom_widen_the_interval() -> None:
    """Epsilon leaves the values, and widens what is not known of them."""
    low, value, high = bounds(sizes(DRUGS).pes)
    corrected = bounds(sizes(DRUGS, epsilon=0.6).pes)

    assert (value, True, True) == (corrected[1], corrected[0] < low, high < corrected[2])


def test_unit_does_not_matter() -> None:
    """Sums of squares in another unit give the same sizes."""
    fields = ("ss_effect", "ss_error", "ss_subject", "ss_errors_all")
    tiny = dataclasses.replace(DRUGS, **{name: math.ldexp(getattr(DRUGS, name), -80) for name in fields})

    assert sizes(DRUGS) == sizes(tiny)


def test_reasons() -> None:
    """No error leaves a value without an interval, no variance at all not even that."""
    exact = sizes(dataclasses.replace(DRUGS, ss_error=0.0, ss_errors_all=0.0)).pes
    constant = sizes(dataclasses.replace(DRUGS, ss_effect=0.0, ss_error=0.0, ss_subject=0.0, ss_errors_all=0.0)).pes

    assert (EffectSize(value=1.0, reason=Reason.ZERO_ERROR), EffectSize(reason=Reason.CONSTANT)) == (exact, constant)
