"""Tails: right where p is ordinary, and where it is too small to be a float."""

import math

import pytest

from raystudy.stats.probability import chi2_tail, f_tail, t_quantile, t_tail


@pytest.mark.parametrize("f", [0.5, 3.0, 40.0, 1e4, 1e12])
def test_f_of_two_degrees_has_a_closed_form(f: float) -> None:
    """With two degrees of freedom above, P(F > f) = (1 + 2 f / m) ** (-m / 2), also where that is 1e-500."""
    exact = -98 / 2 * math.log10(1 + 2 * f / 98)

    assert pytest.approx(exact, rel=1e-12) == f_tail(f, df_effect=2, df_error=98).log10_p


def test_p_that_no_float_holds() -> None:
    """Below 1e-308 p is 0 and its logarithm is not."""
    tail = f_tail(1e12, df_effect=2, df_error=98)

    assert (0.0, pytest.approx(-505.180, abs=0.001)) == (tail.p, tail.log10_p)


def test_the_two_ways_meet() -> None:
    """The series used for tiny p joins what the incomplete beta function gives above it."""
    edge = [f_tail(f, df_effect=4.5, df_error=200.5).log10_p for f in (2840.0, 2845.0, 2850.0)]

    assert pytest.approx(0.0, abs=1e-3) == edge[0] - 2 * edge[1] + edge[2]


def test_t_of_one_degree_is_cauchy() -> None:
    """With one degree of freedom P(|T| > t) = 1 - 2 atan(t) / pi."""
    assert pytest.approx(1 - 2 * math.atan(3.0) / math.pi) == t_tail(-3.0, df=1).p


def test_t_quantile() -> None:
    """The table of every textbook: 2.776 for four degrees of freedom."""
    assert pytest.approx(2.7764451) == t_quantile(4)


def test_chi_squared_of_two_degrees() -> None:
    """With two degrees of freedom the tail is exp(-x / 2)."""
    assert pytest.approx(math.exp(-1.5)) == chi2_tail(3.0, df=2).p
