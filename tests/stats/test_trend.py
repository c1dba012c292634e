"""Trends: textbook numbers, R's polynomials at uneven spacing, and reasons where there is none."""

from collections.abc import Sequence

import numpy as np
import pytest

from raystudy.stats.design import Design, Matrix, one_way
from raystudy.stats.reason import Reason
from raystudy.stats.trend import Polynomial, trend

AGES = ["30", "36", "42", "48"]
IQ = np.array(
    [
        [108, 96, 110, 122],
        [103, 117, 127, 133],
        [96, 107, 106, 107],
        [84, 85, 92, 99],
        [118, 125, 125, 116],
        [110, 107, 96, 91],
        [129, 128, 123, 128],
        [90, 84, 101, 113],
        [84, 104, 100, 88],
        [96, 100, 103, 105],
        [105, 114, 105, 112],
        [113, 117, 132, 130],
    ],
    dtype=np.float64,
)
"""Twelve children at four ages in months: Maxwell & Delaney, Designing Experiments and Analyzing Data (2004), 15.1."""


def by_age(values: Matrix = IQ, levels: Sequence[str] = AGES) -> Design:
    """Return the children's design, or one like it."""
    return one_way(values, levels)


def numbers(polynomial: Polynomial) -> tuple[float | None, ...]:
    """Return what a trend is, and its test."""
    return polynomial.estimate, polynomial.se, polynomial.t, polynomial.p


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", (6.70820393249937, 2.99292094074931, 2.24135687687757, 0.0465903718381721)),
        ("quadratic", (-1.0, 2.13910204893492, -0.467485878244055, 0.649276792369976)),
        ("log_linear", (6.76144712260208, 2.94105024789348, 2.29899068451651, 0.0421066250358801)),
        ("log_quadratic", (-0.524653504851521, 2.27016750117852, -0.231107838773639, 0.821473444379336)),
    ],
)
def test_maxwell_and_delaney(name: str, expected: tuple[float, ...]) -> None:
    """The children's trends with R's contr.poly, over months and over their logarithms, in t(11)."""
    assert pytest.approx(expected, rel=1e-10) == numbers(getattr(trend(by_age()), name))


def test_slope() -> None:
    """IQ rises by half a point a month, with an interval of 2.201 standard errors of .2231 on both sides."""
    line = trend(by_age()).linear

    assert pytest.approx((0.5, 0.5 - 2.20098516 * 0.223079155826603, 0.5 + 2.20098516 * 0.223079155826603)) == (
        line.slope,
        line.ci_low,
        line.ci_high,
    )


def test_slope_over_logarithms() -> None:
    """What rises by 3 at each doubling rises by 3 / ln 2 at each e-fold."""
    noise = np.array([[0.1, 0.0, -0.1], [-0.1, 0.0, 0.1]])
    doubling = one_way(np.array([0.0, 3.0, 6.0]) + noise, ["128", "256", "512"])

    assert pytest.approx(3 / np.log(2)) == trend(doubling).log_linear.slope


def test_levels_of_a_thousand_million() -> None:
    """A line over 1e9 tokens and more is the line over 1, 2, 5 thousand million; so is the bend."""
    levels = ["1", "2", "5", "7"]
    near, far = (trend(by_age(levels=[level + zeros for level in levels])) for zeros in ("", "000000000"))

    assert [pytest.approx(numbers(each), rel=1e-12) for each in (near.linear, near.quadratic, near.log_quadratic)] == [
        numbers(each) for each in (far.linear, far.quadratic, far.log_quadratic)
    ]


def test_levels_close_to_each_other_far_from_zero() -> None:
    """Seconds since 1970 lie as evenly as 0, 6, 12, 18."""
    far = trend(by_age(levels=[str(1_700_000_000 + int(age)) for age in AGES]))

    assert pytest.approx(numbers(trend(by_age()).linear), rel=1e-12) == numbers(far.linear)


def test_logarithms_of_levels_far_from_zero() -> None:
    """There a logarithm is as good as a line, to the last digits of the levels."""
    far = trend(by_age(levels=[str(1_700_000_000 + int(age)) for age in AGES]))

    assert pytest.approx(numbers(far.linear), rel=1e-7) == numbers(far.log_linear)


def test_subjects_far_apart() -> None:
    """Subjects 1e8 apart have the same trends."""
    far = trend(by_age(IQ + 1e8 * np.arange(12)[:, None]))

    assert pytest.approx(numbers(trend(by_age()).quadratic), rel=1e-8) == numbers(far.quadratic)


def test_tiny_unit() -> None:
    """In a unit of 1e12, estimates shrink and t stays."""
    line, tiny = trend(by_age()).linear, trend(by_age(IQ * 1e-12)).linear

    assert line.slope is not None
    assert pytest.approx((line.t, line.slope * 1e-12)) == (tiny.t, tiny.slope)


@pytest.mark.parametrize(
    ("levels", "reasons"),
    [
        (["30", "36", "42", "48"], (None, None, None, None)),
        (["0", "1", "2", "3"], (None, None, Reason.NOT_POSITIVE, Reason.NOT_POSITIVE)),
        (["a", "1", "2", "3"], (Reason.NOT_NUMERIC,) * 4),
        (["1", "2", "1.0", "2.0"], (None, Reason.FEW_LEVELS) * 2),
        (["1", "1.0", "1.00", "1.000"], (Reason.ONE_LEVEL,) * 4),
    ],
)
def test_levels_without_a_trend(levels: Sequence[str], reasons: tuple[Reason | None, ...]) -> None:
    """There is no line through names, no logarithm of zero, and no bend between two places."""
    found = trend(by_age(levels=levels))

    assert reasons == tuple(
        each.reason for each in (found.linear, found.quadratic, found.log_linear, found.log_quadratic)
    )


@pytest.mark.parametrize(
    ("values", "slope", "reason"),
    [
        (np.empty((0, 3)), None, Reason.NO_SUBJECT),
        (np.array([[1.0, 2.0, 4.0]]), None, Reason.FEW_SUBJECTS),
        (np.ones((3, 3)), 0.0, Reason.CONSTANT),
        (np.array([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]]), 1.0, Reason.ZERO_ERROR),
        (np.empty((4, 1)), None, Reason.ONE_LEVEL),
    ],
)
def test_values_without_a_test(values: Matrix, slope: float | None, reason: Reason) -> None:
    """What cannot be tested says why, and keeps the slope where there is one."""
    line = trend(one_way(values)).linear

    assert (None, pytest.approx(slope) if slope else slope, reason) == (line.t, line.slope, line.reason)


def test_two_levels_have_a_line_and_no_bend() -> None:
    """Between two levels the line is the paired difference."""
    found = trend(one_way(IQ[:, :2], ["30", "36"]))

    assert (pytest.approx(4 / 6), Reason.FEW_LEVELS) == (found.linear.slope, found.quadratic.reason)
