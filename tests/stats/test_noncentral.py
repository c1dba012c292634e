"""The noncentral F distribution, near and far."""

import math

import pytest

from raystudy.stats.noncentral import noncentral_f, noncentrality_at


def mixture(f: float, *, noncentrality: float, df_error: int) -> float:
    """Return P(F < f) for two degrees of freedom above from its definition, a Poisson mixture of betas."""
    from scipy.special import betainc, gammaln

    half, x = noncentrality / 2, 2 * f / (2 * f + df_error)
    width = int(12 * math.sqrt(half))
    terms = range(max(int(half) - width, 0), int(half) + width)
    return sum(
        math.exp(j * math.log(half) - half - gammaln(j + 1)) * float(betainc(1 + j, df_error / 2, x)) for j in terms
    )


@pytest.mark.parametrize(("noncentrality", "tolerance"), [(30.0, 1e-9), (3e3, 1e-9), (1.1e5, 1e-7)])
def test_what_it_is(noncentrality: float, tolerance: float) -> None:
    """It is the mixture that defines it, and beyond 1e5 close to that."""
    f = 0.45 * noncentrality
    expected = mixture(f, noncentrality=noncentrality, df_error=98)

    assert pytest.approx(expected, abs=tolerance) == noncentral_f(
        f, noncentrality=noncentrality, df_effect=2, df_error=98
    )


def test_the_noncentrality_that_was_asked_for() -> None:
    """Turning it round gives back what went in."""
    below = noncentral_f(8.0, noncentrality=12.5, df_effect=3, df_error=33)

    assert pytest.approx(12.5) == noncentrality_at(below, 8.0, df_effect=3, df_error=33)


def test_no_noncentrality_is_negative() -> None:
    """Where F is so small that no effect explains it, there is none."""
    assert 0.0 == noncentrality_at(0.975, 0.3, df_effect=2, df_error=98)
