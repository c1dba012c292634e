"""Whether the data tell what the exponents are: inputs, size, the law against a constant, and profiles that close.

    minimum ──inputs, size──▶ ──whole law──▶ ──profile of each exponent──▶ Identification

A law is tried against a constant by F, and by permutation, which alone is right where there is no effect: there are no
exponents then, a search over them finds one that fits the noise, and F is too large (R. B. Davies, Biometrika 64, 247
(1977)). The same search over permuted outcomes says by how much.
"""

from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.powerlaw.checks import (
    ILL_CONDITIONED_ABOVE,
    Flag,
    Note,
    bound_notes,
    decisive,
    input_notes,
    size_notes,
)
from raystudy.stats.powerlaw.constants import Ends, exponent_ends
from raystudy.stats.powerlaw.fit import Fit, grid
from raystudy.stats.powerlaw.intervals import Curvature, curvature
from raystudy.stats.powerlaw.model import Array, Vector, constant
from raystudy.stats.powerlaw.problem import Problem
from raystudy.stats.probability import ALPHA, f_tail

PERMUTATIONS = 999


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeTest:
    """The whole law against a constant."""

    f: float
    df: tuple[int, int]
    p: float
    """Of F, too small where there is no effect"""
    p_permutation: float
    """Share of permuted outcomes that the law explains as well, 0.001 at least"""

    @property
    def decisive_p(self) -> float:
        """The greater of both."""
        return max(self.p, self.p_permutation)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identification:
    """What was found about a minimum, before any of its constants is told."""

    curved: Curvature
    ends: Ends
    """Profile intervals of the exponents; none where the inputs or the rows have already spoken"""
    notes: tuple[Note, ...]
    whole_test: WholeTest | None

    @property
    def identified(self) -> bool:
        """Whether no doubt is decisive."""
        return not decisive(self.notes)

    @property
    def condition_number(self) -> float | None:
        """Of the scaled slopes; None where it is infinite."""
        return self.curved.condition_number if np.isfinite(self.curved.condition_number) else None


def identify(fit: Fit, *, configurations: int) -> Identification:
    """Return what speaks against the constants; the profiles are only searched where nothing simpler does."""
    curved = curvature(fit)
    notes = [*input_notes(fit.problem.model.drivers), *size_notes(fit.problem, configurations)]
    few = any(note.flag is Flag.FEW_ROWS for note in notes)
    whole = None if few else whole_test(fit)
    if decisive(notes):
        return Identification(curved=curved, ends={}, notes=tuple(notes), whole_test=whole)
    ends = exponent_ends(fit, curved)
    if whole is not None and whole.decisive_p >= ALPHA:
        notes.append(Note(flag=Flag.NO_EFFECT, about=("the outcome",)))
    open_ = tuple(name for name, both in ends.items() if not np.isfinite(both).all())
    if open_:
        notes.append(Note(flag=Flag.FLAT_PROFILE, about=open_))
    notes += bound_notes(fit)
    if curved.condition_number > ILL_CONDITIONED_ABOVE:
        notes.append(Note(flag=Flag.ILL_CONDITIONED, about=("The constants",)))
    return Identification(curved=curved, ends=ends, notes=tuple(notes), whole_test=whole)


def whole_test(fit: Fit) -> WholeTest:
    """Test a fit against a constant fitted by the same loss."""
    n, k = fit.residuals.size, fit.problem.k
    flat = Problem(model=constant(fit.problem.model.scale, n), y=fit.problem.y)
    start = np.array([np.median(flat.told)])
    none = replace(fit, problem=flat, values=start).again(start[None], fit.weights[None])
    fall = 2 * (float(none.objective[0]) - fit.objective) / fit.noise
    df = (k - 1, n - k)
    f = max(fall / df[0], 0.0)
    return WholeTest(
        f=f, df=df, p=f_tail(f, df_effect=df[0], df_error=df[1]).p, p_permutation=_permutation_p(fit.problem)
    )


def _permutation_p(problem: Problem) -> float:
    """Compare the best R squared over the grid of exponents with that of permuted outcomes, by least squares."""
    centred = problem.told - problem.told.mean()
    draw = np.random.default_rng(0)
    orders = np.stack([np.arange(centred.size), *(draw.permutation(centred.size) for _ in range(PERMUTATIONS))])
    best = _explained(problem, centred[orders].T)
    return float((best >= best[0] * (1 - 1e-12)).mean())


def _explained(problem: Problem, outcomes: Array) -> Vector:
    """Return for each outcome (rows, outcomes) the greatest sum of squares that any point of the grid explains."""
    exponents = grid(problem)
    best = np.zeros(outcomes.shape[1])
    for at in range(0, len(exponents), 64):
        terms = np.exp(np.minimum(problem.log_terms(exponents[at : at + 64])[0], 300.0))
        terms = terms - terms.mean(axis=1, keepdims=True)
        bases = np.linalg.qr(terms / (np.linalg.norm(terms, axis=1, keepdims=True) + 1e-300))[0]
        explained = (np.swapaxes(bases, 1, 2) @ outcomes) ** 2
        best = np.maximum(best, explained.sum(axis=1).max(axis=0))
    return best
