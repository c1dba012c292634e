"""Every two levels against each other: the difference with its interval first, then the test.

    Design ──each level less each later one──▶ contrasts ──▶ t, p ──over all pairs──▶ Bonferroni, Holm, max-T

No test needs the omnibus one before it: Holm's and the max-T p values keep the chance of any false claim among the
pairs at the nominal one by themselves. Holm's never lie above Bonferroni's. The max-T p values take into account that
the pairs share subjects and levels.
"""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from raystudy.stats.contrasts import ROUNDING, Contrasts, contrasts, every_pair, group_means
from raystudy.stats.design import Design, Matrix
from raystudy.stats.probability import t_quantile, t_tails
from raystudy.stats.reason import Reason
from raystudy.stats.resample import DRAWS, max_t

Mask = NDArray[np.bool_]

_SIGNS = 1_000_000
"""Of subjects, to be drawn for max-T: some 10 ms."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """How two levels differ, a - b, over the same subjects."""

    a: str
    b: str
    n: int
    df: int
    mean_diff: float | None = None
    ci_low: float | None = None
    """95 % interval of this one difference, not widened for their number."""
    ci_high: float | None = None
    t: float | None = None
    p: float | None = None
    log10_p: float | None = None
    p_bonferroni: float | None = None
    p_holm: float | None = None
    """S. Holm, Scand. J. Stat. 6, 65 (1979)."""
    p_max_t: float | None = None
    """Of the greatest |t| among all pairs, by sign flips; see `raystudy.stats.resample.max_t`."""
    d_z: float | None = None
    """Mean difference in standard deviations of the differences."""
    g_av: float | None = None
    """Mean difference in standard deviations of the values, made unbiased; see `pairwise`."""
    reason: Reason | None = None


def pairwise(data: Design) -> tuple[Pair, ...]:
    """
    Compare every level with every later one.

    g_av = J(2 df) (mean of a - mean of b) / sqrt((s_a² + s_b²) / 2), where s is the standard deviation of a level
    among the subjects, within groups, and J takes the bias of small samples out (L. V. Hedges, J. Educ. Stat. 6, 107
    (1981), eq. 6e; the denominator: D. Lakens, Front. Psychol. 4, 863 (2013), eq. 10).
    A pair without a test counts among the pairs, but takes no rank from one that has a test. The max-T p values rest
    on all sign flips of up to 13 subjects, beyond on 9,999, or on 999 to 9,999 of more than 100.
    """
    weights = every_pair(len(data.levels))
    found = contrasts(data, weights)
    names = list(combinations(data.levels, 2))
    if not names or math.isnan(found.estimate[0]):
        return tuple(
            Pair(a=a, b=b, n=found.n, df=found.df, reason=reason)
            for (a, b), reason in zip(names, found.reasons, strict=True)
        )
    tested = np.array([reason is None for reason in found.reasons])
    half = t_quantile(found.df) * found.se
    columns = {
        "mean_diff": found.estimate.tolist(),
        "ci_low": (found.estimate - half).tolist(),
        "ci_high": (found.estimate + half).tolist(),
        "g_av": _g_av(data, found, weights),
        **{name: _spread(column, tested) for name, column in _tests(data, found, weights, tested).items()},
    }
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return tuple(
        Pair(a=a, b=b, n=found.n, df=found.df, reason=reason, **row)
        for (a, b), reason, row in zip(names, found.reasons, rows, strict=True)
    )


def holm(p: Matrix, *, m: int) -> Matrix:
    """Return Holm's p values of some of m hypotheses; the other ones are taken to have no small p."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * (m - np.arange(p.size))), 1)
    return adjusted


def _tests(data: Design, found: Contrasts, weights: Matrix, tested: Mask) -> dict[str, Matrix]:
    """Return what only the pairs have that have a test, in their order."""
    t = found.estimate[tested] / found.se[tested]
    tails = t_tails(t, df=found.df)
    p = np.array([tail.p for tail in tails])
    return {
        "t": t,
        "p": p,
        "log10_p": np.array([tail.log10_p for tail in tails]),
        "p_bonferroni": np.minimum(p * tested.size, 1),
        "p_holm": holm(p, m=tested.size),
        "p_max_t": max_t(data, weights[:, tested], draws=max(999, min(DRAWS, _SIGNS // found.n - 1))),
        "d_z": found.estimate[tested] / found.sd[tested],
    }


def _spread(column: Matrix, tested: Mask) -> list[float | None]:
    """Put the tested pairs' values in their places among all pairs."""
    values = iter(column.tolist())
    return [next(values) if has_test else None for has_test in tested]


def _g_av(data: Design, found: Contrasts, weights: Matrix) -> list[float | None]:
    residuals = data.values - group_means(data.values, data)[data.groups]
    variances = (residuals**2).sum(axis=0) / found.df
    sd = np.sqrt(variances @ np.abs(weights) / 2)
    sizes = _unbiasing(2 * found.df) * found.estimate / np.where(sd > 0, sd, 1)
    rounding = ROUNDING * np.abs(data.values).max()
    return [size if spread > rounding else None for size, spread in zip(sizes.tolist(), sd.tolist(), strict=True)]


def _unbiasing(df: int) -> float:
    """Return J(df) = Γ(df / 2) / (sqrt(df / 2) Γ((df - 1) / 2)), exactly, not as 1 - 3 / (4 df - 1)."""
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)
