"""Meters that read what a function of time says."""

import time
from collections.abc import Callable

from raystudy.power.meter import Line
from raystudy.record.trace import Channel, Quantity


class FakeMeter:
    """One channel of one device; its value is a function of the monotonic clock, and may raise or take its time."""

    def __init__(
        self,
        device: str,
        value_at: Callable[[float], float],
        *,
        quantity: Quantity = "power_w",
        seldom: bool = False,
        update_s: float = 0.0,
    ) -> None:
        channel = Channel(
            name=f"fake/{device}/{quantity}", quantity=quantity, scope="package", device=device, update_s=update_s
        )
        self.lines = (Line(channel=channel, ask=lambda: value_at(time.monotonic()), seldom=seldom),)
        self.closed = False

    def close(self) -> None:
        """Note it."""
        self.closed = True


def gone(_: float) -> float:
    """Fail, as an instrument that was unplugged."""
    raise OSError(5, "the instrument is gone")
