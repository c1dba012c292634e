"""The estimate of last resort: rated watts of a core x seconds that the cores of the node were busy.

It knows nothing of clocks, memory or idle power; everything that comes of it is marked as estimated.
"""

from collections.abc import Callable
from typing import Any

import psutil

from raystudy.power.meter import Line
from raystudy.record.trace import Channel

BUSY = ("user", "nice", "system", "irq", "softirq")
"""What counts as busy. Linux counts guest inside user; stolen time was spent on another machine; iowait is idle."""

UPDATE_S = 0.01
"""CPU times are counted in ticks of 10 ms (man 5 proc_stat, USER_HZ)."""


class Nameplate:
    """The processors of this node, estimated from the time they were busy."""

    def __init__(self, watts_per_cpu: float, *, cpu_times: Callable[[], Any] = psutil.cpu_times) -> None:
        self._watts_per_cpu = watts_per_cpu
        self._cpu_times = cpu_times
        channel = Channel(
            name="nameplate/energy_j",
            quantity="energy_j",
            scope="package",
            device="nameplate",
            label=f"{watts_per_cpu:g} W a core",
            estimated=True,
            update_s=UPDATE_S,
        )
        self._line = Line(channel=channel, ask=self._ask)

    @property
    def lines(self) -> tuple[Line, ...]:
        """One estimate for the whole node: joules since it was started."""
        return (self._line,)

    def close(self) -> None:
        """Nothing is held open."""

    def _ask(self) -> float:
        times = self._cpu_times()
        return self._watts_per_cpu * float(sum(getattr(times, state, 0.0) for state in BUSY))
