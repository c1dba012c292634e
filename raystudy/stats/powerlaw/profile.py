"""Profile likelihood: how far a constant can be held from its estimate until the refitted rest cannot make up for it.

    constant held at a distance ──others refitted──▶ rise of the loss ──against what 95 % allows──▶ next distance

All constants and both sides are searched at once. A side that does not close within the bounds means that the data do
not tell the constant from its neighbours: D. M. Bates & D. G. Watts, Nonlinear Regression Analysis (1988), 6.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from raystudy.stats.powerlaw.fit import Fit
from raystudy.stats.powerlaw.model import Array, Index, Mask, Vector
from raystudy.stats.probability import t_quantile

_TRIES = 24
"""Distances that are tried before a side counts as open."""
_CLOSE_ENOUGH = 1e-3
"""Part of the allowed rise to which it is met."""


@dataclass(slots=True)
class _Sides:
    """The search on each side of each constant; grows outwards first, then closes in between two distances."""

    room: Vector
    """Distance to the bound"""
    limit: float
    """Rise of the loss that the interval allows"""
    distance: Vector
    inner: Vector = field(init=False)
    outer: Vector = field(init=False)
    found: Vector = field(init=False)
    open: Mask = field(init=False)

    def __post_init__(self) -> None:
        count = self.room.size
        self.inner, self.outer = np.zeros((2, count)), np.full((2, count), np.inf)  # distance and rise of each
        self.found, self.open = np.full(count, np.inf), self.room > 0

    def learn(self, sides: Index, rise: Vector) -> Mask:
        """Take in the rise at the present distances, and return which of them are within the interval."""
        tried, within = self.distance[sides], rise < self.limit
        closed = np.abs(rise / self.limit - 1) < _CLOSE_ENOUGH
        self.found[sides[closed]] = tried[closed]
        self.inner[:, sides[within]] = tried[within], rise[within]
        self.outer[:, sides[~within]] = tried[~within], rise[~within]
        self.open[sides[closed | (within & (tried >= self.room[sides]))]] = False
        return within

    def go_on(self) -> None:
        """Set the next distances; the root of the rise is nearly linear in the distance."""
        goal, near, far = np.sqrt(self.limit), np.sqrt(self.inner[1]), np.sqrt(self.outer[1])
        with np.errstate(invalid="ignore", divide="ignore"):
            grown = self.distance * np.clip(goal / near, 1.3, 4.0)
            share = np.clip((goal - near) / (far - near), 0.1, 0.9)
            between = self.inner[0] + (self.outer[0] - self.inner[0]) * share
        self.distance = np.minimum(np.where(np.isinf(self.outer[0]), grown, between), self.room)

    def ends(self) -> Vector:
        """Return how far each side reaches; infinite where it does not close."""
        between = np.isinf(self.found) & np.isfinite(self.outer[0])
        return np.where(between, (self.inner[0] + self.outer[0]) / 2, self.found)


def profile(fit: Fit, covariance: Array, which: Sequence[int]) -> Array:
    """Return the 95 % interval of each of these constants of the fit, (which, 2), infinite where a side is open."""
    at, sign = np.repeat(np.asarray(which, dtype=int), 2), np.tile([-1.0, 1.0], len(which))
    bounds = low, high = fit.problem.bounds()
    variances = np.maximum(np.diag(covariance), 1e-300)[at]
    along = sign[:, None] * covariance[at] / variances[:, None]
    room = np.where(sign > 0, high[at] - fit.values[at], fit.values[at] - low[at])
    sides = _Sides(room=room, limit=_allowed(fit), distance=np.minimum(2 * np.sqrt(variances), room))
    free = np.ones((at.size, fit.problem.k))
    free[np.arange(at.size), at] = 0.0
    # Starts lie on the line from the last fit within the interval: one beyond it may have gone astray.
    last, last_at = np.repeat(fit.values[None], at.size, axis=0), np.zeros(at.size)
    for _ in range(_TRIES):
        going = np.flatnonzero(sides.open)
        if going.size == 0:
            break
        starts = last[going] + along[going] * (sides.distance - last_at)[going, None]
        starts[np.arange(going.size), at[going]] = (fit.values[at] + sign * sides.distance)[going]
        minima = fit.again(np.clip(starts, *bounds), fit.weights[None], free=free[going], tolerance=1e-7)
        within = sides.learn(going, np.maximum(minima.objective - fit.objective, 0.0))
        last[going[within]], last_at[going[within]] = minima.values[within], sides.distance[going[within]]
        sides.go_on()
    ends: Array = fit.values[at] + sign * sides.ends()
    return ends.reshape(-1, 2)


def _allowed(fit: Fit) -> float:
    """Return the rise of the loss at the ends of a 95 % interval."""
    df = max(int(np.count_nonzero(fit.weights)) - fit.problem.k, 1)
    return t_quantile(df) ** 2 * fit.noise / 2
