"""An energy figure: joules of one device over some spans, with how they were had and how far they can be trusted.

    traces ──belonging──▶ the trial's ──energies──▶ Energy ──totals──▶ EnergyTotals (the columns of a trial)

Energy is the integral of power, mean x T, never RMS x T. A counter is interpolated at both edges of each span; sampled
power is integrated by trapezoids with its edges interpolated. A window that no reading brackets has no figure: null.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from raystudy.record.curve import Curve, Edges, Figure, duration_s, figure_of
from raystudy.record.outcome import Span, SpanName
from raystudy.record.trace import Scope, Trace

Method = Literal["counter", "integrated", "estimated"]

ADDED_SCOPES = ("gpu", "package", "dram")
"""Scopes that have no joule in common. A module or a board contains others, and is never added to them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Energy:
    """Joules of one device over the spans of one name."""

    span: Annotated[SpanName, "which spans of the trial"]
    device: Annotated[str, "identity: UUID of a GPU, name of a powercap zone"]
    scope: Annotated[Scope, "what part of the machine"]
    method: Annotated[Method, "hardware counter, integral of sampled power, or nameplate estimate"]
    energy_j: Annotated[float | None, "null where it cannot be told"]
    u_j: Annotated[
        float | None,
        "half-width of its interval, from time and counter steps; the +-5 % gain not included; null for an estimate",
    ]
    power_mean_w: Annotated[float | None, "energy_j / duration"]
    power_rms_w: Annotated[
        float | None, "root mean square of the sampled power; of means over a second for a counter alone"
    ]
    power_idle_w: Annotated[float | None, "of the same device before the sweep; null where no baseline was measured"]
    n_readings: Annotated[int, "readings that have a value, edges included"]
    n_errors: Annotated[int, "readings that failed"]
    rate_hz: Annotated[float | None, "readings per second achieved"]
    reason: Annotated[str | None, "why energy_j is null"] = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyTotals:
    """The joules of a trial, devices added up; measured and estimated figures never meet in one sum."""

    energy_j: Annotated[float | None, "measured, training spans only, all devices of the trial; null if one is null"]
    energy_u_j: Annotated[float | None, "half-width of its interval"]
    energy_net_j: Annotated[float | None, "energy_j less the idle baseline; null without one; may be negative"]
    energy_eval_j: Annotated[float | None, "measured, evaluation spans"]
    energy_scopes: Annotated[str | None, "what energy_j covers, as `gpu+package+dram`"]
    power_rms_w: Annotated[float | None, "root mean square of the power while training, measured; devices added up"]
    energy_estimated_j: Annotated[float | None, "nameplate estimate, training spans; null where anything is measured"]
    energy_eval_estimated_j: Annotated[float | None, "nameplate estimate, evaluation spans"]
    power_rms_estimated_w: Annotated[float | None, "nameplate estimate, while training"]


def belonging(traces: Iterable[Trace], *, gpu_uuids: frozenset[str], exclusive: bool) -> tuple[Trace, ...]:
    """
    Return the traces of what was the trial's own.

    Its GPUs, by UUID as NVML writes them; everything that a node has once (package, memory, board) only where the
    node was its own.
    """
    return tuple(
        trace for trace in traces if (trace.channel.device in gpu_uuids if trace.channel.scope == "gpu" else exclusive)
    )


def energies(traces: Iterable[Trace], spans: Sequence[Span], idle_w: Mapping[str, float]) -> tuple[Energy, ...]:
    """
    Return one figure for each name of a span and each device; several spans of one name are added up.

    The energy counter comes first; where a device has none, or it tells nothing, its sampled power is integrated.
    `idle_w` is the power of each idle device, as far as it is known.

    u_j, half-width of the interval, added over the spans:

    counter     (step_a + step_b)/2 + P_max x (h_a + h_b). At an edge the counter stood somewhere between the reading
                before and the one after, a step apart; as it may lag, a step is at least P_max x the usual period.
                The call that read it took 2h, in which P_max, the steepest rise between two readings, may have flowed.
    integrated  3 sqrt(sum((|dP| dt/2)^2)) + P_max x (h_a + h_b). The power may have changed at any time between two
                readings: |dP| dt/2 is about one standard deviation. In a gap |dP| is the whole range of the readings.
    estimated   null: what a nameplate says has no interval.
    """
    edges: dict[SpanName, list[tuple[float, float]]] = {}
    for span in spans:
        edges.setdefault(span.name, []).append((span.start_s, span.end_s))
    devices = _by_device(traces)
    return tuple(_energy(name, curves, edges[name], idle_w) for name in edges for curves in devices.values())


def totals(energies: Sequence[Energy], spans: Iterable[Span]) -> EnergyTotals:
    """
    Add up the devices of a trial.

    A sum that lacks a part is no sum: null. Half-widths are added, for all devices share the edges. RMS powers are
    added too: exact where the devices rise and fall together, else an upper bound.
    """
    train_s = sum(span.duration_s for span in spans if span.name == "train")
    measured = [energy for energy in energies if energy.method != "estimated" and energy.scope in ADDED_SCOPES]
    estimated = [] if measured else [energy for energy in energies if energy.method == "estimated"]
    train, train_estimated = _of("train", measured), _of("train", estimated)
    energy_j, idle_w = _sum(energy.energy_j for energy in train), _sum(energy.power_idle_w for energy in train)
    return EnergyTotals(
        energy_j=energy_j,
        energy_u_j=_sum(energy.u_j for energy in train),
        energy_net_j=None if energy_j is None or idle_w is None else energy_j - idle_w * train_s,
        energy_eval_j=_sum(energy.energy_j for energy in _of("eval", measured)),
        energy_scopes="+".join(scope for scope in ADDED_SCOPES if scope in {e.scope for e in measured}) or None,
        power_rms_w=_sum(energy.power_rms_w for energy in train),
        energy_estimated_j=_sum(energy.energy_j for energy in train_estimated),
        energy_eval_estimated_j=_sum(energy.energy_j for energy in _of("eval", estimated)),
        power_rms_estimated_w=_sum(energy.power_rms_w for energy in train_estimated),
    )


def idle_power_w(traces: Iterable[Trace], *, start_s: float, end_s: float) -> dict[str, float]:
    """Return the mean power of each device in a span; a device whose power cannot be told is left out."""
    edges = [(start_s, end_s)]
    devices = _by_device(traces).items()
    figures = ((device, _first([figure_of(curve, edges) for curve in curves])) for (_, device), curves in devices)
    return {device: figure.energy_j / (end_s - start_s) for device, figure in figures if figure.energy_j is not None}


def _of(name: SpanName, energies: Iterable[Energy]) -> list[Energy]:
    return [energy for energy in energies if energy.span == name]


def _sum(parts: Iterable[float | None]) -> float | None:
    """Return the sum; null where there is no part, or one is null."""
    known = list(parts)
    return None if not known or None in known else math.fsum(part for part in known if part is not None)


def _by_device(traces: Iterable[Trace]) -> dict[tuple[Scope, str], list[Curve]]:
    """Return the curves of each device that tell of energy, its counter first."""
    devices: dict[tuple[Scope, str], list[Curve]] = {}
    for quantity in ("energy_j", "power_w"):
        for trace in traces:
            if trace.channel.quantity == quantity:
                devices.setdefault((trace.channel.scope, trace.channel.device), []).append(Curve(trace))
    return devices


def _energy(name: SpanName, curves: Sequence[Curve], edges: Edges, idle_w: Mapping[str, float]) -> Energy:
    figures = [figure_of(curve, edges) for curve in curves]
    best, sampled = _first(figures), _first(figures[::-1])
    channel, energy_j = best.curve.channel, best.energy_j
    cuts = [best.curve.around(*edge) for edge in edges]
    seen_s = sum(points[-1].at_s - points[0].at_s for points in cuts if points)
    return Energy(
        span=name,
        device=channel.device,
        scope=channel.scope,
        method="estimated" if channel.estimated else "counter" if best.curve.counts else "integrated",
        energy_j=energy_j,
        u_j=best.u_j,
        power_mean_w=None if energy_j is None else energy_j / duration_s(edges),
        power_rms_w=sampled.rms_w,
        power_idle_w=idle_w.get(channel.device),
        n_readings=sum(map(len, cuts)),
        n_errors=sum(best.curve.failures(*edge) for edge in edges),
        rate_hz=sum(len(points) - 1 for points in cuts if points) / seen_s if seen_s else None,
        reason=best.reason,
    )


def _first(figures: Sequence[Figure]) -> Figure:
    """Return the first figure that has a value, else the first, which tells why not."""
    return next((figure for figure in figures if figure.reason is None), figures[0])
