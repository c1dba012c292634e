"""How well a device was read over some spans: rate, lateness, gaps, errors by code."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from raystudy.record.curve import Curve
from raystudy.record.points import Edges, around, duration_s
from raystudy.record.trace import Reading


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorCount:
    """How often reads failed in one way."""

    code: Annotated[str, "as `NVMLError_GpuIsLost`"]
    n: Annotated[int, "reads"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A stretch without readings; a counter went on counting in it."""

    start_s: Annotated[float, "monotonic clock"]
    end_s: Annotated[float, "monotonic clock"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """How well a device was read: of its channel of energy or power that is read most often, but for the errors."""

    coverage: Annotated[float | None, "share of the spans without a gap; null without readings"]
    rate_hz: Annotated[float | None, "readings per second achieved"]
    late_p50_s: Annotated[float | None, "median lateness of the planned reads"]
    late_p99_s: Annotated[float | None, "99th percentile of their lateness"]
    n_readings: Annotated[int, "readings within the spans that have a value"]
    n_errors: Annotated[int, "reads within the spans that failed, of energy and power"]
    errors: Annotated[tuple[ErrorCount, ...], "the same by code"]
    n_glitches: Annotated[int, "implausible single readings of the counter that were dropped"]
    gaps: Annotated[tuple[Gap, ...], "where nothing was read for three usual periods or more"]


def quality_of(curves: Sequence[Curve], edges: Edges) -> Quality:
    """Say how well the curves of one device were read over some spans."""
    inside = {curve: [reading for edge in edges for reading in curve.within(*edge)] for curve in curves}
    busiest = min(curves, key=lambda curve: (not curve.points, curve.period_s))
    good = [reading for reading in inside[busiest] if reading.value is not None]
    late_s = sorted(reading.late_s for reading in inside[busiest] if reading.late_s is not None)
    errors = Counter(reading.error for readings in inside.values() for reading in readings if reading.error)
    gaps = [gap for edge in edges for gap in _gaps(busiest, *edge)]
    silent_s = sum(end_s - start_s for start_s, end_s in gaps)
    return Quality(
        coverage=1 - silent_s / duration_s(edges) if busiest.points and duration_s(edges) > 0 else None,
        rate_hz=_rate_hz([reading for reading in good if reading.late_s is not None], edges),
        late_p50_s=_quantile(late_s, 0.5),
        late_p99_s=_quantile(late_s, 0.99),
        n_readings=len(good),
        n_errors=errors.total(),
        errors=tuple(ErrorCount(code=code, n=n) for code, n in errors.most_common()),
        n_glitches=sum(curve.n_glitches for curve in curves),
        gaps=tuple(Gap(start_s=start_s, end_s=end_s) for start_s, end_s in gaps),
    )


def _gaps(curve: Curve, start_s: float, end_s: float) -> list[tuple[float, float]]:
    """Return the gaps of a span, with what lies before the first reading and after the last one."""
    points = around(curve.points, start_s, end_s)
    if not points:
        return [(start_s, end_s)]
    head, tail = (start_s, min(points[0].at_s, end_s)), (max(points[-1].at_s, start_s), end_s)
    return [edge for edge in (head, *curve.gaps(start_s, end_s), tail) if edge[1] > edge[0]]


def _rate_hz(planned: Sequence[Reading], edges: Edges) -> float | None:
    """Return the planned readings per second; null where the spans are too short to tell."""
    return len(planned) / duration_s(edges) if len(planned) > 1 else None


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return a quantile of ordered numbers, one of them; null where there is none."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None
