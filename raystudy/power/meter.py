"""A meter is an instrument: it names its channels, and reads all of them at once.

Adding one: a file beside this with a class that satisfies Meter, and a line in METERS.
"""

import time
from collections.abc import Callable
from typing import Protocol

from raystudy.record.trace import Channel, Reading


class Meter(Protocol):
    """An instrument of one node."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What it reads; fixed while it is open."""
        ...

    def read(self) -> tuple[Reading, ...]:
        """Return one reading for each channel, in their order; a channel that fails says so and harms no other."""
        ...

    def close(self) -> None:
        """Let go of the instrument."""
        ...


def stamped(ask: Callable[[], float]) -> Reading:
    """Ask an instrument once; the reading carries the time of the call and how far that is uncertain."""
    value, error = None, None
    before_s = time.monotonic()
    try:
        value = ask()
    except Exception as problem:  # noqa: BLE001 - an instrument may fail in any way, and the others shall be read
        error = f"{type(problem).__name__}: {problem}"
    after_s = time.monotonic()
    return Reading(at_s=(before_s + after_s) / 2, half_width_s=(after_s - before_s) / 2, value=value, error=error)
