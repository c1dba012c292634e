"""What the NVML of this machine really does: how often its figures move, what a call costs, whether polling disturbs.

    .venv/bin/python benchmarks/probe_nvml.py               65 s; idle tells the periods, a load beside it the rest
    .venv/bin/python benchmarks/probe_nvml.py --scale 0.05  in seconds

Reads only, the first board only, and prints one JSON object. Watching is at 1 ms, so that periods of 20 ms are seen.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pynvml

AVERAGE, INSTANT = pynvml.NVML_FI_DEV_POWER_AVERAGE, pynvml.NVML_FI_DEV_POWER_INSTANT
WATCH_S, COMPARE_S, STEP_S = 6.0, 8.0, 0.001
POLLING = ((1.0, False), (0.1, False), (0.1, True), (0.01, True), (0.001, True))
"""Seconds between two reads of power, and whether the counter is read as often."""

Ask = Callable[[], float]


def field(board: Any, number: int, scope: int = 0) -> float:
    """Return a field value in mW; raises the value's own error."""
    value = pynvml.nvmlDeviceGetFieldValues(board, ((number, scope),))[0]
    if value.nvmlReturn:
        raise pynvml.NVMLError(value.nvmlReturn)
    return float(value.value.uiVal)


def answer(ask: Ask) -> float | str:
    """Return what is answered, or the name of the error."""
    try:
        return ask()
    except pynvml.NVMLError as error:
        return type(error).__name__


def watched(ask: Ask, seconds: float) -> dict[str, Any]:
    """Ask every millisecond, and say how often the answer moved, by how much, and what a call costs."""
    moved_s: list[float] = []
    steps: list[float] = []
    cost_s: list[float] = []
    end_s, last = time.perf_counter() + seconds, ask()
    while time.perf_counter() < end_s:
        before_s = time.perf_counter()
        value = ask()
        after_s = time.perf_counter()
        cost_s.append(after_s - before_s)
        if value != last:
            moved_s.append(after_s)
            steps.append(value - last)
            last = value
        time.sleep(STEP_S)
    periods_ms = [1e3 * (late - early) for early, late in pairwise(moved_s)]
    return {
        "calls": len(cost_s),
        "changes": len(moved_s),
        "period_ms": spread(periods_ms),
        "step": spread(steps),
        "call_us": spread([1e6 * cost for cost in cost_s]),
    }


def spread(values: list[float]) -> dict[str, float] | None:
    """Return least, median, 99th percentile and greatest; null of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return {
        "min": ordered[0],
        "median": statistics.median(ordered),
        "p99": ordered[int(0.99 * len(ordered))],
        "max": ordered[-1],
    }


def compared(board: Any, gap_s: float, seconds: float, *, poll_counter: bool) -> dict[str, Any]:
    """Return the counter's joules beside the integral of instant power, polled at some rate."""
    time.sleep(min(1.0, seconds / 8))
    before_mj, start_s = pynvml.nvmlDeviceGetTotalEnergyConsumption(board), time.perf_counter()
    points: list[tuple[float, float]] = []
    while time.perf_counter() - start_s < seconds:
        points.append((time.perf_counter(), field(board, INSTANT)))
        if poll_counter:
            pynvml.nvmlDeviceGetTotalEnergyConsumption(board)
        time.sleep(gap_s)
    points.append((time.perf_counter(), field(board, INSTANT)))
    after_mj, end_s = pynvml.nvmlDeviceGetTotalEnergyConsumption(board), time.perf_counter()
    area = sum((p + q) / 2 * (t - s) for (s, p), (t, q) in pairwise(points)) / 1e3
    integral_j = area * (end_s - start_s) / (points[-1][0] - points[0][0])
    counter_j = (after_mj - before_mj) / 1e3
    return {
        "gap_s": gap_s,
        "counter_polled": poll_counter,
        "counter_j": counter_j,
        "integral_j": integral_j,
        "ratio": counter_j / integral_j if integral_j else None,
    }


def probe(scale: float) -> dict[str, Any]:
    """Ask the first board all of it."""
    pynvml.nvmlInit()
    board = pynvml.nvmlDeviceGetHandleByIndex(0)
    asks: dict[str, Ask] = {
        "counter_mj": lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(board),
        "usage_mw": lambda: pynvml.nvmlDeviceGetPowerUsage(board),
        "instant_mw": lambda: field(board, INSTANT),
        "average_mw": lambda: field(board, AVERAGE),
    }
    fields = {
        f"{number}/scope{scope}": answer(lambda number=number, scope=scope: field(board, number, scope))
        for number in (AVERAGE, INSTANT)
        for scope in (0, 1, 2)
    }
    can = {name: ask for name, ask in asks.items() if not isinstance(answer(ask), str)}
    told: dict[str, Any] = {
        "name": pynvml.nvmlDeviceGetName(board),
        "driver": pynvml.nvmlSystemGetDriverVersion(),
        "boards": pynvml.nvmlDeviceGetCount(),
        "limit_mw": answer(lambda: pynvml.nvmlDeviceGetEnforcedPowerLimit(board)),
        "fields": fields,
        "refused": sorted(asks.keys() - can.keys()),
        "watched": {name: watched(ask, WATCH_S * scale) for name, ask in can.items()},
    }
    if {"counter_mj", "instant_mw"} <= can.keys():
        told["counter_vs_integral"] = [
            compared(board, gap_s * min(scale * 2, 1), COMPARE_S * scale, poll_counter=poll) for gap_s, poll in POLLING
        ]
    pynvml.nvmlShutdown()
    return told


def main() -> None:
    """Print what was found; where there is no NVML, say so and exit with 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="all durations times this")
    try:
        print(json.dumps(probe(parser.parse_args().scale)))
    except pynvml.NVMLError as error:
        raise SystemExit(f"NVML cannot be asked: {error}") from error


if __name__ == "__main__":
    main()
