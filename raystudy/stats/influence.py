"""Does a result hang on one subject: the test again, once without each of them.

Design ──without one subject──▶ p_of ──▶ p, once for each ──▶ Influence
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.design import Design
from raystudy.stats.probability import ALPHA
from raystudy.stats.reason import Reason, too_few

MOST_SUBJECTS = 200
"""Above it nobody is left out: one of so many hardly counts, and the tests would take seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """The p of the test without one subject; None where the test has none."""

    subject: str
    p: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Influence:
    """How p moves when subjects leave, one at a time."""

    n: int
    p: float | None = None
    """With all subjects."""
    left: tuple[Left, ...] = ()
    """In the order of the subjects; empty where nobody was left out."""
    skipped: bool = False
    """Whether there were more than 200 subjects, which are not left out one by one."""
    reason: Reason | None = None

    @property
    def p_low(self) -> float | None:
        """The least p without one subject."""
        return min((left.p for left in self.left if left.p is not None), default=None)

    @property
    def p_high(self) -> float | None:
        """The greatest p without one subject."""
        return max((left.p for left in self.left if left.p is not None), default=None)

    @property
    def decisive(self) -> tuple[str, ...]:
        """The subjects without any one of whom p lies on the other side of 5 %."""
        if self.p is None:
            return ()
        significant = self.p < ALPHA
        return tuple(left.subject for left in self.left if left.p is not None and (left.p < ALPHA) is not significant)


def leave_one_out(data: Design, p_of: Callable[[Design], float | None]) -> Influence:
    """Ask `p_of` for the p of all subjects, and of all but each; it takes three of them, and at most 200."""
    n = len(data.subjects)
    if n < 3:
        return Influence(n=n, reason=too_few(n))
    if n > MOST_SUBJECTS:
        return Influence(n=n, p=p_of(data), skipped=True)
    left = tuple(Left(subject=subject, p=p_of(_without(data, row))) for row, subject in enumerate(data.subjects))
    return Influence(n=n, p=p_of(data), left=left)


def _without(data: Design, row: int) -> Design:
    return replace(
        data,
        values=np.delete(data.values, row, axis=0),
        subjects=data.subjects[:row] + data.subjects[row + 1 :],
        groups=np.delete(data.groups, row),
    )
