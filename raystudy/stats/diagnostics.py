"""Do the residuals look as the test takes them to be: normal, of one variance, independent, without strays?

    values (subjects, levels) ──both means out──▶ residuals ──▶ Shapiro-Wilk, autocorrelation, spread, Outlier

Taking both means out ties the residuals together, so these are looks, not tests to decide by.
"""

from dataclasses import dataclass

import numpy as np

from raystudy.stats.contrasts import ROUNDING, group_means
from raystudy.stats.design import Design, Matrix, off_first, untestable
from raystudy.stats.reason import Reason

FAR = 3.5
"""
Robust standard deviations from which a residual strays.

B. Iglewicz & D. C. Hoaglin, How to Detect and Handle Outliers (1993), 11.
"""
_MAD_OF_NORMAL = 0.6744897501960817  # the median absolute deviation of the standard normal distribution
_MOST_FOR_SHAPIRO = 5000  # Royston's approximation of p has been checked up to here


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlier:
    """A value far from what its subject and its level lead to expect."""

    subject: str
    level: str
    residual: float
    robust_sd: float
    """The residual in robust standard deviations of all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostics:
    """The residuals in numbers, or the reason why there are none."""

    max_abs: float | None = None
    sd: float | None = None
    """Over subjects x levels - 1."""
    shapiro_w: float | None = None
    shapiro_p: float | None = None
    """None for more than 5,000 residuals, where no p is known."""
    autocorrelation: float | None = None
    """Of neighbouring levels within subjects; None for two levels, where it is always -1/2."""
    autocorrelation_expected: float | None = None
    """-1 / levels: what independent errors show, since each subject's residuals add up to nothing."""
    levels_ordered: bool = False
    """Whether the levels are ascending numbers, without which neighbours mean nothing."""
    variance_ratio: float | None = None
    """Greatest to smallest variance of the values at a level; None where one has no variance."""
    outliers: tuple[Outlier, ...] = ()
    reason: Reason | None = None


def diagnostics(data: Design) -> Diagnostics:
    """Look at the residuals of the values, both subject and level means (of the subject's group) taken out."""
    n, k = data.values.shape
    reason = untestable(data, between=True)
    if reason is not None:
        return Diagnostics(reason=reason)
    residuals = _residuals(data)
    max_abs = float(np.abs(residuals).max())
    if max_abs <= ROUNDING * float(np.abs(data.values).max()):
        still = np.ptp(data.values, axis=1).max() <= ROUNDING * float(np.abs(data.values).max())
        return Diagnostics(reason=Reason.CONSTANT if still else Reason.ZERO_ERROR)
    w, p = _shapiro(residuals / max_abs)
    return Diagnostics(
        max_abs=max_abs,
        sd=float(np.sqrt((residuals**2).sum() / (n * k - 1))),
        shapiro_w=w,
        shapiro_p=p,
        autocorrelation=_autocorrelation(residuals) if k > 2 else None,
        autocorrelation_expected=-1 / k if k > 2 else None,
        levels_ordered=data.scores is not None and bool((np.diff(data.scores) > 0).all()),
        variance_ratio=_variance_ratio(data),
        outliers=_outliers(residuals, data),
    )


def _residuals(data: Design) -> Matrix:
    """Return what neither the subject nor its group's level explains, (subjects, levels)."""
    within = off_first(data.values)
    inner: Matrix = within - within.mean(axis=1, keepdims=True)
    return np.asarray(inner - group_means(inner, data)[data.groups])


def _shapiro(residuals: Matrix) -> tuple[float, float | None]:
    """Return W, and p where it is known; the greatest residual is 1, since scipy takes a range of 1e-19 for none."""
    from scipy.stats import shapiro

    if residuals.size > _MOST_FOR_SHAPIRO:
        import warnings

        with warnings.catch_warnings(action="ignore"):  # it warns of the p that is left out here
            return float(shapiro(residuals.ravel()).statistic), None
    found = shapiro(residuals.ravel())
    return float(found.statistic), float(found.pvalue)


def _autocorrelation(residuals: Matrix) -> float:
    return float((residuals[:, 1:] * residuals[:, :-1]).sum() / (residuals**2).sum())


def _variance_ratio(data: Design) -> float | None:
    centred = data.values - data.values[0]  # so an offset costs no digit
    inner = centred - group_means(centred, data)[data.groups]
    spread = np.sqrt((inner**2).mean(axis=0))
    if spread.min() <= ROUNDING * np.abs(data.values).max():
        return None
    return float((spread.max() / spread.min()) ** 2)


def _outliers(residuals: Matrix, data: Design) -> tuple[Outlier, ...]:
    """Return the residuals that stray, the farthest first; none where more than half of all residuals are equal."""
    centred = residuals - np.median(residuals)
    sd = float(np.median(np.abs(centred))) / _MAD_OF_NORMAL
    if sd <= ROUNDING * np.abs(data.values).max():
        return ()
    far = [
        Outlier(
            subject=data.subjects[row],
            level=data.levels[column],
            residual=float(residuals[row, column]),
            robust_sd=float(centred[row, column]) / sd,
        )
        for row, column in np.argwhere(np.abs(centred) > FAR * sd)
    ]
    return tuple(sorted(far, key=lambda outlier: -abs(outlier.robust_sd)))
