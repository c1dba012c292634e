"""Takes many fits downhill at once: damped Newton steps with analytic slopes, each fit with its own row weights.

    starts (fits, constants) ──step, keep if lower, damp if not──▶ minima (fits, constants)

Resamples, starting points, and the points of a profile are all fits of one problem, so one array operation serves
them together: 1,000 refits of 240 rows take seconds. K. Madsen, H. B. Nielsen & O. Tingleff, Methods for Non-Linear
Least Squares Problems (2004), 3.2; the linear part is solved anew at each step where this is exact (G. H. Golub &
V. Pereyra, SIAM J. Numer. Anal. 10, 413 (1973), in L. Kaufman's approximation).
"""

from dataclasses import dataclass

import numpy as np

from raystudy.stats.powerlaw.losses import huber, influence
from raystudy.stats.powerlaw.model import Array, Index, Vector
from raystudy.stats.powerlaw.problem import Problem

STEPS = 300
"""Steps after which a fit that still moves is left where it is."""
_ROUNDING = 1e-26
"""Mean squared residual, in units of y squared, below which a fit is exact."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Minima:
    """Where the fits ended."""

    values: Array
    """(fits, constants)"""
    objective: Vector
    """(fits,)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What is minimised: the weighted sum of Huber's loss, over the constants that are free."""

    problem: Problem
    delta: float
    weights: Array
    """How often each row counts, (1 or fits, rows)."""
    free: Array
    """1 where a constant may move, else 0: (1 or fits, constants)."""

    def of(self, fits: Index) -> "Task":
        """Return the task for some of the fits."""
        weights = self.weights if self.weights.shape[0] == 1 else self.weights[fits]
        free = self.free if self.free.shape[0] == 1 else self.free[fits]
        return Task(problem=self.problem, delta=self.delta, weights=weights, free=free)

    def objective(self, values: Array) -> Vector:
        """Return what is minimised, (fits,); infinite where it has no value."""
        with np.errstate(all="ignore"):
            total: Vector = (self.weights * huber(self.problem.residuals(values), self.delta)).sum(axis=-1)
        return np.where(np.isfinite(total), total, np.inf)

    @property
    def projects(self) -> bool:
        """Whether the linear part can be solved exactly: least squares of y itself, with nothing held."""
        whole = bool(self.free[:, self.problem.searched :].all())
        return bool(np.isinf(self.delta)) and not self.problem.logarithmic and whole


def polish(task: Task, starts: Array, *, tolerance: float = 1e-12) -> Minima:
    """Go downhill from each start until a step gains less than this part of the objective."""
    low, high = task.problem.bounds()
    values = np.clip(starts, low, high)
    objective = task.objective(values)
    damping, quiet = np.full(len(values), 1e-3), np.zeros(len(values), dtype=int)
    exact = _ROUNDING * task.problem.y.size * task.problem.unit**2
    for _ in range(STEPS):
        going = np.flatnonzero((quiet < 3) & (damping < 1e12) & (objective > exact))
        if going.size == 0:
            break
        part = task.of(going)
        moved = _stepped(part, values[going], damping[going], (low, high))
        reached = part.objective(moved)
        gain = objective[going] - reached
        better = gain > 0
        small = np.abs(gain) <= tolerance * objective[going]
        quiet[going] = np.where(small, quiet[going] + 1, np.where(better, 0, quiet[going]))
        damping[going] = np.where(better, np.maximum(damping[going] / 5, 1e-12), damping[going] * 4)
        values[going[better]], objective[going[better]] = moved[better], reached[better]
    return Minima(values=values, objective=objective)


def _stepped(task: Task, values: Array, damping: Vector, bounds: tuple[Vector, Vector]) -> Array:
    """Return where one damped step leads, within the bounds."""
    residuals, jacobian = task.problem.sloped(values)
    size = np.maximum(np.abs(residuals), 1e-300)
    gradient = np.einsum("br,brk->bk", task.weights * influence(residuals, task.delta), jacobian)
    held = (task.free == 0) | ((values <= bounds[0]) & (gradient > 0)) | ((values >= bounds[1]) & (gradient < 0))
    free = np.where(held, 0.0, 1.0)
    curved = task.weights * (size <= task.delta)
    majorised = task.weights * np.minimum(1.0, task.delta / size)
    # Newton's curvature, and as much of the majoriser's (iteratively reweighted least squares) as damping asks for.
    blend = curved + np.minimum(damping, 1.0)[:, None] * (majorised - curved)
    diagonal = np.einsum("br,brk->bk", majorised, jacobian**2)
    units = np.where((held > 0) | (diagonal == 0), 1.0, np.sqrt(diagonal))
    # Constants differ by many powers of ten: each is stepped in units of its own curvature.
    scaled = jacobian * (free / units)[:, None, :]
    matrix = np.swapaxes(scaled * blend[..., None], 1, 2) @ scaled
    matrix[:, range(task.problem.k), range(task.problem.k)] += np.where(free > 0, damping[:, None] + 1e-14, 1.0)
    step = np.linalg.solve(matrix, (-gradient * free / units)[..., None])[..., 0] / units
    moved = np.clip(values + step, *bounds)
    if task.projects:
        return task.problem.linear_part(moved[:, : task.problem.searched], task.weights)
    return moved
