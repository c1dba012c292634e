"""The raw readings of an energy counter as joules that only rise: wraps, resets and glitches told apart.

    raw readings ──unwrapped──▶ points that rise, with what stays open between them

A counter that went down has wrapped if the power that this implies is plausible. If it is not, one reading may be a
glitch (the next one goes on from the one before) or the counter was set anew (the next one goes on from there).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from raystudy.record.points import Point
from raystudy.record.trace import Channel

STEPS = 2
"""A stretch of so many updates of a counter, and longer ones, tell its power; shorter ones show its steps."""


class Hole(NamedTuple):
    """A stretch between two readings in which a counter says less than it should."""

    start_s: float
    end_s: float
    u_j: float
    """How far the joules taken for it may be off."""


class Rise(NamedTuple):
    """What a counter may have risen by between two readings: so many joules, or those of some further laps as well."""

    fewest_j: float
    more_laps: int = 0


_Stretch = tuple[Point, Point, Rise | None]
"""Two readings, and the joules that may lie between them; null where none are plausible."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unwrapped:
    """A counter that only rises."""

    points: tuple[Point, ...]
    holes: tuple[Hole, ...]
    n_wraps: int
    n_resets: int
    n_glitches: int


def unwrapped(raw: Sequence[Point], channel: Channel) -> Unwrapped:
    """
    Return what the counter would show had it never started again.

    A reset, and a gap in which it may have gone round more than once, are bridged at the power of the readings around
    them, and leave a hole: from no joule at all to the greatest power seen.
    """
    kept, n_glitches = _without_glitches(raw, channel)
    stretches = [(early, late, rise_between(early, late, channel)) for early, late in pairwise(kept)]
    slopes_w = [_slope_w(stretch, channel) for stretch in stretches]
    most_w = max((slope_w for slope_w in slopes_w if slope_w is not None), default=channel.max_w or 0.0)
    points, holes, total_j = list(kept[:1]), list[Hole](), kept[0].value if kept else 0.0
    for index, (early, late, rise) in enumerate(stretches):
        around_w = [slope_w for slope_w in slopes_w[max(index - 1, 0) : index + 2] if slope_w is not None]
        guess_w = sum(around_w) / len(around_w) if around_w else most_w / 2
        rise_j, u_j = _settled(rise, late.at_s - early.at_s, guess_w, most_w, lap_j=channel.wraps_at_j or 0.0)
        if u_j > 0:
            holes.append(Hole(early.at_s, late.at_s, u_j))
        total_j += rise_j
        points.append(late._replace(value=total_j))
    return Unwrapped(
        points=tuple(points),
        holes=tuple(holes),
        n_wraps=sum(late.value < early.value and rise is not None for early, late, rise in stretches),
        n_resets=sum(rise is None for _, _, rise in stretches),
        n_glitches=n_glitches,
    )


def _without_glitches(raw: Sequence[Point], channel: Channel) -> tuple[list[Point], int]:
    """
    Drop single readings that break the rise.

    Such a one does not go along with the reading before it, or not with the one after, while those two go along with
    each other. A reading that only the one after it goes along with is the first after a reset.
    """
    kept: list[Point] = list(raw[:1])
    for index in range(1, len(raw)):
        before, reading, after = kept[-1], raw[index], raw[index + 1] if index + 1 < len(raw) else None
        sound = rise_between(before, reading, channel)
        goes_on = after and rise_between(reading, after, channel)
        if (sound and goes_on) or ((sound or goes_on) and not (after and rise_between(before, after, channel))):
            kept.append(reading)
    return kept, len(raw) - len(kept)


def rise_between(early: Point, late: Point, channel: Channel) -> Rise | None:
    """Return what may lie between two readings at a plausible power; null where nothing may."""
    slack_s = channel.update_s + early.half_width_s + late.half_width_s
    most_j = math.inf if channel.max_w is None else channel.max_w * (late.at_s - early.at_s + slack_s)
    rise_j, lap_j = late.value - early.value, channel.wraps_at_j
    if rise_j < 0 and lap_j is not None:
        rise_j += lap_j
    if not 0 <= rise_j <= most_j:
        return None
    return Rise(rise_j, 0 if lap_j is None or math.isinf(most_j) else int((most_j - rise_j) / lap_j))


def _settled(
    rise: Rise | None, duration_s: float, guess_w: float, most_w: float, *, lap_j: float
) -> tuple[float, float]:
    """Return the joules taken for a stretch, and how far they may be off."""
    guess_j = duration_s * guess_w
    if rise is None:
        return guess_j, max(guess_j, most_w * duration_s - guess_j)
    if not rise.more_laps:
        return rise.fewest_j, 0.0
    laps = min(max(round((guess_j - rise.fewest_j) / lap_j), 0), rise.more_laps)
    return rise.fewest_j + laps * lap_j, max(laps, rise.more_laps - laps) * lap_j


def _slope_w(stretch: _Stretch, channel: Channel) -> float | None:
    """Return the power of a stretch that is sure and longer than the counter's steps; null of any other."""
    early, late, rise = stretch
    duration_s = late.at_s - early.at_s
    sure = rise is not None and not rise.more_laps and duration_s > STEPS * channel.update_s
    return rise.fewest_j / duration_s if sure and rise else None
