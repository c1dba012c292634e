"""What keeps the constants of a fit from being believed: each doubt is typed, and names what it is about.

Decisive doubts mean that the data do not identify the exponents: numbers that a fit prints all the same would be those
of its starting point, not of the data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from raystudy.stats.powerlaw.compare import Holdout, Rival
from raystudy.stats.powerlaw.fit import Fit
from raystudy.stats.powerlaw.model import Array, Columns, Vector
from raystudy.stats.powerlaw.problem import Problem

ILL_CONDITIONED_ABOVE = 1000.0
"""Condition number of the scaled slopes. Good designs have 20 to 60, where nothing has an effect about 200."""
COLLINEAR_BELOW = 1e-4
"""Share of an input's variance (in logarithms) that the other inputs must leave."""
FEW_CONFIGURATIONS_BELOW = 10


class Flag(StrEnum):
    """A doubt, as the sentence that says it of what it is about; each reads well of one and of several."""

    ONE_VALUE = "All rows have the same {about}; what never varies has no exponent, so vary it or leave it out"
    COLLINEAR = "{about} move together, so their exponents cannot be told apart; vary one while the rest is held"
    FEW_ROWS = "{about} are too few: two rows more than constants are needed, at as many points as there are constants"
    NO_EFFECT = "The law explains {about} no better than a constant does (5 %)"
    FLAT_PROFILE = "No 95 % interval of {about} closes within the bounds of the search"
    BOUND_HIT = "The search for {about} ended at a bound"
    RESAMPLES_AT_BOUND = "In some resamples the search for {about} ended at a bound, and the interval for that alone"
    VANISHED = "What {about} adds is less than a millionth of the outcome, as good as nothing"
    ILL_CONDITIONED = "{about} are nearly indistinguishable in these data: the condition number is above 1000"
    EXTRAPOLATED = "Inputs of 1, where {about} would be seen, are far outside the data, so intervals there are wide"
    FEW_CONFIGURATIONS = "{about} are few: a bootstrap over less than ten is too narrow"
    REPEATED_ROWS = "Inputs and outcome copy those of another row in {about}; each copy counts again in n and AICc"
    BETTER_RIVAL = "Better at explaining the same rows, by an AICc lower by more than 10: {about}"
    NO_HOLDOUT = "Without the largest quarter too little is left to fit, {about}, so there is no held-out error"


DECISIVE = frozenset({Flag.ONE_VALUE, Flag.COLLINEAR, Flag.FEW_ROWS, Flag.NO_EFFECT, Flag.FLAT_PROFILE})
"""With one of these the constants are not reported."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A flag and what it is about."""

    flag: Flag
    about: tuple[str, ...]

    def __str__(self) -> str:
        *others, last = self.about
        about = f"{', '.join(others)} and {last}" if others else last
        return f"{self.flag.format(about=about)}."


def decisive(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes for which no constant is told."""
    return tuple(note for note in notes if note.flag in DECISIVE)


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


def size_notes(problem: Problem, configurations: int) -> list[Note]:
    """Return what the number of rows, of points, and of configurations (which groups make fewer, maybe) allows."""
    points = problem.points()
    told = _counted(points, "point") if points <= configurations else _counted(configurations, "configuration")
    if not problem.enough() or min(points, configurations) < problem.k:
        return [Note(flag=Flag.FEW_ROWS, about=(f"{problem.y.size} rows at {told} for {problem.k} constants",))]
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
    exponents = tuple(name for name in hit if name in names[: fit.problem.searched])
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


def extrapolated(problem: Problem) -> list[Note]:
    """Return which amplitudes lie outside the data, so that they say little: those of inputs that are 1."""
    far = any(abs(column.mean()) > np.ptp(column) for column in problem.model.drivers.values())
    return [Note(flag=Flag.EXTRAPOLATED, about=problem.model.amplitudes)] if far else []


def comparison_notes(form: str, held_out: Holdout, rivals: Sequence[Rival]) -> list[Note]:
    """Return which rivals do clearly better, and whether there was anything to hold out."""
    own = next((rival.aicc for rival in rivals if rival.form == form), None)
    better = tuple(
        rival.form for rival in rivals if own is not None and rival.aicc is not None and rival.aicc < own - 10
    )
    notes = [Note(flag=Flag.BETTER_RIVAL, about=better)] if better else []
    left = _counted(held_out.n_train, "row")
    return notes if held_out.rmse is not None else [*notes, Note(flag=Flag.NO_HOLDOUT, about=(left,))]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
