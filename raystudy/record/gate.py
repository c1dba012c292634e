"""What the readings of a sound trial meet: each expectation with its verdict, and null where the data cannot tell.

    energies, traces ──expectations──▶ Expectation ... ──all_met──▶ true, false, null

A trial that fails one keeps its joules; the analysis names it, and leaves it out where the study file says so.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from raystudy.record.energy import Energy
from raystudy.record.outcome import Span
from raystudy.record.trace import Quantity, Reading, Trace

LEAST_COVERAGE = 0.95
FAR_PERIODS = 3
"""An edge is read if the nearest reading is no further than so many planned periods."""
BELOW_IDLE, ABOVE_LIMIT = 0.10, 0.05
"""So far a mean power may lie below the idle one (less its interval), and above the limit of the board."""

SLOWED = {
    0x08: "hw_slowdown",
    0x20: "sw_thermal_slowdown",
    0x40: "hw_thermal_slowdown",
    0x80: "hw_power_brake_slowdown",
}
"""
Bits of NVML's clock event reasons that slow a board down from outside (nvml.h, nvmlClocksEventReason...).

sw_power_cap (0x04) is not among them: a board that works hard runs at its power limit, and is told so by the board.
"""
NORMAL = {
    0x01: "gpu_idle",
    0x02: "applications_clocks_setting",
    0x04: "sw_power_cap",
    0x10: "sync_boost",
    0x100: "display_clock_setting",
    0x200: "board_limit",
    0x400: "reliability",
}
"""What tells why the clocks are what they are, and is no flaw of a trial."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What the readings of a sound trial meet."""

    name: Annotated[str, "power, coverage, agreement, edges, sampler, throttling"]
    met: Annotated[bool | None, "the verdict; null where the data cannot tell"]
    found: Annotated[str, "what it rests on, device by device"]


class _Device(NamedTuple):
    """A measured device while the trial trained."""

    energy: Energy
    traces: Sequence[Trace]
    spans: Sequence[Span]

    def of(self, quantity: Quantity) -> list[Trace]:
        """Return what was read of one quantity."""
        return [trace for trace in self.traces if trace.channel.quantity == quantity]

    def told(self) -> list[Trace]:
        """Return the traces of the kind that the figure was made from."""
        traces = self.of("energy_j" if self.energy.method == "counter" else "power_w")
        return [trace for trace in traces if trace.channel.scope == self.energy.scope]

    def within(self, quantity: Quantity) -> list[float]:
        """Return the values of one quantity in the training spans, in order."""
        readings = [reading for trace in self.of(quantity) for reading in trace.readings]
        inside = [r for r in readings if any(span.start_s <= r.at_s <= span.end_s for span in self.spans)]
        return [reading.value for reading in inside if reading.value is not None]


_Verdict = tuple[bool | None, str]


def expectations(energies: Iterable[Energy], traces: Sequence[Trace], spans: Iterable[Span]) -> tuple[Expectation, ...]:
    """Judge the measured devices of a trial over its training; an estimate meets and fails nothing."""
    train = [span for span in spans if span.name == "train"]
    devices = [
        _Device(energy, [t for t in traces if t.channel.device == energy.device], train)
        for energy in energies
        if energy.span == "train" and energy.method != "estimated"
    ]
    return tuple(_judged(name, rule, devices) for name, rule in RULES.items())


def of_all(parts: Sequence[tuple[Expectation, ...]]) -> tuple[Expectation, ...]:
    """Return the expectations of a trial from those of its segments: met where each that can be told is."""
    return tuple(
        Expectation(name=same[0].name, met=all_met(same), found=" | ".join(dict.fromkeys(each.found for each in same)))
        for same in zip(*parts, strict=True)
    )


def all_met(expected: Iterable[Expectation]) -> bool | None:
    """Return whether every expectation that can be told is met; null where none can be."""
    verdicts = [expectation.met for expectation in expected if expectation.met is not None]
    return all(verdicts) if verdicts else None


def _judged(name: str, rule: Callable[[_Device], _Verdict], devices: Sequence[_Device]) -> Expectation:
    verdicts = [(device.energy.device, *rule(device)) for device in devices]
    known = [met for _, met, _ in verdicts if met is not None]
    found = "; ".join(f"{device}: {said}" for device, _, said in verdicts)
    return Expectation(name=name, met=all(known) if known else None, found=found or "nothing was measured")


def _power(device: _Device) -> _Verdict:
    """Between idle and the power limit."""
    energy, limits_w = device.energy, device.within("power_limit_w")
    if energy.power_mean_w is None:
        return None, "no mean power is known"
    least_w = most_w = None
    if energy.power_idle_w is not None:
        least_w = energy.power_idle_w * (1 - BELOW_IDLE) - (energy.power_idle_u_w or 0.0)
    if limits_w:
        most_w = max(limits_w) * (1 + ABOVE_LIMIT)
    idle = "not measured" if energy.power_idle_w is None else f"{energy.power_idle_w:.1f} W"
    limit = f"{max(limits_w):.0f} W" if limits_w else "not known"
    found = f"{energy.power_mean_w:.1f} W; idle {idle}, limit {limit}"
    if least_w is None and most_w is None:
        return None, found
    low, high = least_w if least_w is not None else 0.0, most_w if most_w is not None else float("inf")
    u_w = (energy.u_j or 0.0) / sum(span.duration_s for span in device.spans)
    return low - u_w <= energy.power_mean_w <= high + u_w, found


def _coverage(device: _Device) -> _Verdict:
    """Hardly a gap."""
    coverage = device.energy.quality.coverage
    return (None, "no readings") if coverage is None else (coverage >= LEAST_COVERAGE, f"{coverage:.1%}")


def _agreement(device: _Device) -> _Verdict:
    """Counter and integral of sampled power say the same."""
    ratio = device.energy.counter_over_integral
    return device.energy.agree, "only one of them" if ratio is None else f"counter / integral = {ratio:.3f}"


def _edges(device: _Device) -> _Verdict:
    """A good reading on either side of each edge, none that failed in between."""
    traces = device.told()
    if not traces:
        return None, "no readings"
    at_s = [edge for span in device.spans for edge in (span.start_s, span.end_s)]
    flaws = [[flaw for each_s in at_s if (flaw := _flaw(trace, each_s))] for trace in traces]
    return any(not found for found in flaws), min(flaws, key=len)[0] if all(flaws) else "read"


def _flaw(trace: Trace, at_s: float) -> str | None:
    """Return what is wrong with the readings beside a time; null where nothing is."""
    after = bisect_left(trace.readings, at_s, key=_at_s)
    beside = trace.readings[max(after - 1, 0) : after + 1]
    if len(beside) < 2 or not beside[0].at_s <= at_s <= beside[1].at_s:
        return "no reading on one side of an edge"
    if min(abs(reading.at_s - at_s) for reading in beside) > FAR_PERIODS * trace.period_s:
        return "no reading near an edge"
    return next((f"a read at an edge failed: {each.error}" for each in beside if each.error), None)


def _at_s(reading: Reading) -> float:
    return reading.at_s


def _sampler(device: _Device) -> _Verdict:
    """Whoever read it did so from beginning to end."""
    traces = device.told()
    if not traces or not device.spans:
        return None, "no readings"
    late_s = max(trace.sampling.started_s for trace in traces) - device.spans[0].start_s
    if late_s > 0:
        return False, f"started again {late_s:.1f} s after the training began"
    missed_s = device.spans[-1].end_s - max((r.at_s for trace in traces for r in trace.readings[-1:]), default=0.0)
    return missed_s <= 0, "ran throughout" if missed_s <= 0 else f"silent for the last {missed_s:.1f} s"


def _throttling(device: _Device) -> _Verdict:
    """Nothing but its own power limit slowed the board down."""
    values = device.within("throttle_reasons")
    if not values:
        return None, "not told"
    seen = 0
    for value in values:
        seen |= int(value)
    names = [name for bit, name in (SLOWED | NORMAL).items() if seen & bit]
    return not any(seen & bit for bit in SLOWED), ", ".join(names) or "no reason"


RULES: Mapping[str, Callable[[_Device], _Verdict]] = {
    "power": _power,
    "coverage": _coverage,
    "agreement": _agreement,
    "edges": _edges,
    "sampler": _sampler,
    "throttling": _throttling,
}
