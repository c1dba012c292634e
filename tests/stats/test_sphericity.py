"""Sphericity: spectra that can be worked out by hand, Winer's drugs, and when the test does not exist."""

import numpy as np
import pytest

from raystudy.stats.anova import anova
from raystudy.stats.design import Matrix, one_way
from raystudy.stats.reason import Reason
from raystudy.stats.sphericity import epsilons, mauchly, spectrum
from tests.stats.textbook import WINER


def winer() -> Matrix:
    """Return the spectrum of the three contrasts among Winer's four drugs, out of the residuals of the drugs."""
    residuals = WINER - WINER.mean(axis=0) - WINER.mean(axis=1, keepdims=True) + WINER.mean()
    return spectrum(residuals)[:3]


def test_spectrum() -> None:
    """It holds the eigenvalues of the sums of squares and products, greatest first."""
    residuals = np.array([[1.0, -1.0], [1.0, 1.0], [-2.0, 0.0]])

    assert pytest.approx([6.0, 2.0]) == spectrum(residuals).tolist()


def test_spectrum_of_few_subjects() -> None:
    """There are as many eigenvalues as contrasts, also where fewer subjects leave some of them zero."""
    assert pytest.approx([25.0, 0.0, 0.0]) == spectrum(np.array([[3.0, 0.0, 4.0]])).tolist()


def test_equal_variances_need_no_correction() -> None:
    """A spectrum of equal values has all epsilons 1 but that which assumes the worst."""
    found = epsilons(np.ones(4), df=30)

    assert (1.0, 1.0, 0.25) == (found.greenhouse_geisser, found.huynh_feldt, found.lower_bound)


def test_epsilons_by_hand() -> None:
    """Of variances 4 and 1 with 9 of freedom: 25/34; (10 x 25/17 - 2) / (2 (9 - 25/17)); that by 42 x 40 / 44²."""
    found = epsilons(np.array([4.0, 1.0]), df=9)
    hf = (250 / 17 - 2) / (18 - 50 / 17)

    assert pytest.approx((25 / 34, hf, hf * 42 * 40 / 44**2)) == (
        found.greenhouse_geisser,
        found.huynh_feldt,
        found.chi_muller,
    )


def test_one_direction_is_the_lower_bound() -> None:
    """Where all subjects differ along one line, every epsilon is the least there is: 1 / (k - 1)."""
    found = epsilons(np.array([1.0, 0.0, 0.0, 0.0]), df=9)

    assert pytest.approx([0.25] * 4) == [
        found.greenhouse_geisser,
        found.huynh_feldt,
        found.chi_muller,
        found.lower_bound,
    ]


def test_huynh_feldt_never_above_one() -> None:
    """Winer's raw Huynh-Feldt epsilon is 1.079; as a correction it is 1."""
    assert 1.0 == epsilons(winer(), df=4).huynh_feldt


@pytest.mark.parametrize("df", [1, 2, 3, 5])
def test_epsilons_of_few_subjects(df: int) -> None:
    """Few degrees of freedom leave every epsilon finite and between its bounds, with a ceiling for the first."""
    residuals = np.random.default_rng(df).normal(size=(df + 1, 20))
    found = epsilons(spectrum(residuals - residuals.mean(axis=0)), df=df)

    assert True is (0.05 <= found.greenhouse_geisser <= df / 20 + 1e-12)
    assert True is all(0.05 <= each <= 1 for each in (found.huynh_feldt, found.chi_muller))


def test_one_contrast_is_spherical() -> None:
    """Two levels need no correction, and no test of whether they do."""
    found = epsilons(np.array([3.0]), df=1)

    assert (1.0, 1.0, 1.0, 1.0) == (
        found.greenhouse_geisser,
        found.huynh_feldt,
        found.chi_muller,
        found.lower_bound,
    )
    assert Reason.ONE_CONTRAST == mauchly(np.array([3.0]), df=1).reason


def test_mauchly_by_hand() -> None:
    """Of variances 4 and 1: W = 4 / 2.5² = .64; with 9 of freedom chi2 = -8 ln W, so p of 2 of freedom is W⁴."""
    found = mauchly(np.array([4.0, 1.0]), df=9)

    assert (pytest.approx(0.64), pytest.approx(-8 * np.log(0.64)), 2, pytest.approx(0.64**4)) == (
        found.w,
        found.chi2,
        found.df,
        found.p,
    )


def test_mauchly_of_winer() -> None:
    """W is .1865, chi2 4.572 with 5 of freedom, Anderson's p .4951; R prints .4957."""
    found = mauchly(winer(), df=4)

    assert pytest.approx((0.18649528524508058, 4.571562038880418, 5, 0.4951213837671502, 0.49574546528197266)) == (
        found.w,
        found.chi2,
        found.df,
        found.p,
        found.p_r,
    )


@pytest.mark.parametrize("variance", [1.0, 3.3, 7.1])
def test_perfect_sphericity(variance: float) -> None:
    """Of equal variances W is 1 and p is 1, however their mean is rounded."""
    found = mauchly(np.full(3, variance), df=9)

    assert pytest.approx((1.0, 0.0, 1.0, 1.0)) == (found.w, found.chi2, found.p, found.p_r)


def test_w_knows_no_unit() -> None:
    """A spectrum of order 1e-22, as of P1's metric squared, has the W of its shape."""
    assert pytest.approx(mauchly(winer(), df=4).w) == mauchly(winer() * 1e-22, df=4).w


def test_fewer_degrees_of_freedom_than_contrasts() -> None:
    """Six subjects at 21 levels have no test: 5 degrees of freedom, 20 contrasts."""
    assert (None, None, None, None, Reason.SINGULAR) == (
        (found := mauchly(np.linspace(20.0, 1.0, 20), df=5)).w,
        found.chi2,
        found.p,
        found.p_r,
        found.reason,
    )


def test_as_many_degrees_of_freedom_as_contrasts() -> None:
    """Four subjects at four levels are the fewest that have one."""
    assert None is mauchly(np.array([3.0, 2.0, 1.0]), df=3).reason


def test_levels_that_depend_on_each_other() -> None:
    """Levels that are sums of each other leave nothing to test."""
    residuals = np.array([[1.0, -1.0, 0.0], [2.0, -2.0, 0.0], [-3.0, 3.0, 0.0], [0.0, 0.0, 0.0]])

    assert Reason.DEPENDENT == mauchly(spectrum(residuals), df=3).reason


def test_levels_that_follow_from_others_at_any_offset() -> None:
    """A level that is the mean of two others leaves nothing to test, however far apart the subjects lie."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(8, 2))
    for offset in (0.0, 1e4, 1e8):
        data = one_way(np.c_[values, values.mean(axis=1)] + offset * rng.normal(size=(8, 1)))
        (effect,) = anova(data)

        assert effect.test is not None
        assert Reason.DEPENDENT == effect.test.mauchly.reason


@pytest.mark.parametrize(("df", "contrasts"), [(1, 2), (1, 20), (2, 20)])
def test_few_subjects_leave_the_lower_bound(df: int, contrasts: int) -> None:
    """Residuals of one direction tell nothing of the others, those of two nothing to Chi and Muller."""
    variances = np.array([1.0] * df + [0.0] * (contrasts - df))
    found = epsilons(variances, df=df)

    assert 1 / contrasts == found.chi_muller
    assert df > 1 or found.huynh_feldt == 1 / contrasts


def test_chi_muller_of_three_degrees_of_freedom() -> None:
    """Chi and Muller's factor for nu = 3 is (5 - 2) (5 - 4) / 25 = .12 of Huynh and Feldt's epsilon."""
    variances = np.array([3.0, 2.0, 1.0] + [0.0] * 7)
    gg = 36 / (10 * 14)
    hf = (4 * 10 * gg - 2) / (10 * (3 - 10 * gg))

    assert pytest.approx(max(0.12 * hf, 0.1)) == epsilons(variances, df=3).chi_muller
