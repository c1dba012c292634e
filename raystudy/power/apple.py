"""Apple silicon through zeus-apple-silicon: energy of CPU, GPU and memory. It comes with the extra `apple`.

One call reads the chip's "Energy Model" counters, in mJ since the machine was started; no root is needed.
"""

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.meter import Line
from raystudy.record.trace import Channel, Scope

J_PER_MJ = 1e-3

UPDATE_S = 0.1
"""Longest time between two updates: a guess; Apple documents none."""

MAX_W = 1000.0
"""Beyond any Mac."""

PARTS: tuple[tuple[str, str, Scope], ...] = (
    ("cpu_total_mj", "cpu", "package"),
    ("gpu_mj", "gpu", "gpu"),
    ("dram_mj", "dram", "dram"),
)
"""Fields of AppleEnergyMetrics that count apart from each other; cores and clusters are inside cpu_total_mj."""


class Apple:
    """The chip of this Mac. Raises NoMeterError on other machines, MeterError where it cannot be read."""

    def __init__(self, monitor: Callable[[], Any] | None = None) -> None:
        try:
            self._monitor = (monitor or _imported())()
            told = self._monitor.get_cumulative_energy()
        except (RuntimeError, ValueError) as error:
            raise MeterError(f"The energy of this Mac cannot be read: {error}.") from error
        self._lines = tuple(self._line(*part) for part in PARTS if getattr(told, part[0]) is not None)
        if not self._lines:
            raise MeterError("This Mac tells the energy of neither CPU, GPU nor memory.")

    @property
    def lines(self) -> tuple[Line, ...]:
        """The energy of each part of the chip that tells it."""
        return self._lines

    def close(self) -> None:
        """Nothing is held open but what ends with the object."""

    def _line(self, field: str, device: str, scope: Scope) -> Line:
        channel = Channel(
            name=f"apple/{device}/energy_j",
            quantity="energy_j",
            scope=scope,
            device=device,
            label=f"Apple silicon, {device}",
            update_s=UPDATE_S,
            max_w=MAX_W,
        )
        return Line(channel=channel, ask=partial(self._ask, field))

    def _ask(self, field: str) -> float:
        energy_mj = getattr(self._monitor.get_cumulative_energy(), field)
        if energy_mj is None:
            raise LookupError(f"{field} is not told any more")
        return float(energy_mj * J_PER_MJ)


def _imported() -> Callable[[], Any]:
    """Return what opens the chip's counters."""
    try:
        monitor: Callable[[], Any] = importlib.import_module("zeus_apple_silicon").AppleEnergyMonitor
    except ImportError as error:
        raise NoMeterError(
            "zeus-apple-silicon is not installed.", "On a Mac with Apple silicon: `pip install 'raystudy[apple]'`."
        ) from error
    return monitor
