"""What a scaling law is to the fit: exponents it must search for, and terms that enter linearly once these are known.

exponents ──log_terms──▶ ln of each term (row by row) ──amplitudes, E──▶ loss or accuracy

y = E + sum over terms of amplitude x exp(log term)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
"""One axis, mostly (rows,)."""
Array = NDArray[np.float64]
"""More axes than one; each docstring tells which."""
Mask = NDArray[np.bool_]
"""Which rows, or which fits."""
Index = NDArray[np.intp]
"""Rows or fits by their number."""
Labels = NDArray[np.generic]
"""What groups rows: numbers or text, (rows,)."""
Columns = Mapping[str, Vector]
"""The input columns by name, each (rows,)."""
Values = Mapping[str, Array]
"""Constants by name, each (fits,)."""

LogTerms = Callable[[Array], tuple[Array, Array]]
"""
Exponents (fits, exponents) to the logarithm of each term (fits, rows, terms), and its slope by each exponent
(fits, rows, terms, exponents). Either may have 1 for fits or rows where it does not depend on them. A term that a row
lacks is -inf there.
"""


class Scale(StrEnum):
    """On which scale residuals are taken, which also says what signs the constants may have."""

    LOG = "logarithm"
    """ln of the law less ln of y: every constant is positive, as of a loss."""
    RAW = "raw"
    """The law less y, as of an accuracy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exponent:
    """A constant that does not enter linearly: its bounds, where to look for it first, and how it is told."""

    name: str
    low: float
    high: float
    grid: Sequence[float]
    told: Callable[[Array], Array] = lambda values: values
    """From what is searched to what is reported, where a logarithm is searched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A form with the columns it is to be fitted on."""

    exponents: tuple[Exponent, ...]
    amplitudes: tuple[str, ...]
    log_terms: LogTerms
    scale: Scale
    signs: tuple[float, ...] | None = None
    """Sign of each term in a law on the raw scale whose amplitudes must be positive; None where they are free."""
    derived: Mapping[str, Callable[[Values], Array]] = field(default_factory=dict)
    """Constants that follow from what is searched under their name, and from the other constants."""
    drivers: Columns
    """Logarithms of what the exponents stand on: each must vary, and not with the others alone."""

    @property
    def k(self) -> int:
        """The number of constants, E among them."""
        return len(self.exponents) + len(self.amplitudes) + 1


def falling(name: str, grid: Sequence[float], *, low: float = 0.005) -> Exponent:
    """Return an exponent by which something falls: not negative, 3 at most."""
    return Exponent(name=name, low=low, high=3.0, grid=grid)


def logs(columns: Columns, *names: str) -> dict[str, Vector]:
    """Return the natural logarithms of some columns."""
    return {name: np.log(columns[name]) for name in names}


def power_terms(columns: Sequence[Sequence[Vector | None]]) -> LogTerms:
    """Return terms whose logarithm is linear: `columns[term][exponent]` is what the exponent multiplies, or None."""
    rows = next(column.size for term in columns for column in term if column is not None)
    none = np.zeros(rows)
    slopes = np.stack([[none if column is None else column for column in term] for term in columns])  # (t, p, rows)
    slopes = np.moveaxis(slopes, 2, 0)[None]
    absent = np.isinf(slopes).any(axis=-1)
    slopes = np.where(np.isinf(slopes), 0.0, slopes)

    def log_terms(exponents: Array) -> tuple[Array, Array]:
        sums = np.einsum("bp,rtp->brt", exponents, slopes[0])
        return (np.where(absent, -np.inf, sums) if absent.any() else sums), slopes

    return log_terms


def constant(scale: Scale, rows: int) -> Model:
    """Return the law that says the same for every row: E."""
    return Model(
        exponents=(),
        amplitudes=(),
        log_terms=lambda fits: (np.zeros((len(fits), rows, 0)), np.zeros((len(fits), rows, 0, 0))),
        scale=scale,
        drivers={},
    )
