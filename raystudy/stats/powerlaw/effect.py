"""Whether a law explains more than a constant does: by F, and by permutation, which alone is right if it does not.

Where there is no effect there are no exponents either, and a search over them finds one that fits the noise, so that F
is too large (R. B. Davies, Biometrika 64, 247 (1977)). The same search over permuted outcomes says by how much.
"""

from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.powerlaw.fit import Fit, grid
from raystudy.stats.powerlaw.model import Array, Vector, constant
from raystudy.stats.powerlaw.problem import Problem
from raystudy.stats.probability import f_tail

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


def whole_test(fit: Fit) -> WholeTest:
    """Test a fit against a constant fitted by the same loss."""
    n, k = fit.residuals.size, fit.problem.k
    flat = Problem(model=constant(fit.problem.model.scale, n), y=fit.problem.y)
    start = np.array([np.median(_told(flat))])
    none = replace(fit, problem=flat, values=start).again(start[None], fit.weights[None])
    fall = 2 * (float(none.objective[0]) - fit.objective) / fit.noise
    df = (k - 1, n - k)
    f = max(fall / df[0], 0.0)
    return WholeTest(
        f=f, df=df, p=f_tail(f, df_effect=df[0], df_error=df[1]).p, p_permutation=_permutation_p(fit.problem)
    )


def _permutation_p(problem: Problem) -> float:
    """Compare the best R squared over the grid of exponents with that of permuted outcomes, by least squares."""
    told = _told(problem)
    centred = told - told.mean()
    draw = np.random.default_rng(0)
    orders = np.stack([np.arange(told.size), *(draw.permutation(told.size) for _ in range(PERMUTATIONS))])
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


def _told(problem: Problem) -> Vector:
    """Return y on the scale of the fit."""
    return np.log(problem.y) if problem.logarithmic else problem.y
