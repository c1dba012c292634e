"""Joules of a curve between two times, and how far they may be off.

    Curve ──figure_of(spans)──▶ Figure: joules and half-width, or the reason why there are none

A counter is read where it stood, sampled power is integrated. Neither is extrapolated.
"""

import math
from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import NamedTuple

from raystudy.record.curve import BESIDE, Curve
from raystudy.record.points import Edges, Point, area, around, corners, duration_s, time_of, value_at

MAX_GAP_SHARE = 0.5
"""Sampled power that is silent for more of a span than this gives no figure."""

SIGMAS = 4
"""|dP| dt/2 of two samples is about .7 standard deviations of what lies between them; four of it hold 99 %."""

ALIAS = 0.25
"""Share of the mean change between two samples that may be off all along, where the power keeps step with them."""

UNSEEN = 0.25
"""Between samples power may leave the range of those seen by this share of the greatest; see benchmarks."""

RMS_STRETCH_S = 1.0
"""A counter's RMS is that of its means over stretches of about this length: shorter ones would show its steps."""


class Cut(NamedTuple):
    """What a curve gives for one span; `square_w2s` is the integral of the squared power."""

    energy_j: float
    u_j: float
    square_w2s: float


class Figure(NamedTuple):
    """What a curve gives for some spans, or the reason why it gives nothing."""

    curve: Curve
    energy_j: float | None = None
    u_j: float | None = None
    rms_w: float | None = None
    unseen_j: float = 0.0
    """What a counter rose by around the spans, and the samples beside it do not show, or the other way round."""
    reason: str | None = None
    still: bool = False
    """Whether it is of a counter that did not move."""


def figure_of(curve: Curve, edges: Edges, *, power: Curve | None = None) -> Figure:
    """Add up what a curve gives between several pairs of times; `power` shapes a counter between its updates."""
    reason = next((flaw for edge in edges if (flaw := _flaw(curve, *edge))), None)
    if reason is not None:
        return Figure(curve, reason=reason, still="did not move" in reason)
    cuts = [_cut_counter(curve, *edge, power) if curve.counts else _cut_power(curve, *edge) for edge in edges]
    energy_j, u_j, square_w2s = (math.fsum(column) for column in zip(*cuts, strict=True))
    rms_w = math.sqrt(square_w2s / duration_s(edges))
    unseen_j = sum(_unseen_j(curve, *edge, power) for edge in edges) if curve.counts else 0.0
    return Figure(curve, energy_j, None if curve.channel.estimated else u_j, rms_w, unseen_j)


def _flaw(curve: Curve, start_s: float, end_s: float) -> str | None:
    """Return why a curve has no figure for a span; null where it has."""
    points, name = around(curve.points, start_s, end_s), curve.channel.name
    if end_s <= start_s:
        return "The span has no duration."
    if not points or points[0].at_s > start_s:
        late = " The sampler was started within the span." if curve.sampling.started_s > start_s else ""
        return f"{name} has no reading before the span.{late}{_last_error(curve)}"
    if points[-1].at_s < end_s:
        return f"{name} has no reading after the span.{_last_error(curve)}"
    if curve.counts:
        still = points[-1].value == points[0].value and not curve.channel.estimated
        return f"{name} did not move: the span is shorter than its step, or it counts nothing." if still else None
    silent_s = sum(late_s - early_s for early_s, late_s in curve.gaps(start_s, end_s))
    if silent_s > MAX_GAP_SHARE * (end_s - start_s):
        return f"{name} was silent for {silent_s:.1f} s of a span of {end_s - start_s:.1f} s.{_last_error(curve)}"
    return None


def _last_error(curve: Curve) -> str:
    """Say what the last reading failed with, where it failed."""
    error = curve.readings[-1].error if curve.readings else None
    return f" Its reads failed: {error}." if error else ""


def _cut_counter(curve: Curve, start_s: float, end_s: float, power: Curve | None) -> Cut:
    points = around(curve.points, start_s, end_s)
    n = max(1, round((end_s - start_s) / RMS_STRETCH_S))
    stretch_s = (end_s - start_s) / n
    stood_j = [value_at(points, start_s + i * stretch_s) for i in range(n + 1)]
    open_j = sum(hole.u_j for hole in curve.holes if hole.start_s < end_s and hole.end_s > start_s)
    (start_j, start_u_j), (end_j, end_u_j) = (_stood(curve, edge_s, power) for edge_s in (start_s, end_s))
    return Cut(
        energy_j=end_j - start_j,
        u_j=start_u_j + end_u_j + open_j,
        square_w2s=math.fsum((late - early) ** 2 for early, late in pairwise(stood_j)) / stretch_s,
    )


def _unseen_j(curve: Curve, start_s: float, end_s: float, power: Curve | None) -> float:
    """Return by how much a counter and the samples beside it may differ between updates surely around two times."""
    first, after = bisect_right(curve.points, start_s, key=time_of) - 1, bisect_left(curve.points, end_s, key=time_of)
    early = next((p for p in curve.points[max(first, 0) :: -1] if p.at_s + p.half_width_s <= start_s), None)
    late = next((p for p in curve.points[after:] if p.at_s - p.half_width_s >= end_s), None)
    sampled_j = power.between(early.at_s, late.at_s) if power and early and late else None
    if power is None or early is None or late is None or sampled_j is None:
        return 0.0
    apart_j, times_j = (
        abs(late.value - early.value - sampled_j),
        power.most_w * (early.half_width_s + late.half_width_s),
    )
    return apart_j + times_j if apart_j > times_j else apart_j


def _stood(curve: Curve, at_s: float, power: Curve | None) -> tuple[float, float]:
    """
    Return where a counter stood at a time between two of its points, and how far that is uncertain.

    It is reckoned from the point that leaves the least uncertainty: along the power sampled from there to the edge,
    else along a straight line. That power is uncertain by the range of all samples and a quarter of the greatest, where
    it was sampled, else by the greatest power seen. The time of the point is uncertain itself. What the samples around
    the edge do not show of the counter's rise may have come before the edge or after it. The counter never stood below
    a point before the edge, nor above one after it: that room bounds the uncertainty, its half that of the first part.
    """
    after = bisect_left(curve.points, at_s, key=time_of)
    beside = curve.points[max(after - BESIDE, 0) : after + BESIDE]
    least_j = max((p.value for p in beside if p.at_s + p.half_width_s <= at_s), default=-math.inf)
    most_j = min((p.value for p in beside if p.at_s - p.half_width_s >= at_s), default=math.inf)
    u_j, stood_j = min(_reckoned(curve, point, at_s, power) for point in beside)
    room_j = most_j - least_j
    u_j = min(min(u_j, room_j / 2) + _unseen_j(curve, at_s, at_s, power), room_j)
    return min(max(stood_j, least_j), most_j), u_j


def _reckoned(curve: Curve, point: Point, at_s: float, power: Curve | None) -> tuple[float, float]:
    """Return how far a counter's value at a time is uncertain when it is reckoned from a point, and that value."""
    sampled_j = power.between(point.at_s, at_s) if power else None
    most_w = max(curve.most_w, power.most_w if power else 0.0)
    if power is None or sampled_j is None:
        u_w, flown_j = most_w, curve.slope_w(at_s) * (at_s - point.at_s)
    else:
        u_w, flown_j = power.most_w - power.least_w + UNSEEN * power.most_w, sampled_j
    return u_w * abs(at_s - point.at_s) + most_w * point.half_width_s, point.value + flown_j


def _range_w(curve: Curve, at_s: float, beside_s: float) -> float:
    """Return how far the sampled power moved around a time."""
    powers_w = [point.value for point in around(curve.points, at_s - beside_s, at_s + beside_s)]
    return max(powers_w) - min(powers_w)


def _cut_power(curve: Curve, start_s: float, end_s: float) -> Cut:
    points = around(curve.points, start_s, end_s)
    line = corners(points, start_s, end_s)
    powers_w = [point.value for point in points]
    widest_w, longest_s = max(powers_w) - min(powers_w), curve.gap_s(points)
    open_j = [
        (abs(b.value - a.value) if b.at_s - a.at_s <= longest_s else widest_w) * (b.at_s - a.at_s) / 2
        for a, b in pairwise(points)
    ]
    lag_s = (curve.channel.update_s + curve.channel.average_s) / 2
    rough_w = sum(abs(b.value - a.value) for a, b in pairwise(points)) / (len(points) - 1)
    call_s = max(p.half_width_s for p in points[:2]) + max(p.half_width_s for p in points[-2:])
    moved_w = max(_range_w(curve, edge_s, 4 * lag_s) for edge_s in (start_s, end_s))
    times_j = moved_w * lag_s + max(powers_w) * call_s
    return Cut(
        energy_j=area(line),
        u_j=SIGMAS * math.hypot(*open_j) + ALIAS * rough_w * (end_s - start_s) + times_j,
        square_w2s=math.fsum((p * p + p * q + q * q) / 3 * (t - s) for (s, p), (t, q) in pairwise(line)),
    )
