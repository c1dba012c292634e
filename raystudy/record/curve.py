"""The good readings of one trace as a curve that can be cut: joules between two times, uncertainty, RMS power.

Trace ──Curve──▶ points ──figure_of(spans)──▶ Figure: joules, or the reason why there are none
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from raystudy.record.trace import Trace

MAX_GAP_SHARE = 0.5
"""Sampled power that is silent for more of a span than this gives no figure."""

GAP_PERIODS = 3
"""So many usual periods without a reading are a gap."""

RMS_STRETCH_S = 1.0
"""A counter's RMS is that of its means over stretches of about this length: shorter ones would show its steps."""

Edges = Sequence[tuple[float, float]]


class Point(NamedTuple):
    """A good reading."""

    at_s: float
    half_width_s: float
    value: float


class Curve:
    """The good readings of one trace, ready to be cut."""

    def __init__(self, trace: Trace) -> None:
        self.channel, self.sampler_started_s = trace.channel, trace.sampler_started_s
        self.points = [Point(r.at_s, r.half_width_s, r.value) for r in trace.readings if r.value is not None]
        self.failed_s = [reading.at_s for reading in trace.readings if reading.value is None]

    @property
    def counts(self) -> bool:
        """Whether it is an energy counter; sampled power otherwise."""
        return self.channel.quantity == "energy_j"

    def around(self, start_s: float, end_s: float) -> list[Point]:
        """Return the points from the last one at or before the start to the first one at or after the end."""
        first = bisect_right(self.points, start_s, key=_at_s) - 1
        return self.points[max(first, 0) : bisect_left(self.points, end_s, key=_at_s) + 1]

    def failures(self, start_s: float, end_s: float) -> int:
        """Count the reads that failed."""
        return bisect_right(self.failed_s, end_s) - bisect_left(self.failed_s, start_s)


class Cut(NamedTuple):
    """What a curve gives for one span; the last is the integral of its squared power."""

    energy_j: float
    u_j: float
    square_w2s: float


class Figure(NamedTuple):
    """What a curve gives for some spans, or the reason why it gives nothing."""

    curve: Curve
    energy_j: float | None = None
    u_j: float | None = None
    rms_w: float | None = None
    reason: str | None = None


def figure_of(curve: Curve, edges: Edges) -> Figure:
    """Add up what a curve gives between several pairs of times."""
    reason = next((flaw for edge in edges if (flaw := _flaw(curve, *edge))), None)
    if reason is not None:
        return Figure(curve, reason=reason)
    cut = _cut_counter if curve.counts else _cut_power
    cuts = [cut(curve.around(*edge), *edge) for edge in edges]
    energy_j, u_j, square_w2s = (math.fsum(column) for column in zip(*cuts, strict=True))
    rms_w = math.sqrt(square_w2s / duration_s(edges))
    return Figure(curve, energy_j=energy_j, u_j=None if curve.channel.estimated else u_j, rms_w=rms_w)


def _flaw(curve: Curve, start_s: float, end_s: float) -> str | None:
    """Return why a curve has no figure for a span; null where it has."""
    points, name = curve.around(start_s, end_s), curve.channel.name
    if end_s <= start_s:
        return "The span has no duration."
    if not points or points[0].at_s > start_s:
        late = " The sampler was started within the span." if curve.sampler_started_s > start_s else ""
        return f"{name} has no reading before the span.{late}"
    if points[-1].at_s < end_s:
        return f"{name} has no reading after the span."
    if curve.counts and not curve.channel.estimated:
        return _flaw_of_counter(points, name)
    silent_s = sum(later.at_s - earlier.at_s for earlier, later in _gaps(points))
    if not curve.counts and silent_s > MAX_GAP_SHARE * (end_s - start_s):
        return f"{name} was silent for {silent_s:.1f} s of a span of {end_s - start_s:.1f} s."
    return None


def _flaw_of_counter(points: Sequence[Point], name: str) -> str | None:
    if any(later.value < earlier.value for earlier, later in pairwise(points)):
        return f"{name} fell back within the span: the counter was set anew."
    if points[-1].value == points[0].value:
        return f"{name} did not move: the span is shorter than its step, or it counts nothing."
    return None


def _cut_counter(points: Sequence[Point], start_s: float, end_s: float) -> Cut:
    n = max(1, round((end_s - start_s) / RMS_STRETCH_S))
    stretch_s = (end_s - start_s) / n
    stretches_j = [late - early for early, late in pairwise(_at(points, start_s + i * stretch_s) for i in range(n + 1))]
    steepest_w = max(_slope_w(earlier, later) for earlier, later in pairwise(points))
    usual_j = steepest_w * _usual_s(points)
    steps_j = [max(later.value - earlier.value, usual_j) for earlier, later in (points[:2], points[-2:])]
    return Cut(
        energy_j=_at(points, end_s) - _at(points, start_s),
        u_j=sum(steps_j) / 2 + steepest_w * _edges_half_width_s(points),
        square_w2s=math.fsum(energy_j**2 for energy_j in stretches_j) / stretch_s,
    )


def _cut_power(points: Sequence[Point], start_s: float, end_s: float) -> Cut:
    inside = [(at_s, value) for at_s, _, value in points if start_s < at_s < end_s]
    line = [(start_s, _at(points, start_s)), *inside, (end_s, _at(points, end_s))]
    gaps, powers_w = set(_gaps(points)), [point.value for point in points]
    open_j = [
        (max(powers_w) - min(powers_w) if (a, b) in gaps else abs(b.value - a.value)) * (b.at_s - a.at_s) / 2
        for a, b in pairwise(points)
    ]
    return Cut(
        energy_j=math.fsum((p + q) / 2 * (t - s) for (s, p), (t, q) in pairwise(line)),
        u_j=3 * math.hypot(*open_j) + max(powers_w) * _edges_half_width_s(points),
        square_w2s=math.fsum((p * p + p * q + q * q) / 3 * (t - s) for (s, p), (t, q) in pairwise(line)),
    )


def _gaps(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    """Return the pairs of neighbours that lie much further apart than is usual."""
    usual_s = _usual_s(points)
    return [(early, late) for early, late in pairwise(points) if late.at_s - early.at_s > GAP_PERIODS * usual_s]


def _usual_s(points: Sequence[Point]) -> float:
    """Return the usual time between two readings."""
    return median([later.at_s - earlier.at_s for earlier, later in pairwise(points)])


def _at(points: Sequence[Point], at_s: float) -> float:
    """Return the value at a time that lies between two points, by a straight line."""
    after = min(max(bisect_right(points, at_s, key=_at_s), 1), len(points) - 1)
    earlier, later = points[after - 1], points[after]
    return earlier.value + (later.value - earlier.value) * (at_s - earlier.at_s) / (later.at_s - earlier.at_s)


def _slope_w(earlier: Point, later: Point) -> float:
    return (later.value - earlier.value) / (later.at_s - earlier.at_s)


def _edges_half_width_s(points: Sequence[Point]) -> float:
    """Return how far the times at both edges are uncertain, together."""
    return max(p.half_width_s for p in points[:2]) + max(p.half_width_s for p in points[-2:])


def _at_s(point: Point) -> float:
    return point.at_s


def duration_s(edges: Edges) -> float:
    """Return how long all spans last together."""
    return math.fsum(end_s - start_s for start_s, end_s in edges)
