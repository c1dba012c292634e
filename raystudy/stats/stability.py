"""When a trajectory has settled, by thresholds in nats that stand before the data are seen, each beside its neighbours.

    losses (seeds, intervals) ──volatility without the first drop, backslides──▶ each threshold ──▶ share stable

The published threshold is a quarter of the data's own volatilities, so that about a quarter lies below it whatever they
are. What holds along a sweep of absolute thresholds is a property of the training, not of the rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from raystudy.stats.design import Design
from raystudy.stats.spikes import FEWEST, PUBLISHED, Flags
from raystudy.stats.telemetry import backslides, in_window, volatility

THRESHOLDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Nats: from a half to about twenty percent of the perplexity."""
ALLOWED = (0, 1, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What one threshold says, with so many backslides allowed in the window."""

    threshold: float
    """Volatility at most, nats."""
    backslides_allowed: int
    share: float | None
    """Of all seeds and intervals that have a volatility without the first drop; None where none has."""
    first_interval: str | None
    """The first one at which at least half of the seeds are stable; None where there is none."""


def sensitivity(data: Design, *, window: int = PUBLISHED.window) -> tuple[Settled, ...]:
    """Return the sweep, thresholds first; `window` counts differences for volatility, intervals for backslides."""
    first = FEWEST + 1
    unsteady = volatility(data.values, window=window, first=1)[:, first:]
    rises = in_window(backslides(data.values), window)[:, first:]
    return tuple(
        _settled((unsteady <= threshold) & (rises <= allowed), data.levels[first:], threshold, allowed)
        for threshold in THRESHOLDS
        for allowed in ALLOWED
    )


def _settled(stable: Flags, levels: Sequence[str], threshold: float, allowed: int) -> Settled:
    first = next(
        (level for level, seeds in zip(levels, stable.T, strict=True) if seeds.any() and 2 * seeds.sum() >= seeds.size),
        None,
    )
    share = float(stable.mean()) if stable.size else None
    return Settled(threshold=threshold, backslides_allowed=allowed, share=share, first_interval=first)
