"""F and Greenhouse-Geisser's epsilon of many drawn tables at once.

values (draws, subjects, levels) ──centre──▶ effect + residuals ──square──▶ F (draws,), epsilon (draws,)
"""

from collections.abc import Iterator

import numpy as np

from raystudy.stats.contrasts import ROUNDING
from raystudy.stats.design import Matrix, parted
from raystudy.stats.reason import Reason, too_few

_CELLS_AT_ONCE = 2**20  # 8 MB a matrix


def chunks(draws: int, *, cells: int) -> Iterator[int]:
    """Split draws of tables with so many cells into numbers of draws that fit into little memory."""
    size = max(_CELLS_AT_ONCE // cells, 1)
    yield from (min(size, draws - start) for start in range(0, draws, size))


def f_ratios(values: Matrix) -> Matrix:
    """Return F, (draws,); a draw without any error counts as one whose error is that of rounding."""
    effect, residuals = parted(values)
    n = values.shape[-2]
    nothing = residuals[0].size * _rounding(values) ** 2
    error = np.maximum((residuals**2).sum(axis=(-2, -1)), nothing)
    return np.asarray(n * (n - 1) * (effect**2).sum(axis=-1) / error)


def epsilons(values: Matrix) -> Matrix:
    """Return Greenhouse-Geisser's epsilon of each draw, (draws,), whose error is not all zero."""
    _, residuals = parted(values)
    residuals /= np.abs(residuals).max()
    n, k = residuals.shape[-2:]
    turned = residuals.swapaxes(-2, -1)
    products = turned @ residuals if k < n else residuals @ turned
    trace = np.trace(products, axis1=-2, axis2=-1)
    return np.asarray(np.clip(trace**2 / ((k - 1) * (products**2).sum(axis=(-2, -1))), 1 / (k - 1), 1.0))


def refusal(values: Matrix) -> Reason | None:
    """Return why one table, (subjects, levels), has no F."""
    n, k = values.shape
    if n < 2:
        return too_few(n)
    if k < 2:
        return Reason.ONE_LEVEL
    effect, residuals = parted(values)
    if np.sqrt((residuals**2).mean()) > _rounding(values):
        return None
    return Reason.CONSTANT if np.abs(effect).max() <= _rounding(values) else Reason.ZERO_ERROR


def _rounding(values: Matrix) -> float:
    return float(ROUNDING * np.abs(values).max())
