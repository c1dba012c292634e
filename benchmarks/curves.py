"""Power curves whose energy is known exactly, and instruments that read them as NVML and RAPL would."""

import bisect
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from raystudy.record.trace import NS_PER_S, Channel, Reading, Sampling, Trace

SAMPLING = Sampling(started_s=-1e6, started_unix_s=0.0, cpu_share=None)
LEAST_W, MOST_W = 60.0, 700.0


@dataclass(frozen=True)
class Steps:
    """Power that is constant between its changes."""

    at_s: tuple[float, ...]
    """When each power begins; the first reaches back for ever."""
    power_w: tuple[float, ...]

    def power(self, t_s: float) -> float:
        """Return the power at a time."""
        return self.power_w[max(bisect.bisect_right(self.at_s, t_s) - 1, 0)]

    def energy_j(self, t_s: float) -> float:
        """Return the joules since the first change."""
        last = max(bisect.bisect_right(self.at_s, t_s) - 1, 0)
        whole = ((b - a) * w for a, b, w in zip(self.at_s[:last], self.at_s[1:], self.power_w, strict=False))
        return math.fsum(whole) + self.power_w[last] * (t_s - self.at_s[last])


Shape = Callable[[random.Random], Steps]
SPAN_S = 80.0


def constant(_: random.Random) -> Steps:
    """One power."""
    return Steps((-20.0,), (300.0,))


def step(draw: random.Random) -> Steps:
    """A change somewhere."""
    return Steps((-20.0, draw.uniform(0, 60)), (draw.uniform(LEAST_W, MOST_W), draw.uniform(LEAST_W, MOST_W)))


def ramp(draw: random.Random) -> Steps:
    """A steady rise or fall from one power to another, in steps of 10 ms."""
    start_w, end_w, n = draw.uniform(LEAST_W, MOST_W), draw.uniform(LEAST_W, MOST_W), int(SPAN_S * 100)
    return Steps(tuple(i / 100 - 20 for i in range(n)), tuple(start_w + (end_w - start_w) * i / n for i in range(n)))


def square(draw: random.Random) -> Steps:
    """Two powers by turns, each for a tenth of a second to two."""
    high_w, low_w, half_s = draw.uniform(300, MOST_W), draw.uniform(LEAST_W, 200), draw.uniform(0.1, 2.0)
    return _chain([(half_s, (high_w, low_w)[i % 2]) for i in range(int(SPAN_S / half_s) + 1)])


def bursts(draw: random.Random) -> Steps:
    """Idle, and bursts of 20 to 300 ms at random moments."""
    pieces: list[tuple[float, float]] = []
    while sum(length for length, _ in pieces) < SPAN_S:
        pieces += [(draw.expovariate(1.0), LEAST_W), (draw.uniform(0.02, 0.3), draw.uniform(400, MOST_W))]
    return _chain(pieces)


def training(draw: random.Random) -> Steps:
    """Steps of 50 to 400 ms, each at its own high power, with short falls between them."""
    length_s, pieces = draw.uniform(0.05, 0.4), list[tuple[float, float]]()
    while sum(length for length, _ in pieces) < SPAN_S:
        pieces += [(length_s * 0.9, draw.gauss(550, 30)), (length_s * 0.1, draw.gauss(250, 20))]
    return _chain(pieces)


def patchwork(draw: random.Random) -> Steps:
    """Any power for 0.1 to 0.8 s, then another."""
    return _chain([(draw.uniform(0.1, 0.8), draw.uniform(LEAST_W, MOST_W)) for _ in range(200)])


SHAPES: dict[str, Shape] = {shape.__name__: shape for shape in (constant, step, ramp, square, bursts, training)}


def _chain(pieces: Sequence[tuple[float, float]]) -> Steps:
    at_s, begins_s = -20.0, list[float]()
    for length_s, _ in pieces:
        begins_s.append(at_s)
        at_s += length_s
    return Steps(tuple(begins_s), tuple(power_w for _, power_w in pieces))


def sampled(curve: Steps, start_s: float, end_s: float, draw: random.Random, *, rate_hz: float = 10) -> Trace:
    """Read power as NVML's field 186: a value up to 100 ms old, at dithered moments, and at both edges."""
    update_s, phase_s = draw.uniform(0.02, 0.1), draw.random()
    ticks = range(math.floor((start_s - 0.5) * rate_hz), math.ceil((end_s + 0.5) * rate_hz))
    times_s = [(k + draw.uniform(-0.2, 0.2)) / rate_hz for k in ticks] + [start_s - 0.002, end_s + 0.002]
    values = [(t, curve.power(_updated(t, update_s, phase_s))) for t in sorted(times_s)]
    return _trace("power_w", "sampled/power_instant_w", values, draw, update_s=0.1, period_s=1 / rate_hz)


def counted(curve: Steps, start_s: float, end_s: float, draw: random.Random, *, update_s: float | None = None) -> Trace:
    """Read a counter that moves every 20 to 100 ms once a second, and at both edges until it moves."""
    update_s, phase_s = update_s or draw.uniform(0.02, 0.1), draw.random()
    first = start_s - 3 + draw.random()
    times_s = {first + k for k in range(int(end_s - start_s) + 6)}
    for edge_s in (start_s - 0.11, end_s + 0.001):
        moves_s = _updated(edge_s, update_s, phase_s) + update_s
        times_s |= {edge_s + 0.005 * k for k in range(int((moves_s - edge_s) / 0.005) + 2)}
    values = [(t, math.floor(curve.energy_j(_updated(t, update_s, phase_s)) * 1e3) / 1e3) for t in sorted(times_s)]
    return _trace("energy_j", "counted/energy_j", values, draw, update_s=0.1, period_s=1.0)


def _updated(t_s: float, update_s: float, phase_s: float) -> float:
    """Return when an instrument was last updated."""
    return math.floor((t_s - phase_s) / update_s) * update_s + phase_s


def _trace(
    quantity: str,
    name: str,
    values: Sequence[tuple[float, float]],
    draw: random.Random,
    *,
    update_s: float,
    period_s: float,
) -> Trace:
    channel = Channel(
        name=name, quantity=quantity, scope="gpu", device="GPU-0", update_s=update_s, max_w=2 * MOST_W, rel_gain=0.05
    )  # type: ignore[arg-type]
    readings = tuple(
        Reading(t_mono_ns=round(t * NS_PER_S), half_width_s=draw.uniform(2e-5, 2e-4), value=value)
        for t, value in values
    )
    return Trace(channel=channel, readings=readings, period_s=period_s, sampling=SAMPLING)
