"""An energy figure: joules of one device over some spans, with how they were had and how far they can be trusted.

    traces of what belongs to a trial ──energies──▶ Energy, one a device and name of a span

Energy is the integral of power, mean x T, never RMS x T. A counter is interpolated at both edges of each span; sampled
power is integrated by trapezoids with its edges interpolated. A window that no reading brackets has no figure: null.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev
from typing import Annotated, Literal

from raystudy.record.curve import Curve
from raystudy.record.cut import Figure, figure_of
from raystudy.record.outcome import Span, SpanName
from raystudy.record.points import Edges, duration_s
from raystudy.record.quality import Quality, quality_of
from raystudy.record.trace import Channel, Scope, Trace

Method = Literal["counter", "integrated", "estimated"]

APART = 0.05
"""Counter and integral agree within this share, or within their own intervals."""

MANY_STEPS = 10
"""A counter that stands still for so many of its update periods, while power flows, has stopped counting."""

VAGUE = 0.002
"""A counter less certain than this share, as in a span of a few of its steps, gives way to an integral that is more."""

FIFTHS, T_FIFTHS = 5, 2.776
"""The idle baseline is cut into so many pieces; 97.5 % quantile of Student's t with 4 degrees of freedom."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Idle:
    """The power of an idle device."""

    scope: Annotated[Scope, "what part of the machine: on Grace a module and its GPU have one identity"]
    device: Annotated[str, "identity of the device"]
    power_w: Annotated[float, "mean over the baseline"]
    u_w: Annotated[float | None, "half-width of its 95 % interval; null for an estimate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Energy:
    """Joules of one device over the spans of one name."""

    span: Annotated[SpanName, "which spans of the trial"]
    device: Annotated[str, "identity: UUID of a GPU, name of a powercap zone"]
    label: Annotated[str, "what people call the device"]
    scope: Annotated[Scope, "what part of the machine"]
    method: Annotated[Method, "hardware counter, integral of sampled power, or nameplate estimate"]
    energy_j: Annotated[float | None, "null where it cannot be told"]
    u_j: Annotated[
        float | None,
        "half-width of its interval, from times, steps and gaps; the gain not included; null for an estimate",
    ]
    rel_gain: Annotated[float | None, "relative uncertainty of the scale: cancels on one board; null: not specified"]
    power_mean_w: Annotated[float | None, "energy_j / duration"]
    power_rms_w: Annotated[
        float | None, "root mean square of the sampled power; of means over a second for a counter alone"
    ]
    power_idle_w: Annotated[float | None, "of the same device before the sweep; null where no baseline was measured"]
    power_idle_u_w: Annotated[float | None, "half-width of its 95 % interval"]
    quality: Annotated[Quality, "how well it was read"]
    counter_over_integral: Annotated[float | None, "ratio of both figures; null where there is only one"]
    agree: Annotated[bool | None, "whether they agree within 5 % or their intervals; null where there is only one"]
    shared: Annotated[bool, "whether others may have used the device, too (MIG, other processes, a shared node)"]
    reason: Annotated[str | None, "why energy_j is null"] = None


def belongs(channel: Channel, gpu_uuids: frozenset[str]) -> bool:
    """Whether a channel says something of a trial: of its GPUs, by UUID as NVML writes them, or of the node's parts."""
    return channel.scope != "gpu" or channel.device in gpu_uuids


def energies(
    traces: Iterable[Trace],
    spans: Sequence[Span],
    idle: Iterable[Idle] = (),
    *,
    exclusive: bool = True,
    own_processes: int = 0,
) -> tuple[Energy, ...]:
    """
    Return one figure for each name of a span and each device; several spans of one name are added up.

    The energy counter comes first; where a device has none, or it tells less than its sampled power, that is
    integrated. `exclusive` says whether the node was the trial's own; else what it has once is marked shared. So is a
    board on which more than `own_processes` computed before the first span: later ones may be the trial's own.

    u_j, half-width of the interval, added over the spans:

    counter     at each edge P_range |t - t_near| + P_max h_near, and never more than half of what was counted between
                the readings around it, plus what resets and gaps longer than a wrap leave open. t_near is when the
                counter was updated last or next, h_near how far that is uncertain: the call, and the time between two
                looks at it. P_range is the range of the sampled power and a quarter more, else the greatest seen.
    integrated  4 sqrt(sum((|dP| dt/2)^2)) + mean|dP| T/4 + dP_edge lag + P_max (h_a + h_b). The power may have
                changed at any time between two readings, and may keep step with them. In a gap |dP| is the whole range
                of the readings; dP_edge is how far they moved around an edge. The lag is half of the instrument's
                update period and of what it averages over.
    estimated   null: what a nameplate says has no interval.
    """
    return energies_of_each(traces, [spans], idle, exclusive=exclusive, own_processes=own_processes)[0]


def energies_of_each(
    traces: Iterable[Trace],
    parts: Sequence[Sequence[Span]],
    idle: Iterable[Idle] = (),
    *,
    exclusive: bool = True,
    own_processes: int = 0,
    began_s: float | None = None,
) -> list[tuple[Energy, ...]]:
    """
    Return the `energies` of several parts of one trial, whose readings are gone through once.

    `began_s` is when the trial began, and others on its boards were counted; by default with the first span of all.
    """
    if began_s is None:
        began_s = min((span.start_s for spans in parts for span in spans), default=0.0)
    devices = [_Device(each, exclusive=exclusive) for each in _by_device(traces)]
    for device in devices:
        device.note_company(began_s, own_processes)
    baselines = {(each.scope, each.device): each for each in idle}
    return [
        tuple(device.energy(name, edges, baselines) for name, edges in _edges(spans).items() for device in devices)
        for spans in parts
    ]


def _edges(spans: Iterable[Span]) -> dict[SpanName, list[tuple[float, float]]]:
    """Return the edges of the spans of each name."""
    edges: dict[SpanName, list[tuple[float, float]]] = {}
    for span in spans:
        edges.setdefault(span.name, []).append((span.start_s, span.end_s))
    return edges


class _Device:
    """The curves of one device that tell of energy, its counter first."""

    def __init__(self, traces: Sequence[Trace], *, exclusive: bool) -> None:
        told = [trace for quantity in ("energy_j", "power_w") for trace in traces if trace.channel.quantity == quantity]
        self._curves = [Curve(trace) for trace in told]
        self._processes = next((t.readings for t in traces if t.channel.quantity == "other_processes"), ())
        self._shared = any(t.channel.partitioned for t in told) or not (exclusive or told[0].channel.scope == "gpu")

    def energy(self, name: SpanName, edges: Edges, baselines: Mapping[tuple[Scope, str], Idle]) -> Energy:
        """Return the figure of one name."""
        figures = self.figures(edges)
        best, (ratio, agree) = best_of(figures, edges), _agreement(figures, edges)
        channel = best.curve.channel
        baseline = baselines.get((channel.scope, channel.device))
        return Energy(
            span=name,
            device=channel.device,
            label=channel.label or channel.device,
            scope=channel.scope,
            method="estimated" if channel.estimated else "counter" if best.curve.counts else "integrated",
            energy_j=best.energy_j,
            u_j=best.u_j,
            rel_gain=channel.rel_gain,
            power_mean_w=None if best.energy_j is None else best.energy_j / duration_s(edges),
            power_rms_w=next((figure.rms_w for figure in figures[::-1] if figure.rms_w is not None), None),
            power_idle_w=baseline.power_w if baseline else None,
            power_idle_u_w=baseline.u_w if baseline else None,
            quality=quality_of(self._curves, edges),
            counter_over_integral=ratio,
            agree=agree,
            shared=self._shared,
            reason=best.reason,
        )

    def figures(self, edges: Edges) -> list[Figure]:
        """Return what each curve gives."""
        power = next((curve for curve in self._curves if not curve.counts), None)
        return [figure_of(curve, edges, power=power) for curve in self._curves]

    def note_company(self, began_s: float, own_processes: int) -> None:
        """Mark a board on which others computed when all began."""
        told = [r.value for r in self._processes if r.at_s <= began_s and r.value is not None]
        self._shared = self._shared or bool(told and told[-1] > own_processes)


def idle_powers(traces: Iterable[Trace], *, start_s: float, end_s: float) -> tuple[Idle, ...]:
    """
    Return the mean power of each device in a span; a device whose power cannot be told is left out.

    Its half-width is that of the instrument, and of the mean of five pieces by Student's t.
    """
    fifth_s = (end_s - start_s) / FIFTHS
    fifths = [(start_s + i * fifth_s, start_s + (i + 1) * fifth_s) for i in range(FIFTHS)]
    found = []
    for parts in _by_device(traces):
        device = _Device(parts, exclusive=True)
        whole, *pieces = (best_of(device.figures([edge]), [edge]) for edge in ((start_s, end_s), *fifths))
        if whole.energy_j is not None:
            known_w = [piece.energy_j / fifth_s for piece in pieces if piece.energy_j is not None]
            spread_w = T_FIFTHS * stdev(known_w) / math.sqrt(FIFTHS) if len(known_w) == FIFTHS else 0.0
            u_w = None if whole.u_j is None else whole.u_j / (end_s - start_s) + spread_w
            channel, power_w = whole.curve.channel, whole.energy_j / (end_s - start_s)
            found.append(Idle(scope=channel.scope, device=channel.device, power_w=power_w, u_w=u_w))
    return tuple(found)


def _by_device(traces: Iterable[Trace]) -> list[list[Trace]]:
    """Return the traces of each device that has one of energy or power; scopes of one device are kept apart."""
    devices: dict[tuple[Scope, str], list[Trace]] = {}
    for trace in traces:
        devices.setdefault((trace.channel.scope, trace.channel.device), []).append(trace)
    return [parts for parts in devices.values() if any(t.channel.quantity in ("energy_j", "power_w") for t in parts)]


def best_of(figures: Sequence[Figure], edges: Edges) -> Figure:
    """
    Return the counter's figure; the integral's where the counter's is vague and its is less so.

    Samples do not see what lies between them, so an integral that stands in for a counter has no gaps, and is as
    uncertain as it is by itself, and by what it does not show of the counter's rise. A counter that does not agree with
    the integral is uncertain by their distance. Without any value, return what tells why there is none.
    """
    known = [figure for figure in figures if figure.energy_j is not None]
    if len(known) < 2:
        return next(iter(known), figures[0])
    counter, integral = known[:2]
    apart_j = abs((counter.energy_j or 0.0) - (integral.energy_j or 0.0))
    integral_u_j, counter_u_j = (integral.u_j or 0.0) + max(apart_j, counter.unseen_j), counter.u_j or 0.0
    if _agreement(figures, edges)[1] is False:
        return counter._replace(u_j=max(counter_u_j, apart_j + (integral.u_j or 0.0)))
    vague = counter_u_j > VAGUE * (counter.energy_j or 0.0) and integral_u_j < counter_u_j
    if vague and not any(integral.curve.gaps(*edge) for edge in edges):
        return integral._replace(u_j=integral_u_j)
    return counter


def _agreement(figures: Sequence[Figure], edges: Edges) -> tuple[float | None, bool | None]:
    """Return counter / integral, and whether they agree; null where one is missing, or too vague to compare."""
    counter, integral = figures[0], next((figure for figure in figures[1:] if figure.energy_j is not None), None)
    if integral is None or not integral.energy_j:
        return None, None
    power = integral.curve.channel
    if min(end_s - start_s for start_s, end_s in edges) < 2 * (power.update_s + power.average_s):
        return None, None
    if counter.still:
        stands = duration_s(edges) > MANY_STEPS * counter.curve.channel.update_s
        return (0.0, False) if stands and integral.energy_j > (integral.u_j or 0.0) else (None, None)
    if counter.energy_j is None:
        return None, None
    room_j = max(APART * counter.energy_j, (counter.u_j or 0.0) + (integral.u_j or 0.0))
    ratio, agree = counter.energy_j / integral.energy_j, abs(counter.energy_j - integral.energy_j) <= room_j
    return ratio, None if agree and room_j > counter.energy_j / 2 else agree
