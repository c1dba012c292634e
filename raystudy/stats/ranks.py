"""Tests of ranks within subjects: whether levels differ (Friedman), and whether they rise in their order (Page).

    values (subjects, levels) ──ranked within each subject, ties share their mean rank──▶ sum of each level ──▶ test

Both ask that all orders of a subject's values are equally likely where levels do not differ. In trajectories, whose
neighbours resemble each other, they are not: in random walks of 6 subjects x 21 levels Friedman's test finds 15 % at a
nominal 5 %, Page's 51 %. Take a trend with its own error there, or a sign-flip test.
Only values that are equal are ties; those that differ by the rounding of storing them are not.
"""

import math
from dataclasses import dataclass

import numpy as np

from raystudy.stats.design import Design, Matrix, untestable
from raystudy.stats.probability import chi2_tail
from raystudy.stats.reason import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Friedman:
    """Friedman's test, corrected for ties, with Kendall's W."""

    n: int
    df: int
    chi2: float | None = None
    p: float | None = None
    log10_p: float | None = None
    w: float | None = None
    """Agreement of the subjects, from 0 to 1."""
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Page's test that values rise, or fall, in the order of the levels."""

    n: int
    L: float | None = None
    """Sum over levels of their place, from 1, times their sum of ranks."""
    z: float | None = None
    """Standardised by the variance that the ranks have with their ties."""
    z_uncorrected: float | None = None
    """As in Page's paper, which knows no ties."""
    p: float | None = None
    """Both tails of z."""
    log10_p: float | None = None
    p_greater: float | None = None
    """Upper tail of z: the test of a rise alone."""
    rising: bool | None = None
    reason: Reason | None = None


def friedman(data: Design) -> Friedman:
    """
    Test whether levels differ.

    M. Friedman, J. Am. Stat. Assoc. 32, 675 (1937); ties as in M. Hollander & D. A. Wolfe, Nonparametric Statistical
    Methods (1973), 7.1.
    """
    n, k = data.values.shape
    ranks = _centred_ranks(data.values)
    if reason := _reason(data, ranks):
        return Friedman(n=n, df=max(k - 1, 0), reason=reason)
    w = float((ranks.sum(axis=0) ** 2).sum() / (n * (ranks**2).sum()))
    chi2 = n * (k - 1) * w
    tail = chi2_tail(chi2, df=k - 1)
    return Friedman(n=n, df=k - 1, chi2=chi2, p=tail.p, log10_p=tail.log10_p, w=w)


def page(data: Design) -> Page:
    """
    Test whether values rise in the order of the levels.

    E. B. Page, J. Am. Stat. Assoc. 58, 216 (1963). With ties, the variance of L is that of all orders of each subject's
    ranks, as R's coin has it; scipy does not correct for ties.
    """
    from scipy.special import log_ndtr, ndtr

    n, k = data.values.shape
    ranks = _centred_ranks(data.values)
    if reason := _reason(data, ranks):
        return Page(n=n, reason=reason)
    places = np.arange(k) - (k - 1) / 2
    excess = float(places @ ranks.sum(axis=0))
    spread = float((places**2).sum())
    z = excess / math.sqrt(spread * float((ranks**2).sum()) / (k - 1))
    return Page(
        n=n,
        L=excess + n * k * (k + 1) ** 2 / 4,
        z=z,
        z_uncorrected=excess / math.sqrt(n * spread**2 / (k - 1)),
        p=2 * float(ndtr(-abs(z))),
        log10_p=(float(log_ndtr(-abs(z))) + math.log(2)) / math.log(10),
        p_greater=float(ndtr(-z)),
        rising=None if excess == 0 else excess > 0,
    )


def _centred_ranks(values: Matrix) -> Matrix:
    """Return the rank of each value within its subject, less their mean; ties share the mean of theirs."""
    less = values[:, None, :] < values[:, :, None]
    return np.asarray((np.count_nonzero(less, axis=2) - np.count_nonzero(less, axis=1)) / 2)


def _reason(data: Design, ranks: Matrix) -> Reason | None:
    return untestable(data, between=False) or (None if ranks.any() else Reason.CONSTANT)
