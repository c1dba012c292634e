"""The good readings of one trace as a curve: where it stands when, how fast it rises, where it is silent."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from statistics import median

from raystudy.record.counter import STEPS, Hole, unwrapped
from raystudy.record.points import Point, area, around, corners, slope, time_of
from raystudy.record.trace import Reading, Trace

GAP_PERIODS = 3
"""So many usual periods without a reading are a gap: planned ones, or the median of MANY or more."""

MANY = 5

SLOPE_S = 0.05
"""Points of a counter that lie closer than this tell no power: RAPL's steps are not as even as they should be."""

BESIDE = 3
"""The power of a counter at a time is told by the sharpest of so many points before it and after it."""


class Curve:
    """The good readings of one trace, ready to be cut."""

    def __init__(self, trace: Trace) -> None:
        self.channel, self.sampling, self.readings = trace.channel, trace.sampling, trace.readings
        self.period_s = trace.period_s
        good = [Point(r.at_s, r.half_width_s, r.value) for r in trace.readings if r.value is not None]
        self.holes: tuple[Hole, ...] = ()
        if self.counts:
            counted = unwrapped(good, trace.channel)
            self.holes, self.n_glitches = counted.holes, counted.n_glitches
            self.points = located(counted.points, trace.channel.update_s)
        else:
            lag_s, most_w = (trace.channel.update_s + trace.channel.average_s) / 2, trace.channel.max_w or math.inf
            self.points = [p._replace(at_s=p.at_s - lag_s) for p in good if 0 <= p.value <= most_w]
            self.n_glitches = len(good) - len(self.points)

    @property
    def counts(self) -> bool:
        """Whether it is an energy counter; sampled power otherwise."""
        return self.channel.quantity == "energy_j"

    def within(self, start_s: float, end_s: float) -> tuple[Reading, ...]:
        """Return the readings between two times, good or failed."""
        first = bisect_left(self.readings, start_s, key=_reading_at_s)
        return self.readings[first : bisect_right(self.readings, end_s, key=_reading_at_s)]

    def gaps(self, start_s: float, end_s: float) -> list[tuple[float, float]]:
        """Return the times within a span between which there was no reading for three usual periods or more."""
        points = around(self.points, start_s, end_s)
        longest_s = self.gap_s(points)
        return [
            (max(early.at_s, start_s), min(late.at_s, end_s))
            for early, late in pairwise(points)
            if late.at_s - early.at_s > longest_s
        ]

    def gap_s(self, points: Sequence[Point]) -> float:
        """Return from which time without a reading on there is a gap."""
        between_s = [late.at_s - early.at_s for early, late in pairwise(points)]
        return GAP_PERIODS * max(self.period_s, median(between_s) if len(between_s) >= MANY else 0.0)

    def slope_w(self, at_s: float) -> float:
        """Return the power of a counter at a time, from the sharpest point before it to the sharpest after it."""
        after = min(max(bisect_right(self.points, at_s, key=time_of), 1), len(self.points) - 1)
        early = min(reversed(self.points[max(after - BESIDE, 0) : after]), key=_half_width_s)
        return slope(early, min(self.points[after : after + BESIDE], key=_half_width_s))

    def between(self, start_s: float, end_s: float) -> float | None:
        """Return the joules of sampled power between two times, negative from late to early; null where unknown."""
        early_s, late_s = sorted((start_s, end_s))
        points = [*around(self.points, early_s, late_s)]
        if points and points[-1].at_s < late_s <= points[-1].at_s + GAP_PERIODS * self.period_s:
            points.append(points[-1]._replace(at_s=late_s))  # the last sample holds until the next one would come
        if len(points) < 2 or points[0].at_s > early_s or points[-1].at_s < late_s:
            return None
        return math.copysign(area(corners(points, early_s, late_s)), end_s - start_s)

    @cached_property
    def most_w(self) -> float:
        """Return the greatest power seen: of a sample, or between two points of a counter that lie far enough apart."""
        return max(self._powers_w, default=self.channel.max_w or 0.0)

    @cached_property
    def least_w(self) -> float:
        """Return the least power seen."""
        return min(self._powers_w, default=0.0)

    @property
    def _powers_w(self) -> Iterator[float]:
        if not self.counts:
            return (point.value for point in self.points)
        return (slope(p, q) for p in self.points if (q := self._far(p)))

    def _far(self, point: Point) -> Point | None:
        """Return the next point of a counter that lies far enough from one to tell the power between them."""
        after = bisect_left(self.points, point.at_s + SLOPE_S, key=time_of)
        far = (
            q
            for q in self.points[after : after + MANY]
            if q.at_s - point.at_s > STEPS * (point.half_width_s + q.half_width_s)
        )
        return next(far, None)


def located(points: Sequence[Point], update_s: float) -> list[Point]:
    """
    Return the updates of a counter, each with the time at which it stood there.

    A reading shows the last update, and that is at most `update_s` old; where the reading before showed another value,
    the update came after that reading. So a counter that is polled closely is known to the time between two polls.
    """
    updates: list[Point] = []
    first, since_s, before = Point(-math.inf, 0.0, math.nan), -math.inf, -math.inf
    for point in points:
        if point.value == first.value and point.at_s - update_s <= first.at_s:
            updates.pop()
        else:
            since_s = -math.inf if point.value == first.value else before
            first = point
        since_s, before = max(since_s, point.at_s - update_s), point.at_s
        half_s = (first.at_s - since_s) / 2
        updates.append(Point(first.at_s - half_s, half_s + first.half_width_s, first.value))
    return updates


def _half_width_s(point: Point) -> float:
    return point.half_width_s


def _reading_at_s(reading: Reading) -> float:
    return reading.at_s
