"""What each law foretells of a configuration that it has not seen: every row left out in turn.

    rows ──all──▶ minimum ──without one, from there──▶ refits at once ──▶ error on the one

Beside the largest quarter, which asks for extrapolation, this asks for what lies between (M. Stone, J. R. Stat. Soc. B
36, 111 (1974)). Rows must be configurations, not repetitions: one that was left out must have no copy among the others.
"""

from collections.abc import Mapping

import numpy as np

from raystudy.stats.powerlaw.compare import rivals_of, rmse_of
from raystudy.stats.powerlaw.fit import fit
from raystudy.stats.powerlaw.losses import Loss
from raystudy.stats.powerlaw.model import Columns, Labels, Vector
from raystudy.stats.powerlaw.problem import Problem


def left_out(columns: Columns, problem: Problem, labels: Mapping[str, Labels]) -> dict[str, float | None]:
    """
    Return the held-out error of each rival that `compare` tells of, by its name, in the unit of y.

    None where some row cannot be left out: too few remain, or no other has its label.
    """
    errors = {name: _of_law(rival) for name, rival in rivals_of(columns, problem) if rival.enough()}
    return errors | {f"mean per {name}": _of_means(problem, label) for name, label in labels.items()}


def _of_law(problem: Problem) -> float | None:
    kept = 1.0 - np.eye(problem.y.size)
    if not all(problem.enough(row > 0) for row in kept):
        return None
    best = fit(problem, Loss.SQUARES)
    refitted = best.again(np.repeat(best.values[None], problem.y.size, axis=0), kept).values
    return rmse_of(np.diag(problem.predicted(refitted)) - problem.y)


def _of_means(problem: Problem, label: Labels) -> float | None:
    at = np.unique(label, return_inverse=True)[1]
    counts = np.bincount(at)
    if counts.min() < 2:
        return None
    sums = np.bincount(at, weights=problem.told)[at]
    foretold: Vector = (sums - problem.told) / (counts[at] - 1)
    return rmse_of((np.exp(foretold) if problem.logarithmic else foretold) - problem.y)
