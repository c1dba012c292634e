"""What keeps the constants of a fit from being believed: each doubt is typed, and names what it is about.

Decisive doubts mean that the data do not identify the exponents: numbers that a fit prints all the same would be those
of its starting point, not of the data.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from raystudy.stats.powerlaw.fit import Fit
from raystudy.stats.powerlaw.model import Array, Columns, Vector
from raystudy.stats.powerlaw.problem import Problem

ILL_CONDITIONED_ABOVE = 1000.0
"""Condition number of the scaled slopes. Good designs have 20 to 60, where nothing has an effect about 200."""
COLLINEAR_BELOW = 1e-4
"""Share of an input's variance (in logarithms) that the other inputs must leave."""
FEW_CONFIGURATIONS_BELOW = 10


class Flag(StrEnum):
    """A doubt; the text follows the names that it is about."""

    ONE_VALUE = "one value in all rows, so that no exponent of it can be found; vary it, or leave it out"
    COLLINEAR = "they move together, so that their exponents cannot be told apart; vary one while the other is held"
    FEW_ROWS = "too few: two rows more than constants are needed, and as many configurations"
    NO_EFFECT = "the law explains no more than a constant does (5 %)"
    FLAT_PROFILE = "the 95 % interval does not close within the bounds of the search"
    BOUND_HIT = "it ended at the bound of the search"
    RESAMPLES_AT_BOUND = "at the bound of the search in some resamples, so that the interval ends there for that alone"
    VANISHED = "it is less than a millionth of the outcome, as good as zero"
    ILL_CONDITIONED = "nearly indistinguishable in these data: the condition number is above 1000"
    EXTRAPOLATED = "what the term adds where every input is 1, far outside the data, so the interval is wide"
    FEW_CONFIGURATIONS = "few: a bootstrap over less than ten is too narrow"
    REPEATED_ROWS = "exact copies of others, inputs and outcome, which count again in n and AICc"
    BETTER_RIVAL = "better at explaining the same rows: AICc lower by more than 10"
    NO_HOLDOUT = "too few configurations are left to fit without the largest quarter"


DECISIVE = frozenset({Flag.ONE_VALUE, Flag.COLLINEAR, Flag.FEW_ROWS, Flag.NO_EFFECT, Flag.FLAT_PROFILE})
"""With one of these the constants are not reported."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A flag and what it is about."""

    flag: Flag
    about: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.about)}: {self.flag.value}."


def input_notes(drivers: Columns) -> list[Note]:
    """Return what is wrong with the inputs, whatever y is."""
    still = tuple(name for name, column in drivers.items() if np.ptp(column) <= 1e-9 * (1 + np.abs(column).max()))
    if still:
        return [Note(flag=Flag.ONE_VALUE, about=still)]
    moving = tuple(name for name in drivers if len(drivers) > 1 and _left_over(name, drivers) < COLLINEAR_BELOW)
    return [Note(flag=Flag.COLLINEAR, about=moving)] if moving else []


def _left_over(name: str, drivers: Columns) -> float:
    """Return the share of the variance of one input that the others do not explain."""
    one = drivers[name] - drivers[name].mean()
    others = np.stack([column - column.mean() for other, column in drivers.items() if other != name], axis=1)
    rest = one - others @ np.linalg.lstsq(others, one, rcond=None)[0]
    return float((rest**2).sum() / (one**2).sum())


def size_notes(*, rows: int, configurations: int, k: int) -> list[Note]:
    """Return what the number of rows and configurations allows."""
    if rows < k + 2 or configurations < k:
        return [Note(flag=Flag.FEW_ROWS, about=(f"{rows} rows of {configurations} configurations for {k} constants",))]
    if configurations < FEW_CONFIGURATIONS_BELOW:
        return [Note(flag=Flag.FEW_CONFIGURATIONS, about=(f"{configurations} configurations",))]
    return []


def bound_notes(fit: Fit) -> list[Note]:
    """Return which exponents ended at a bound, and whether E ended at nothing."""
    low, high = fit.problem.bounds()
    names = [exponent.name for exponent in fit.problem.model.exponents]
    names += [*fit.problem.model.amplitudes, "E"]
    ended = (fit.values <= low + 1e-9) | (fit.values >= high - 1e-9)
    hit = [name for name, at_bound in zip(names, ended, strict=True) if at_bound]
    exponents = tuple(name for name in hit if name in names[: fit.problem.exponents])
    linear = tuple(name for name in hit if name not in exponents)
    notes = ((Flag.BOUND_HIT, exponents), (Flag.VANISHED, linear))
    return [Note(flag=flag, about=about) for flag, about in notes if about]


def resample_notes(problem: Problem, resamples: Array) -> list[Note]:
    """Return for which exponents an end of the bootstrap interval is a bound of the search."""
    ends, (low, high) = np.quantile(resamples, [0.025, 0.975], axis=0), problem.bounds()
    at_bound = (ends[0] <= low + 1e-9) | (ends[1] >= high - 1e-9)
    about = tuple(e.name for e, there in zip(problem.model.exponents, at_bound, strict=False) if there)
    return [Note(flag=Flag.RESAMPLES_AT_BOUND, about=about)] if about else []


def repeated_rows(columns: Columns, y: Vector) -> list[Note]:
    """Return how many rows are exact copies of an earlier one."""
    copies = y.size - len(np.unique(np.stack([*columns.values(), y], axis=1), axis=0))
    return [Note(flag=Flag.REPEATED_ROWS, about=(f"{copies} of {y.size} rows",))] if copies else []
