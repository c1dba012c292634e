"""Tails: right where p is ordinary, and where it is too small to be a float."""

import math

import numpy as np
import pytest

from raystudy.stats.probability import Tail, chi2_tail, f_tail, t_quantile, t_tail, t_tails


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


def test_f_of_a_million() -> None:
    """F(2, 98) = 1,000,000 has log10 p = -49 log10(1 + 2,000,000 / 98) = -211.1814."""
    tail = f_tail(1e6, df_effect=2, df_error=98)

    assert (pytest.approx(-211.181434794), pytest.approx(10**-211.181434794, rel=1e-8, abs=0)) == (tail.log10_p, tail.p)


def test_no_effect() -> None:
    """An F or t of zero is what anything reaches."""
    assert Tail(p=1.0, log10_p=0.0) == f_tail(0.0, df_effect=3, df_error=12) == t_tail(0.0, df=5)


def test_degrees_of_freedom_need_not_be_whole() -> None:
    """A corrected F has any: between those of its neighbours, p falls with them."""
    p = [f_tail(6.0, df_effect=2 * epsilon, df_error=10 * epsilon).p for epsilon in (1.0, 0.742522, 0.5)]

    assert sorted(p) == p


def test_many_t_are_as_each() -> None:
    """What is worked out for all at once is what each has by itself, its sign aside."""
    t = np.array([-40.0, 0.0, 0.7, 1e12])

    assert tuple(t_tail(float(each), df=49) for each in t) == t_tails(t, df=49)


def test_no_t() -> None:
    """Of none there is none."""
    assert () == t_tails(np.empty(0), df=4)


@pytest.mark.parametrize("chi2", [3.0, 1300.0, 1340.0, 1e5])
def test_chi_squared_as_far_as_you_like(chi2: float) -> None:
    """With two degrees of freedom log10 p is -x / 2 / ln 10, also where p is no float."""
    assert pytest.approx(-chi2 / 2 / math.log(10), rel=1e-12) == chi2_tail(chi2, df=2).log10_p


def test_chi_squared_of_four_degrees() -> None:
    """With four degrees of freedom the tail is (1 + x / 2) exp(-x / 2), also where that is 1e-4000."""
    exact = math.log10(1 + 1e4) - 1e4 / math.log(10)

    assert pytest.approx(exact, rel=1e-12) == chi2_tail(2e4, df=4).log10_p


def test_chi_squared_of_one_degree_is_normal() -> None:
    """3.841 is what 5 % reach."""
    assert pytest.approx(0.05, abs=1e-5) == chi2_tail(3.841459, df=1).p


def test_chi_squared_of_zero() -> None:
    """Nothing is more likely than anything."""
    assert Tail(p=1.0, log10_p=0.0) == chi2_tail(0.0, df=3)
