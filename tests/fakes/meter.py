"""A meter that reads what a function of time says."""

import time
from collections.abc import Callable

from raystudy.power.meter import stamped
from raystudy.record.trace import Channel, Quantity, Reading


class FakeMeter:
    """One channel of one device; its value is a function of the monotonic clock, and may raise."""

    def __init__(self, device: str, value_at: Callable[[float], float], *, quantity: Quantity = "power_w") -> None:
        self.channels = (Channel(name=f"fake/{device}", quantity=quantity, scope="package", device=device),)
        self.value_at = value_at
        self.closed = False

    def read(self) -> tuple[Reading, ...]:
        """Return what the function says now."""
        return (stamped(lambda: self.value_at(time.monotonic())),)

    def close(self) -> None:
        """Note it."""
        self.closed = True


class BrokenMeter(FakeMeter):
    """A meter whose every read raises, as no meter should."""

    def read(self) -> tuple[Reading, ...]:
        """Raise."""
        raise OSError("the instrument is gone")
