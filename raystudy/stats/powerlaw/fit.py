"""Finds the constants of a law: every point of a grid of exponents, then downhill from the best of them.

grid of exponents ──linear part solved exactly──▶ best starts ──polish──▶ the minimum
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from raystudy.stats.powerlaw.losses import ROUNDING, SMALLEST_DELTA, Loss, efficient_delta, noise, spread
from raystudy.stats.powerlaw.model import Array, Vector
from raystudy.stats.powerlaw.polish import Minima, Task, polish
from raystudy.stats.powerlaw.problem import Problem

STARTS = 6
"""Points of the grid from which the fit goes downhill."""
_BLOCK = 400_000
"""Numbers that one array of the grid may hold."""
FALLING = tuple(0.3**step for step in range(9))
"""Deltas in units of the first, down to below 1e-4 of it, by which least absolute error is approached."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """The minimum."""

    problem: Problem
    values: Vector
    """(constants,)"""
    objective: float
    deltas: tuple[float, ...]
    """Huber's deltas in the order they were gone through; the last one is that of the fit."""
    weights: Vector
    """(rows,)"""

    @property
    def delta(self) -> float:
        """Huber's delta; infinite for least squares."""
        return self.deltas[-1]

    @property
    def residuals(self) -> Vector:
        """What the law is above y, on the scale of the fit: (rows,)."""
        residuals: Vector = self.problem.residuals(self.values[None])[0]
        return residuals

    @property
    def noise(self) -> float:
        """What twice a rise of the objective is divided by to be chi squared; rounding, where the fit is exact."""
        counted = self.residuals[self.weights > 0]
        return max(noise(counted, self.delta, k=self.problem.k), ROUNDING * self.problem.unit**2)

    def again(self, starts: Array, weights: Array, *, free: Array | None = None, tolerance: float = 1e-9) -> Minima:
        """Fit other weights, or with some constants held, from these starts, by the same deltas."""
        held = np.ones((1, self.problem.k)) if free is None else free
        minima = Minima(values=starts, objective=np.full(len(starts), np.inf))
        for delta in self.deltas:
            task = Task(problem=self.problem, delta=delta, weights=weights, free=held)
            minima = polish(task, minima.values, tolerance=tolerance)
        return minima


def fit(
    problem: Problem,
    loss: Loss,
    *,
    delta: float | None = None,
    weights: Vector | None = None,
    also: Array | None = None,
) -> Fit:
    """
    Fit by least squares, Huber's loss, or absolute error; rows may have weights.

    Without a delta Huber's is 1.345 robust standard deviations, found in two steps: those of least squares, then those
    of the fit with that delta. `also` are exponents from which to go downhill besides the grid's, (starts, exponents).
    """
    least = SMALLEST_DELTA * problem.unit
    counts = np.ones((1, problem.y.size)) if weights is None else weights[None]
    free = np.ones((1, problem.k))

    def down(starts: Array, by: float) -> Array:
        task = Task(problem=problem, delta=by, weights=counts, free=free)
        rough = polish(task, starts, tolerance=1e-4)
        minima = polish(task, rough.values[np.argsort(rough.objective, kind="stable")[:2]])
        return minima.values[[int(np.argmin(minima.objective))]]

    def residuals(values: Array) -> Vector:
        counted: Vector = problem.residuals(values)[0, counts[0] > 0]
        return counted

    starts = _starts(problem, counts)
    if also is not None:
        starts = np.concatenate([starts, problem.linear_part(also, counts)])
    if loss is Loss.HUBER and delta is not None:
        best = down(starts, delta)
        deltas: tuple[float, ...] = (delta,)
    else:
        best, deltas = down(starts, np.inf), (np.inf,)
    if loss is Loss.ABSOLUTE:
        first = max(spread(residuals(best)), least)
        deltas = tuple(max(first * part, least) for part in FALLING)
        best = reduce(down, deltas, best)
    elif loss is Loss.HUBER and delta is None:
        best = down(best, efficient_delta(residuals(best), unit=problem.unit))
        deltas = (efficient_delta(residuals(best), unit=problem.unit),)
        best = down(best, deltas[0])
    objective = Task(problem=problem, delta=deltas[-1], weights=counts, free=free).objective(best)
    return Fit(problem=problem, values=best[0], objective=float(objective[0]), deltas=deltas, weights=counts[0])


def grid(problem: Problem) -> Array:
    """Return the exponents that are tried first, (points, exponents)."""
    axes = [np.asarray(exponent.grid) for exponent in problem.model.exponents]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=-1) if axes else np.zeros((1, 0))


def _starts(problem: Problem, weights: Array) -> Array:
    """Return the best points of the grid, each with its linear part."""
    points = grid(problem)
    task = Task(problem=problem, delta=np.inf, weights=weights, free=np.ones((1, problem.k)))
    size = max(_BLOCK // (problem.y.size * problem.k), 1)
    blocks = [problem.linear_part(points[at : at + size], weights) for at in range(0, len(points), size)]
    objectives = np.concatenate([task.objective(block) for block in blocks])
    chosen = np.argsort(objectives, kind="stable")[:STARTS]
    return np.concatenate(blocks)[chosen]
