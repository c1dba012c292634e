"""How far the constants may be off: by the curvature of the fit, by a bootstrap, and by profile likelihood.

    fit ──curvature──▶ standard errors, correlations
    fit ──bootstrap──▶ refits of resampled configurations ──percentiles──▶ intervals
    constant held at a distance ──others refitted──▶ rise of the loss ──against what 95 % allows──▶ next distance

A profile searches all constants and both sides at once. A side that does not close within the bounds means that the
data do not tell the constant from its neighbours: D. M. Bates & D. G. Watts, Nonlinear Regression Analysis (1988), 6.1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from raystudy.stats.powerlaw.fit import Fit
from raystudy.stats.powerlaw.losses import within
from raystudy.stats.powerlaw.model import Array, Index, Mask, Values, Vector
from raystudy.stats.probability import t_quantile

BATCH = 250
"""Resamples that are refitted at once."""
_TRIES = 24
"""Distances that are tried before a side counts as open."""
_CLOSE_ENOUGH = 1e-3
"""Part of the allowed rise to which it is met."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Curvature:
    """What the slopes at the minimum say."""

    covariance: Array
    """Of the fit's own constants, (constants, constants)."""
    condition_number: float
    """Of the slopes, each column scaled to length 1; infinite where a constant has no effect."""
    errors: Vector
    """Standard errors of the constants that are reported."""
    correlations: Array
    """Of the constants that are reported."""


def curvature(fit: Fit) -> Curvature:
    """Return standard errors and correlations, to first order; an M-estimator's (P. J. Huber, 1973) if robust."""
    _, jacobian = fit.problem.sloped(fit.values[None])
    lengths = np.linalg.norm(jacobian[0], axis=0)
    scaled = jacobian[0] / np.where(lengths > 0, lengths, 1.0)
    singular = np.linalg.svd(scaled, compute_uv=False)
    variance = fit.noise / within(fit.residuals, fit.delta)
    inverse = np.linalg.pinv(scaled.T @ scaled, rcond=1e-15, hermitian=True)
    unit = np.where(lengths > 0, lengths, np.inf)
    covariance = variance * inverse / np.outer(unit, unit)
    slopes = _slopes_of_constants(fit, np.sqrt(np.maximum(np.diag(covariance), 0.0)))  # rounding may take it below 0
    told = slopes @ covariance @ slopes.T
    errors = np.sqrt(np.maximum(np.diag(told), 0.0))
    size = np.where(errors > 0, errors, 1.0)
    smallest = float(singular[-1])
    return Curvature(
        covariance=covariance,
        condition_number=float(singular[0]) / smallest if smallest > 0 else np.inf,
        errors=errors,
        correlations=told / np.outer(size, size),
    )


def _slopes_of_constants(fit: Fit, errors: Vector) -> Array:
    """Return the slope of each reported constant by each fitted one, by central differences."""
    steps = np.diag(np.where(errors > 0, np.minimum(errors, 1.0), 1.0) * 1e-4)
    ends = [np.stack(list(fit.problem.constants(fit.values + sign * steps).values())) for sign in (1, -1)]
    slopes: Array = (ends[0] - ends[1]) / (2 * np.diag(steps))
    return slopes


def resampled(fit: Fit, configurations: Index, n: int, *, seed: int, tell: Callable[[int], None]) -> Array:
    """
    Refit resamples of configurations, and return their constants as the fit has them, (n, constants).

    `configurations` is each row's, by number from 0. Its rows are drawn together: repetitions are no new evidence about
    an exponent. Resamples with fewer different configurations than constants are drawn anew. `tell` hears how many
    more are done.
    """
    draw = np.random.default_rng(seed)
    names, batches = int(configurations.max()) + 1, []
    for done in range(0, n, BATCH):
        counts = _drawn(draw, names, min(BATCH, n - done), least=min(fit.problem.k, names))
        starts = np.repeat(fit.values[None], len(counts), axis=0)
        batches.append(fit.again(starts, counts[:, configurations].astype(float)).values)
        tell(len(counts))
    return np.concatenate(batches)


def _drawn(draw: np.random.Generator, names: int, n: int, *, least: int) -> Index:
    """Return how often each configuration was drawn in each resample, (n, names)."""
    counts = draw.multinomial(names, np.full(names, 1 / names), size=n)
    while (poor := (counts > 0).sum(axis=1) < min(least, names // 2 + 1)).any():
        counts[poor] = draw.multinomial(names, np.full(names, 1 / names), size=int(poor.sum()))
    return counts


def percentiles(constants: Values) -> dict[str, tuple[float, float]]:
    """Return the middle 95 % of each constant."""
    bounds = {name: np.quantile(values, [0.025, 0.975]) for name, values in constants.items()}
    return {name: (float(low), float(high)) for name, (low, high) in bounds.items()}


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
