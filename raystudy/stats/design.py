"""A repeated-measures design: a complete matrix of subjects x cells, its factors, and who was left out and why."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from raystudy.stats.reason import Reason, too_few

Matrix = NDArray[np.float64]
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")

Codes = NDArray[np.intp]
"""Places in a tuple of names."""


class Fault(StrEnum):
    """What is wrong with a cell."""

    MISSING = "no value"
    NOT_FINITE = "a value that is not finite"


MOST_NAMED = 6
"""So many cells that a subject lacks are named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropped:
    """A subject left out, since some of its cells hold no finite value."""

    subject: str
    fault: Fault
    levels: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.subject} has {self.reason}"

    @property
    def reason(self) -> str:
        """What is wrong, and where."""
        more = len(self.levels) - MOST_NAMED
        shown = ", ".join(self.levels if more <= 1 else self.levels[:MOST_NAMED])
        return f"{self.fault} at {shown}{f' and {more:,} more' if more > 1 else ''}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Factor:
    """What varies, and its levels: by size where all are numbers, else as they first appear."""

    name: str
    levels: tuple[str, ...]

    @property
    def scores(self) -> Matrix | None:
        """The levels as numbers, (levels,); None where one of them is none."""
        numbers = [as_number(level) for level in self.levels]
        return None if None in numbers else np.array(numbers, dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """A complete matrix, and what it took to get it."""

    values: Matrix
    """(subjects, cells): a cell for each combination of the within factors' levels, the last factor varying fastest."""
    subjects: tuple[str, ...]
    within: tuple[Factor, ...]
    between: tuple[Factor, ...] = ()
    groups: Codes
    """(subjects,): the combination of between levels each subject belongs to, the last factor varying fastest."""
    dropped: tuple[Dropped, ...] = ()
    n_given: int
    """Subjects in the table, those that were dropped among them."""
    replicates: int = 1
    """Most rows that a cell was averaged over."""

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels of the only within factor."""
        (factor,) = self.within
        return factor.levels

    @property
    def scores(self) -> Matrix | None:
        """The levels of the only within factor as numbers, (levels,); None where one of them is none."""
        (factor,) = self.within
        return factor.scores

    @property
    def group_sizes(self) -> Codes:
        """Subjects in each combination of the between levels, (groups,)."""
        return np.bincount(self.groups, minlength=math.prod(len(factor.levels) for factor in self.between))

    @property
    def df(self) -> int:
        """Degrees of freedom of the subjects within their groups; 0 where there are not enough."""
        return max(len(self.subjects) - self.group_sizes.size, 0)

    @property
    def reason(self) -> Reason | None:
        """Why it has too few subjects for any test; None where it has enough."""
        if len(self.subjects) < 2:
            return too_few(len(self.subjects))
        if 0 in self.group_sizes:
            return Reason.EMPTY_GROUP
        return None if self.df else Reason.SATURATED

    def along(self, name: str) -> "Design":
        """Return the one-way design of one within factor, averaged over the other ones."""
        place = [factor.name for factor in self.within].index(name)
        block = self.values.reshape(len(self.subjects), *(len(factor.levels) for factor in self.within))
        others = tuple(axis + 1 for axis in range(len(self.within)) if axis != place)
        first = block[tuple(slice(None) if axis == 0 else slice(1) for axis in range(block.ndim))]
        means = (block - first).mean(axis=others) + first.reshape(-1, 1)  # so an offset costs no digit
        return replace(self, values=means, within=(self.within[place],))


def untestable(data: Design, *, between: bool) -> Reason | None:
    """Return why levels cannot be tested, whatever the values; `between` says whether there may be groups."""
    if data.reason is not None:
        return data.reason
    if data.values.shape[1] < 2:
        return Reason.ONE_LEVEL
    return Reason.SEVERAL_GROUPS if data.group_sizes.size > 1 and not between else None


def one_way(values: Matrix, levels: Sequence[str] | None = None) -> Design:
    """Return the design of a matrix (subjects, levels) that is already complete."""
    n, k = values.shape
    named = tuple(levels) if levels is not None else tuple(str(place) for place in range(k))
    return Design(
        values=values,
        subjects=tuple(str(place) for place in range(n)),
        within=(Factor(name="level", levels=named),),
        groups=np.zeros(n, dtype=np.intp),
        n_given=n,
    )


def off_first(values: Matrix) -> Matrix:
    """Return how far each value lies from the first of its row, exact where they are close: offsets cost no digit."""
    return values - values[..., :1]


def parted(values: Matrix) -> tuple[Matrix, Matrix]:
    """Return level means less their own mean, (..., levels), and the residuals, (..., subjects, levels)."""
    within = off_first(values)
    within -= within.mean(axis=-1, keepdims=True)
    effect = within.mean(axis=-2)
    within -= effect[..., None, :]
    return effect, within


def as_number(level: str) -> float | None:
    """Read a level as a finite number, as 0.001, 2e6 or 2,000,000; None where it is none."""
    try:
        number = float(level.replace(",", "") if _THOUSANDS.fullmatch(level) else level)
    except ValueError:
        return None
    plain = level.isascii() and "_" not in level  # Python reads 1_000, and digits of other scripts, as numbers
    return number if plain and math.isfinite(number) else None
