"""Traces of curves whose truth is known."""

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

from raystudy.record.energy import Energy, energies
from raystudy.record.outcome import Span, SpanName
from raystudy.record.trace import NS_PER_S, Channel, Quantity, Reading, Sampling, Scope, Trace

Curve = Callable[[float], float]


def trace(
    curve: Curve,
    times_s: Sequence[float],
    *,
    quantity: Quantity = "power_w",
    device: str = "GPU-1",
    scope: Scope = "gpu",
    failed: Collection[int] = (),
    started_s: float = -100.0,
    **known: Any,
) -> Trace:
    """Read a curve at some times; the readings numbered in `failed` fail. `known` are further fields of the channel."""
    channel = Channel(name=f"{device}/{quantity}", quantity=quantity, scope=scope, device=device, **known)
    readings = tuple(reading(at_s, None if i in failed else curve(at_s)) for i, at_s in enumerate(times_s))
    sampling = Sampling(started_s=started_s, started_unix_s=0.0, cpu_share=None)
    return Trace(channel=channel, readings=readings, period_s=0.1, sampling=sampling)


def reading(at_s: float, value: float | None) -> Reading:
    """Return a reading whose call took 2 ms; null is one that failed."""
    error = "EIO" if value is None else None
    return Reading(t_mono_ns=round(at_s * NS_PER_S), half_width_s=0.001, late_s=0.0, value=value, error=error)


def every(period_s: float, start_s: float, end_s: float) -> list[float]:
    """Return times at equal distances, both ends included."""
    return [start_s + i * period_s for i in range(round((end_s - start_s) / period_s) + 1)]


def span(start_s: float, end_s: float, name: SpanName = "train") -> Span:
    """Return a span."""
    return Span(name=name, start_s=start_s, end_s=end_s)


def steady(power_w: float) -> Curve:
    """Return a curve of one value."""
    return lambda _: power_w


def counted(power_w: float, *, step_s: float = 0.0) -> Curve:
    """A counter of constant power, that moves every `step_s`."""
    return lambda at_s: power_w * (math.floor(at_s / step_s + 1e-9) * step_s if step_s else at_s)


def figure(*traces: Trace, spans: Sequence[Span]) -> Energy:
    """Return the one figure of one device."""
    (energy,) = energies(traces, spans)
    return energy
