"""The estimate of last resort: rated watts of a core x seconds that the cores of the node were busy.

It knows nothing of clocks, memory or idle power; everything that comes of it is marked as estimated.
"""

from collections.abc import Callable
from typing import Any

import psutil

from raystudy.power.meter import stamped
from raystudy.record.trace import Channel, Reading

BUSY = ("user", "nice", "system", "irq", "softirq")
"""What counts as busy. Linux counts guest inside user; stolen time was spent on another machine; iowait is idle."""


class Nameplate:
    """The processors of this node, estimated from the time they were busy."""

    def __init__(self, watts_per_cpu: float, *, cpu_times: Callable[[], Any] = psutil.cpu_times) -> None:
        self._watts_per_cpu = watts_per_cpu
        self._cpu_times = cpu_times
        self._channel = Channel(
            name="nameplate/energy", quantity="energy_j", scope="package", device="nameplate", estimated=True
        )

    @property
    def channels(self) -> tuple[Channel, ...]:
        """One estimate for the whole node."""
        return (self._channel,)

    def read(self) -> tuple[Reading, ...]:
        """Return the joules estimated since the node was started."""
        return (stamped(lambda: self._watts_per_cpu * self._busy_s()),)

    def close(self) -> None:
        """Nothing is held open."""

    def _busy_s(self) -> float:
        times = self._cpu_times()
        return float(sum(getattr(times, state, 0.0) for state in BUSY))
