"""The constants of a law as they are reported: values, standard errors, and intervals by profile or by bootstrap."""

from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.powerlaw.fit import Fit
from raystudy.stats.powerlaw.intervals import Curvature, curvature, percentiles, profile
from raystudy.stats.powerlaw.model import Array
from raystudy.stats.powerlaw.problem import IN_THE_MIDDLE
from raystudy.stats.probability import t_quantile

Ends = dict[str, tuple[float, float]]
"""Intervals by name; infinite on a side that is open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Constant:
    """A constant of the law; all None where the data do not identify it."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    se: float | None
    """Standard error, to first order"""


def exponent_ends(fit: Fit, curved: Curvature) -> Ends:
    """Return the profile interval of each exponent."""
    exponents = fit.problem.model.exponents
    ends = profile(fit, curved.covariance, range(len(exponents)))
    with np.errstate(over="ignore"):
        return {e.name: _ordered(e.told(ends[i])) for i, e in enumerate(exponents)}


def other_ends(fit: Fit, curved: Curvature) -> Ends:
    """Return the profile intervals of amplitudes and E; of what follows from several of the fit, one to first order."""
    problem, names = fit.problem, fit.problem.model.amplitudes
    at = range(problem.searched, problem.searched + len(names))
    moved, values = problem.at_one(fit.values[None])
    apart = replace(fit, problem=moved, values=values[0])
    signs = problem.model.signs or (1.0,) * len(names)
    ends = profile(apart, curvature(apart).covariance, at)
    middle = profile(fit, curved.covariance, [*at, problem.k - 1])
    told: Ends = {}
    for t, name in enumerate(names):
        told[name] = _ordered(np.exp(np.minimum(ends[t], 700.0)) if problem.logarithmic else signs[t] * ends[t])
        if not problem.logarithmic:
            told[name + IN_THE_MIDDLE] = _ordered(signs[t] * middle[t])
    told["E"] = _ordered(np.exp(middle[-1]) if problem.logarithmic else middle[-1])
    return told | _first_order(fit, curved)


def constants(fit: Fit, curved: Curvature, ends: Ends, resamples: Array | None) -> dict[str, Constant]:
    """Return constants and intervals: of resamples if there are any, else by profile; `ends` are the exponents'."""
    values = fit.problem.constants(fit.values[None])
    drawn = None if resamples is None else percentiles(fit.problem.constants(resamples))
    ends = ends | other_ends(fit, curved) if drawn is None else drawn
    errors = map(float, curved.errors)
    return {
        name: Constant(value=float(value[0]), ci_low=_finite(low), ci_high=_finite(high), se=_finite(error))
        for (name, value), error, (low, high) in zip(values.items(), errors, map(ends.__getitem__, values), strict=True)
    }


def _first_order(fit: Fit, curved: Curvature) -> Ends:
    """Return intervals of the constants that are derived, which are positive, by their logarithms' errors."""
    told = fit.problem.constants(fit.values[None])
    t = t_quantile(max(fit.residuals.size - fit.problem.k, 1))
    errors = dict(zip(told, curved.errors, strict=True))
    half = {name: t * errors[name] / told[name][0] for name in fit.problem.model.derived}
    return {name: (float(told[name][0] * np.exp(-h)), float(told[name][0] * np.exp(h))) for name, h in half.items()}


def _ordered(ends: Array) -> tuple[float, float]:
    return float(ends.min()), float(ends.max())


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None
