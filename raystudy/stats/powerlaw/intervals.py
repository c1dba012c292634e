"""How far the constants may be off: the curvature of the fit, and a bootstrap of configurations.

fit ──curvature──▶ standard errors, correlations
fit ──bootstrap──▶ refits of resampled configurations ──percentiles──▶ intervals
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from raystudy.stats.powerlaw.fit import Fit
from raystudy.stats.powerlaw.losses import within
from raystudy.stats.powerlaw.model import Array, Index, Values, Vector

BATCH = 250
"""Resamples that are refitted at once."""


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
    slopes = _slopes_of_constants(fit, np.sqrt(np.diag(covariance)))
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


def resampled(
    fit: Fit, configurations: Index, n: int, *, seed: int, tell: Callable[[int], None] = lambda _: None
) -> Array:
    """
    Refit resamples of configurations, and return their constants as the fit has them, (n, constants).

    Rows of one configuration are drawn together: repetitions are no new evidence about an exponent. Resamples with
    fewer different configurations than constants are drawn anew. `tell` hears how many more are done.
    """
    draw = np.random.default_rng(seed)
    names, labels = np.unique(configurations, return_inverse=True)
    batches = []
    for done in range(0, n, BATCH):
        counts = _drawn(draw, names.size, min(BATCH, n - done), least=min(fit.problem.k, names.size))
        starts = np.repeat(fit.values[None], len(counts), axis=0)
        batches.append(fit.again(starts, counts[:, labels].astype(float)).values)
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
