"""Points of time and value, and what lies between them on straight lines."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

Edges = Sequence[tuple[float, float]]
"""The times between which something is asked for, by pairs."""


class Point(NamedTuple):
    """A good reading: when, how far that time is uncertain, and the value."""

    at_s: float
    half_width_s: float
    value: float


def around(points: Sequence[Point], start_s: float, end_s: float) -> Sequence[Point]:
    """Return the points from the last one at or before the start to the first one at or after the end."""
    first = bisect_right(points, start_s, key=time_of) - 1
    return points[max(first, 0) : bisect_left(points, end_s, key=time_of) + 1]


def value_at(points: Sequence[Point], time_s: float) -> float:
    """Return the value at a time that lies between two points."""
    after = min(max(bisect_right(points, time_s, key=time_of), 1), len(points) - 1)
    early, late = points[after - 1], points[after]
    return early.value + slope(early, late) * (time_s - early.at_s)


def slope(early: Point, late: Point) -> float:
    """Return how steeply the value rises from one point to another."""
    return (late.value - early.value) / (late.at_s - early.at_s)


def corners(points: Sequence[Point], start_s: float, end_s: float) -> list[tuple[float, float]]:
    """Return time and value at both edges and at the points between."""
    inside = [(time_s, value) for time_s, _, value in points if start_s < time_s < end_s]
    return [(start_s, value_at(points, start_s)), *inside, (end_s, value_at(points, end_s))]


def area(line: Sequence[tuple[float, float]]) -> float:
    """Return what lies under a line, given by its corners."""
    return math.fsum((p + q) / 2 * (t - s) for (s, p), (t, q) in pairwise(line))


def duration_s(edges: Edges) -> float:
    """Return how long all spans last together."""
    return math.fsum(end_s - start_s for start_s, end_s in edges)


def time_of(point: Point) -> float:
    """Return the time of a point, to search by."""
    return point.at_s
