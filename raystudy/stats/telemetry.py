"""Telemetry of a trajectory: how unsteady it is, where it rises, jumps, or settles, as arXiv 2606.13370 defines them.

    losses (seeds, intervals) ──difference to the interval before──▶ windows ──▶ volatility, backslides, spikes, stable

Beside each stands what an expert would use: spikes by a window that leaves out the difference in question (`spikes`),
volatility without the first drop, and, in `stability`, thresholds that the data do not set themselves.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raystudy.stats.design import Design, Matrix
from raystudy.stats.intervals import sample_mean, standard_deviation
from raystudy.stats.spikes import FEWEST, PUBLISHED, Flags, Rule, cannot_fire, false_alarms, spikes_of

Counts = NDArray[np.intp]

_CALM = 0.25
"""Published: the share of all volatilities, seeds and intervals pooled, below which an interval may be stable."""
_BACKSLIDES_ALLOWED = 1
"""Published: in the window of a stable interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IntervalTelemetry:
    """One interval over all seeds; a difference is that to the interval before, which the first one has not."""

    interval: str
    mean: float
    sd: float | None
    """Between seeds; None for one seed."""
    rolling_volatility: float | None
    """SD of the last differences, mean over seeds; None where there are fewer than two."""
    volatility_without_first: float | None
    """The same without the first difference of all, the drop from the initial weights."""
    backslides: int
    """Seeds whose loss rose."""
    backslide_magnitude: float
    """Rise, 0 where the loss fell, mean over seeds."""
    backslide_frequency: float
    """Rises in the window, mean over seeds."""
    spike_rate: float
    """Share of the window's intervals that are spikes, by the published rule, mean over seeds."""
    spike_rate_lagged: float
    stable_share: float
    """Share of seeds stable as published: volatility in the lowest quarter of all, no spike, at most one backslide."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedTelemetry:
    """One seed over all intervals."""

    seed: str
    best_interval: str
    """Where its loss is least; of equal ones the first."""
    final_minus_best: float
    """At least 0 by construction, so its mean proves no rise: see `turning`."""
    backslides: int
    spikes: tuple[str, ...]
    """Intervals of spikes by the published rule."""
    spikes_lagged: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A rule that cannot find what it looks for, whatever the losses."""

    rule: str
    """What it looks for."""
    window: int
    z: float
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Telemetry:
    """All seeds that have a loss at every interval."""

    rule: Rule
    intervals: tuple[IntervalTelemetry, ...]
    seeds: tuple[SeedTelemetry, ...]
    refused: tuple[Refusal, ...]
    lagged_by_chance: float
    """Spikes that the lagged rule would mark among as many differences of independent normal noise, without a floor."""


def telemetry(data: Design, rule: Rule = PUBLISHED) -> Telemetry:
    """Return the telemetry of losses, (seeds, intervals), in nats."""
    losses = data.values
    changes = np.diff(losses, axis=1)
    why = cannot_fire(rule, changes.shape[1])
    spikes, lagged = (spikes_of(losses, rule, lagged=each) for each in (False, True))
    refused = () if why is None else (Refusal(rule="spike", window=rule.window, z=rule.z, reason=why),)
    before = [min(place, rule.window) for place in range(FEWEST, changes.shape[1])]
    return Telemetry(
        rule=rule,
        intervals=_intervals(data, rule, spikes, lagged) if len(data.subjects) else (),
        seeds=tuple(_seed(data, row, spikes[row], lagged[row]) for row in range(len(data.subjects))),
        refused=refused,
        lagged_by_chance=len(data.subjects) * math.fsum(false_alarms(n, rule.z) for n in before),
    )


def volatility(losses: Matrix, *, window: int, first: int = 0) -> Matrix:
    """
    Return the sample SD of the last differences, (seeds, intervals); NaN where there are fewer than two.

    Those before the difference number `first` are left out: 1 leaves out the drop from the initial weights.
    """
    changes = np.diff(losses, axis=1)
    found = np.full(losses.shape, np.nan)
    for end in range(first + FEWEST, losses.shape[1]):
        found[:, end] = changes[:, max(first, end - window) : end].std(axis=1, ddof=1)
    return found


def backslides(losses: Matrix) -> Flags:
    """Return where the loss rose, (seeds, intervals); never at the first interval, which has no difference."""
    return np.asarray(_changes(losses) > 0)


def in_window(flags: Flags, window: int) -> Counts:
    """Return how many of the last intervals are marked, the current one among them, (seeds, intervals)."""
    sums = flags.cumsum(axis=1)
    sums[:, window:] -= sums[:, :-window].copy()
    return sums


def _intervals(data: Design, rule: Rule, spikes: Flags, lagged: Flags) -> tuple[IntervalTelemetry, ...]:
    losses, window = data.values, rule.window
    intervals = losses.shape[1]
    held = np.minimum(np.arange(intervals) + 1, window)
    rose = backslides(losses)
    rises = np.maximum(_changes(losses), 0).mean(axis=0)
    rolling, settled = (volatility(losses, window=window, first=first) for first in (0, 1))
    frequency, rate, rate_lagged = (in_window(flags, window) for flags in (rose, spikes, lagged))
    stable = _stable(rolling) & (rate == 0) & (frequency <= _BACKSLIDES_ALLOWED)
    return tuple(
        IntervalTelemetry(
            interval=data.levels[place],
            mean=sample_mean(losses[:, place]),
            sd=standard_deviation(losses[:, place]) if len(losses) > 1 else None,
            rolling_volatility=_mean(rolling[:, place]),
            volatility_without_first=_mean(settled[:, place]),
            backslides=int(rose[:, place].sum()),
            backslide_magnitude=float(rises[place]),
            backslide_frequency=float(frequency[:, place].mean()),
            spike_rate=float(rate[:, place].mean() / held[place]),
            spike_rate_lagged=float(rate_lagged[:, place].mean() / held[place]),
            stable_share=float(stable[:, place].mean()),
        )
        for place in range(intervals)
    )


def _changes(losses: Matrix) -> Matrix:
    """Return the differences to the interval before, (seeds, intervals); 0 at the first one."""
    return np.diff(losses, axis=1, prepend=losses[:, :1])


def _stable(rolling: Matrix) -> Flags:
    """Return which volatilities are among the lowest quarter of all; where there is none, it is not."""
    defined = rolling[~np.isnan(rolling)]
    return rolling <= (np.quantile(defined, _CALM) if defined.size else 0.0)


def _mean(values: Matrix) -> float | None:
    """Return the mean over seeds, which all have a value or none."""
    return None if np.isnan(values).any() else sample_mean(values)


def _seed(data: Design, row: int, spikes: Flags, lagged: Flags) -> SeedTelemetry:
    losses = data.values[row]
    best = int(losses.argmin())
    return SeedTelemetry(
        seed=data.subjects[row],
        best_interval=data.levels[best],
        final_minus_best=float(losses[-1] - losses[best]),
        backslides=int((np.diff(losses) > 0).sum()),
        spikes=_named(data, spikes),
        spikes_lagged=_named(data, lagged),
    )


def _named(data: Design, marked: Flags) -> tuple[str, ...]:
    return tuple(data.levels[place] for place in np.flatnonzero(marked))
