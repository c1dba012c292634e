"""The power of each device just now, for a display."""

from collections.abc import Mapping

from raystudy.power.ring import Ring
from raystudy.record.counter import rise_between
from raystudy.record.points import Point
from raystudy.record.trace import Channel

LIVE_S = 0.5
"""Shortest stretch of a counter that gives watts; counters move every 1 to 100 ms."""


def latest_w(rings: Mapping[Channel, Ring]) -> dict[str, float | None]:
    """Return the last power of each device: of its power channel, else from the last stretch of its counter."""
    watts: dict[str, float | None] = {}
    for channel, ring in rings.items():
        if channel.quantity == "power_w":
            newest = ring.newest()
            watts[channel.device] = newest.value if newest else None
        elif channel.quantity == "energy_j":
            watts.setdefault(channel.device, _slope_w(ring, channel))
    return watts


def _slope_w(counter: Ring, channel: Channel) -> float | None:
    """Return the mean power over the last half second or more of a counter."""
    newest = counter.newest()
    if newest is None or newest.value is None:
        return None
    oldest = counter.cut(newest.at_s - LIVE_S, newest.at_s)[0]
    if oldest.value is None or newest.at_s - oldest.at_s < LIVE_S:
        return None
    early, late = (Point(each.at_s, each.half_width_s, each.value or 0.0) for each in (oldest, newest))
    rise = rise_between(early, late, channel)
    return rise.fewest_j / (late.at_s - early.at_s) if rise and not rise.more_laps else None
