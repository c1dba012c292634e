"""The segments of a trial: what one process trained without being interrupted, each with joules of its own.

    killed ─▶ last state kept ─▶ continued later, or elsewhere ─▶ the trial is the sum of its segments

What was trained after the last state was kept is trained again; its first joules belong to no segment.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Annotated

from raystudy.record.energy import Energy
from raystudy.record.outcome import Interval, Span
from raystudy.record.totals import EnergyTotals, totals
from raystudy.record.trace import Trace, joined

REHEARSED = "none: a rehearsal on the CPU"
"""The model of the GPUs of a trial that was charged for some, and trained on the CPU."""


def gpus_of(device: str) -> frozenset[str]:
    """Return the UUIDs of the GPUs in the `device` of a trial or segment; none where that is `cpu`."""
    return frozenset(device.split("+")) - {"cpu"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """An uninterrupted part of a trial."""

    started_utc: Annotated[str, "wall clock at its start, ISO 8601"]
    host_hash: Annotated[str, "first 12 digits of the sha256 of the host name"]
    boot_hash: Annotated[str, "of the boot's id; another one has another monotonic clock"]
    device: Annotated[str, "`cpu`, or the UUIDs of its GPUs, joined by `+`"]
    clock_shift_s: Annotated[float, "what its times were moved by, onto the clock of the last segment"]
    start_s: Annotated[float, "monotonic clock of the last segment"]
    end_s: Annotated[float, "when its last state was kept, or the trial ended"]
    tokens_from: Annotated[int, "tokens trained on before it"]
    tokens_to: Annotated[int, "tokens trained on at its end"]
    energy_j: Annotated[float | None, "measured, its training spans, all devices of the trial"] = None
    energy_u_j: Annotated[float | None, "half-width of its interval, the gain not included"] = None
    energy_estimated_j: Annotated[float | None, "nameplate estimate, its training spans"] = None

    @property
    def place(self) -> tuple[str, str, str]:
        """Where its readings can be joined with those of another: one clock, and the same devices."""
        return self.host_hash, self.boot_hash, self.device

    def holds(self, at_s: float) -> bool:
        """Whether a time lies in it."""
        return self.start_s <= at_s < self.end_s


@dataclass(frozen=True, kw_only=True, slots=True)
class IntervalEnergy:
    """What one interval of the trajectory took."""

    energy_j: Annotated[float | None, "measured, its training, all devices of the trial; null if one is null"]
    energy_u_j: Annotated[float | None, "half-width of its interval, the gain not included"]
    energy_eval_j: Annotated[float | None, "measured, its evaluation"]
    energy_estimated_j: Annotated[float | None, "nameplate estimate, its training"]
    energy_eval_estimated_j: Annotated[float | None, "nameplate estimate, its evaluation"]
    temperature_c: Annotated[float | None, "greatest temperature read in its training; null where none was read"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A segment, and what was read around it."""

    segment: Segment
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Stay:
    """Segments that followed each other at one place: what was read there lies on one clock."""

    parts: tuple[Part, ...]

    @property
    def traces(self) -> tuple[Trace, ...]:
        """All that was read."""
        return joined(*(part.traces for part in self.parts))

    def holds(self, at_s: float) -> bool:
        """Whether a time lies in one of its segments."""
        return any(part.segment.holds(at_s) for part in self.parts)


def stays(parts: Iterable[Part]) -> tuple[Stay, ...]:
    """Put the parts of a trial together that followed each other at one place."""
    return tuple(Stay(tuple(several)) for _, several in groupby(parts, key=lambda part: part.segment.place))


def with_joules(segment: Segment, total: EnergyTotals) -> Segment:
    """Return a segment that tells what it took."""
    return replace(
        segment,
        energy_j=total.energy_j,
        energy_u_j=total.energy_u_j,
        energy_estimated_j=total.energy_estimated_j,
    )


def spans_of(interval: Interval) -> list[Span]:
    """Return the training of an interval, and its evaluation; either may be missing."""
    spans = [Span(name="train", start_s=interval.start_s, end_s=interval.at_s)] if interval.tokens_seen else []
    if interval.evaluated_s is not None:
        spans.append(Span(name="eval", start_s=interval.at_s, end_s=interval.evaluated_s))
    return spans


def interval_energies(
    intervals: Sequence[Interval], figures: Iterable[Sequence[Energy]], traces: Iterable[Trace]
) -> tuple[IntervalEnergy, ...]:
    """Return what each interval took, from the energy figures of its spans."""
    warmth = list(_temperatures(traces))
    return tuple(
        _taken(interval, totals(figure, spans_of(interval)), warmth)
        for interval, figure in zip(intervals, figures, strict=True)
    )


def _taken(interval: Interval, total: EnergyTotals, warmth: Sequence[tuple[float, float]]) -> IntervalEnergy:
    return IntervalEnergy(
        energy_j=total.energy_j,
        energy_u_j=total.energy_u_j,
        energy_eval_j=total.energy_eval_j,
        energy_estimated_j=total.energy_estimated_j,
        energy_eval_estimated_j=total.energy_eval_estimated_j,
        temperature_c=max((c for at_s, c in warmth if interval.start_s <= at_s <= interval.at_s), default=None),
    )


def _temperatures(traces: Iterable[Trace]) -> Iterator[tuple[float, float]]:
    """Yield when which temperature was read, of any device."""
    for trace in traces:
        if trace.channel.quantity == "temperature_c":
            yield from ((reading.at_s, reading.value) for reading in trace.readings if reading.value is not None)
