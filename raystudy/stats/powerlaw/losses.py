"""What a fit minimises: the sum over rows of Huber's loss, whose ends are least squares and least absolute error.

    |r| <= delta: r^2 / 2        beyond: delta (|r| - delta / 2)

P. J. Huber, Ann. Math. Statist. 35, 73 (1964). The sum, not the mean, as arXiv 2404.10102 has it.
"""

from enum import StrEnum

import numpy as np

from raystudy.errors import AnalysisError
from raystudy.stats.powerlaw.model import Array, Vector

EFFICIENT = 1.345
"""Delta in standard deviations that loses 5 % of efficiency where errors are normal (Huber)."""
NORMAL_MAD = 1.4826
"""Standard deviation of a normal variable whose median absolute deviation is 1."""
SMALLEST_DELTA = 1e-9
"""In units of y: where residuals are all rounding, Huber's loss is that of least squares."""
ROUNDING = 1e-22
"""Variance that rounding alone may leave, in units of y squared."""


class Loss(StrEnum):
    """How a residual is weighed."""

    HUBER = "huber"
    ABSOLUTE = "absolute"
    SQUARES = "squares"


def loss_named(name: str) -> Loss:
    """Return a loss by its name."""
    if name not in set(Loss):
        raise AnalysisError(f"No loss is called {name!r}. A loss is one of: {', '.join(Loss)}.")
    return Loss(name)


def huber(residuals: Array, delta: float) -> Array:
    """Return the loss of each residual; half the square where delta is infinite."""
    if np.isinf(delta):
        return residuals**2 / 2
    inside = np.minimum(np.abs(residuals), delta)
    return inside * (np.abs(residuals) - inside / 2)


def influence(residuals: Array, delta: float) -> Array:
    """Return the slope of the loss."""
    return np.clip(residuals, -delta, delta)


def spread(residuals: Vector) -> float:
    """Return the standard deviation that the median absolute deviation stands for, which outliers do not move."""
    return NORMAL_MAD * float(np.median(np.abs(residuals - np.median(residuals))))


def efficient_delta(residuals: Vector, *, unit: float) -> float:
    """Return the delta that treats all but the outliers as least squares would."""
    return max(EFFICIENT * spread(residuals), SMALLEST_DELTA * unit)


def within(residuals: Vector, delta: float) -> float:
    """
    Return the share of residuals within delta, which is the mean slope of the influence.

    Where few are, the share of normal errors with the same MAD stands for it.
    """
    counted, sigma = float((np.abs(residuals) <= delta).mean()), spread(residuals)
    if counted * residuals.size >= 20 or sigma == 0:
        return max(counted, 1 / residuals.size)
    from scipy.special import erf

    return float(erf(delta / (sigma * np.sqrt(2))))


def noise(residuals: Vector, delta: float, *, k: int) -> float:
    """
    Return what twice a rise of the summed loss is divided by to be chi squared: the variance, where delta is infinite.

    Mean squared influence over the mean slope of the influence (F. R. Hampel et al., Robust Statistics, 1986, 7.3a).
    """
    squared = float((influence(residuals, delta) ** 2).sum()) / max(residuals.size - k, 1)
    return squared / within(residuals, delta)
