"""The joules of each device since the start, for a dashboard: they only rise, whatever a counter does.

    Sampler ──fresh──▶ readings of a second or so ──Tally.take──▶ Metered, one a device: watts now, joules added

A counter is read as `record.counter` says: wraps are made good, resets bridged, glitches dropped. Where a device has
none its sampled power is integrated, and a gap adds nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from raystudy.record.counter import unwrapped
from raystudy.record.points import Point
from raystudy.record.trace import Channel, Scope

GAP_PERIODS, GAP_S = 3, 5.0
"""Sampled power that is silent for so many periods, and so long, adds nothing until it is back, and is not now's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metered:
    """What one device drew of late."""

    device: str
    scope: Scope
    power_w: float | None
    """Null where its last readings do not tell."""
    added_j: float
    """Since the last take; never negative."""


class Tally:
    """Remembers up to where each channel was counted."""

    def __init__(self, *, rate_hz: float) -> None:
        self._gap_s = max(GAP_PERIODS / rate_hz, GAP_S)
        self._waiting: dict[Channel, list[Point]] = {}

    def take(self, read: Mapping[Channel, Sequence[Point]], *, now_s: float) -> tuple[Metered, ...]:
        """Add what was read since the last take."""
        devices: dict[tuple[Scope, str], list[Channel]] = {}
        for channel, points in read.items():
            self._waiting.setdefault(channel, []).extend(points)
            devices.setdefault((channel.scope, channel.device), []).append(channel)
        return tuple(self._metered(channels, now_s) for channels in devices.values())

    def _metered(self, channels: Sequence[Channel], now_s: float) -> Metered:
        counter = next((channel for channel in channels if channel.quantity == "energy_j"), None)
        power = next((channel for channel in channels if channel.quantity == "power_w"), None)
        newest = self._waiting[power][-1:] if power else []
        added_j, slope_w = self._counted(counter) if counter else (0.0, None)
        sampled_j = self._integrated(power) if power else 0.0
        fresh_w = newest[0].value if newest and now_s - newest[0].at_s <= self._gap_s else None
        return Metered(
            device=channels[0].device,
            scope=channels[0].scope,
            power_w=fresh_w if power else slope_w,
            added_j=added_j if counter else sampled_j,
        )

    def _counted(self, channel: Channel) -> tuple[float, float | None]:
        """Return what a counter rose by, and the power that this makes; null where it was not read again."""
        raw = self._waiting[channel]
        points = unwrapped(raw, channel).points
        if len(points) < 2:
            return 0.0, None
        # From the last good reading on: what was dropped after it may be a glitch, or the first after a reset.
        self._waiting[channel] = [point for point in raw if point.at_s >= points[-1].at_s]
        added_j = points[-1].value - points[0].value
        return added_j, added_j / (points[-1].at_s - points[0].at_s)

    def _integrated(self, channel: Channel) -> float:
        """Return the joules of the stretches between sampled powers, gaps left out."""
        points = self._waiting[channel]
        self._waiting[channel] = points[-1:]
        near = [(p, q) for p, q in pairwise(points) if q.at_s - p.at_s <= self._gap_s]
        return sum(max(p.value + q.value, 0.0) / 2 * (q.at_s - p.at_s) for p, q in near)
