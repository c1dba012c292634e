"""Effect sizes: their three definitions, and intervals as R's effectsize gives them."""

import dataclasses
import math

import pytest

from raystudy.stats.effect_size import EffectSize, Sums, effect_size, omega_squared, sizes
from raystudy.stats.reason import Reason

DRUGS = Sums(
    ss_effect=698.2,
    df_effect=3,
    ss_error=112.8,
    df_error=12,
    ss_subject=680.8,
    df_subject=4,
    ss_errors_all=112.8,
)
"""Four drugs in five people: Winer, Statistical Principles in Experimental Design (1971), table 4.3-1."""


def bounds(size: EffectSize) -> tuple[float | None, ...]:
    """Return a value and its interval."""
    return size.value, size.low, size.high


def share_of(f: float, *, df_effect: float, df_error: float) -> float:
    """Return the partial eta squared of an F."""
    return f * df_effect / (f * df_effect + df_error)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pes", (0.860912453760789, 0.622267051351726, 0.927815644447851)),
        ("ges", (0.468025204450999, 0.0, 0.702677880478489)),
        ("omega2", (0.403128760529482, 0.0, 0.658695165460019)),
    ],
)
def test_winer(name: str, expected: tuple[float, ...]) -> None:
    """Winer's drugs, by R's afex 1.2.1 and effectsize 0.8.3."""
    assert pytest.approx(expected, abs=1e-6) == bounds(getattr(sizes(DRUGS), name))


def test_other_factors_errors_count_in_the_generalised_one_alone() -> None:
    """A second factor's error makes ges smaller, and leaves pes and omega squared."""
    more = sizes(dataclasses.replace(DRUGS, ss_errors_all=212.8))

    assert (698.2 / (698.2 + 680.8 + 212.8), sizes(DRUGS).pes, sizes(DRUGS).omega2) == (
        more.ges.value,
        more.pes,
        more.omega2,
    )


def test_omega_squared_between_subjects() -> None:
    """Between subjects, theirs is the error, and counts once: 2 (60 - 10) / (120 + 100 + 10)."""
    sums = Sums(
        ss_effect=120,
        df_effect=2,
        ss_error=100,
        df_error=10,
        ss_subject=100,
        df_subject=10,
        ss_errors_all=50,
        between=True,
    )

    assert pytest.approx(100 / 230) == omega_squared(sums)


def test_an_effect_smaller_than_chance() -> None:
    """Omega squared keeps its sign, its interval stays where effects can be."""
    small = sizes(dataclasses.replace(DRUGS, ss_effect=1.0)).omega2

    assert (True, 0.0, 0.0) == (small.value is not None and small.value < 0, small.low, small.high)


@pytest.mark.parametrize("f", [0.0, 0.3, 1.0, 50.0, 24_268.0, 1e6, 1e12])
def test_no_f_is_too_large_or_too_small(f: float) -> None:
    """The interval holds the value, from no effect to a metric with tokens in its denominator."""
    size = effect_size(share_of(f, df_effect=2, df_error=98), df_effect=2, df_error=98)

    assert size.value is not None
    assert size.low is not None
    assert size.high is not None
    assert True is (0 <= size.low <= size.value <= size.high < 1 or f == 0.0 == size.high)


def test_trajectory() -> None:
    """F(20, 100) = 21,504, as of six losses at 21 times: R's effectsize gives .999687 to .999821."""
    size = effect_size(0.99976754922944, df_effect=20, df_error=100)

    assert pytest.approx((0.999686798928046, 0.999820580327243), abs=1e-9) == (size.low, size.high)


def test_fewer_degrees_of_freedom_widen_the_interval() -> None:
    """Epsilon leaves the values, and widens what is not known of them."""
    round_, corrected = sizes(DRUGS).pes, sizes(DRUGS, epsilon=0.6).pes

    assert round_.low is not None
    assert corrected.low is not None
    assert (round_.value, True) == (corrected.value, corrected.low < round_.low)


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
