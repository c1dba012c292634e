"""What instruments said, and when: readings of channels, on the monotonic clock of their node.

A trace keeps what the instrument said, so a counter's value is the raw one; wraps, resets and glitches are told apart
where a trace is read (`counter`), never where it is written.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Literal

NS_PER_S = 1_000_000_000

Quantity = Literal[
    "energy_j", "power_w", "temperature_c", "clock_hz", "power_limit_w", "throttle_reasons", "other_processes"
]
Scope = Literal["gpu", "module", "package", "dram", "board"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """One line of one instrument, and what is known of it beforehand."""

    name: Annotated[str, "unique on its node, as `nvml/GPU-5f3a.../power_instant_w`; its unit is in it"]
    quantity: Annotated[Quantity, "what is read. energy_j counts up from an arbitrary start"]
    scope: Annotated[Scope, "what part of the machine it covers"]
    device: Annotated[str, "identity of the device: UUID of a GPU, name of a powercap zone"]
    label: Annotated[str, "what people call the device, as `NVIDIA H200`"] = ""
    estimated: Annotated[bool, "computed from a nameplate, not measured"] = False
    update_s: Annotated[float, "longest time between two updates of the instrument"] = 0.0
    average_s: Annotated[float, "each reading is the mean of this long before it; 0 for an instant one"] = 0.0
    wraps_at_j: Annotated[float | None, "a counter starts again from 0 here; null where it never does"] = None
    max_w: Annotated[float | None, "no plausible power is greater: it tells a wrap from a reset"] = None
    rel_gain: Annotated[float | None, "relative uncertainty of its scale, one factor a device; null: not specified"] = (
        None
    )
    partitioned: Annotated[bool, "whether the device serves several tenants by hardware (MIG)"] = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One answer of one channel: a value, or the reason why there is none."""

    t_mono_ns: Annotated[int, "midpoint of the call, monotonic clock of the node, ns"]
    half_width_s: Annotated[float, "half the duration of the call: the uncertainty of its time"]
    late_s: Annotated[float | None, "how long after its planned time the call began; null for one out of turn"] = None
    value: Annotated[float | None, "in the channel's unit; null where the read failed"]
    error: Annotated[str | None, "code of what went wrong, as `NVMLError_GpuIsLost` or `EACCES`"] = None

    @property
    def at_s(self) -> float:
        """Midpoint of the call in seconds of the monotonic clock."""
        return self.t_mono_ns / NS_PER_S


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """The sampler that read a trace."""

    started_s: Annotated[float, "when it started, monotonic clock; inside the span, if it was restarted within"]
    started_unix_s: Annotated[float, "the same moment on the wall clock: the one anchor of the trace"]
    cpu_share: Annotated[float | None, "what the sampling took of one core, since it started"]
    spill_error: Annotated[str | None, "why older readings could not be kept on disk"] = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What one channel read from the last reading before a span to the first one after it."""

    channel: Annotated[Channel, "where it was read"]
    readings: Annotated[tuple[Reading, ...], "in order of time; one on each side of the span where there is one"]
    period_s: Annotated[float, "planned time between two readings"]
    sampling: Annotated[Sampling, "by whom"]


def trace_of(told: Mapping[str, Any]) -> Trace:
    """Return a trace from what `dataclasses.asdict`, or Arrow, made of it."""
    return Trace(
        channel=Channel(**told["channel"]),
        readings=tuple(Reading(**reading) for reading in told["readings"]),
        period_s=told["period_s"],
        sampling=Sampling(**told["sampling"]),
    )


def joined(*parts: Iterable[Trace]) -> tuple[Trace, ...]:
    """Join what was read at different times, earlier before later, channel by channel; each reading is kept once."""
    by_channel: dict[str, Trace] = {}
    for trace in chain.from_iterable(parts):
        known = by_channel.get(trace.channel.name)
        both = {reading.t_mono_ns: reading for part in (known, trace) if part for reading in part.readings}
        readings = tuple(both[t_mono_ns] for t_mono_ns in sorted(both))
        by_channel[trace.channel.name] = dataclasses.replace(trace, readings=readings)
    return tuple(by_channel.values())


def shifted(trace: Trace, by_s: float) -> Trace:
    """Move the times of a trace onto another clock."""
    by_ns = round(by_s * NS_PER_S)
    return dataclasses.replace(
        trace,
        readings=tuple(dataclasses.replace(each, t_mono_ns=each.t_mono_ns + by_ns) for each in trace.readings),
        sampling=dataclasses.replace(trace.sampling, started_s=trace.sampling.started_s + by_s),
    )
