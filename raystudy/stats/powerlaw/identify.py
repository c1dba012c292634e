"""Whether the data tell what the exponents are: inputs, size, the law against a constant, and profiles that close.

minimum ──inputs, size──▶ ──whole law──▶ ──profile of each exponent──▶ Verdict
"""

from dataclasses import dataclass

import numpy as np

from raystudy.stats.powerlaw.checks import (
    DECISIVE,
    ILL_CONDITIONED_ABOVE,
    Flag,
    Note,
    bound_notes,
    input_notes,
    size_notes,
)
from raystudy.stats.powerlaw.constants import Ends, exponent_ends
from raystudy.stats.powerlaw.effect import WholeTest, whole_test
from raystudy.stats.powerlaw.fit import Fit
from raystudy.stats.powerlaw.intervals import Curvature, curvature

ALPHA = 0.05
"""Level at which a law must beat a constant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What was found about a minimum, before any of its constants is told."""

    curved: Curvature
    ends: Ends
    """Profile intervals of the exponents; none where the inputs or the rows have already spoken"""
    notes: tuple[Note, ...]
    whole_test: WholeTest | None

    @property
    def identified(self) -> bool:
        """Whether no doubt is decisive."""
        return not any(note.flag in DECISIVE for note in self.notes)

    @property
    def condition_number(self) -> float | None:
        """Of the scaled slopes; None where it is infinite."""
        return self.curved.condition_number if np.isfinite(self.curved.condition_number) else None


def judged(fit: Fit, *, configurations: int) -> Verdict:
    """Return what speaks against the constants; the profiles are only searched where nothing simpler does."""
    curved = curvature(fit)
    size = size_notes(rows=fit.residuals.size, configurations=configurations, k=fit.problem.k)
    notes = [*input_notes(fit.problem.model.drivers), *size]
    few = any(note.flag is Flag.FEW_ROWS for note in notes)
    whole = None if few else whole_test(fit)
    if any(note.flag in DECISIVE for note in notes):
        return Verdict(curved=curved, ends={}, notes=tuple(notes), whole_test=whole)
    ends = exponent_ends(fit, curved)
    if whole is not None and whole.decisive_p >= ALPHA:
        notes.append(Note(flag=Flag.NO_EFFECT, about=("y",)))
    open_ = tuple(name for name, both in ends.items() if not np.isfinite(both).all())
    if open_:
        notes.append(Note(flag=Flag.FLAT_PROFILE, about=open_))
    notes += bound_notes(fit)
    if curved.condition_number > ILL_CONDITIONED_ABOVE:
        notes.append(Note(flag=Flag.ILL_CONDITIONED, about=("the constants",)))
    return Verdict(curved=curved, ends=ends, notes=tuple(notes), whole_test=whole)
