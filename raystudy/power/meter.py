"""A meter is an instrument: a set of lines, each a channel and how it is asked.

Adding one: a file beside this with a class that satisfies Meter, and a line in METERS.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from raystudy.record.trace import Channel


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A channel, and how it is asked; asking returns its value in the channel's unit, or raises."""

    channel: Channel
    ask: Callable[[], float]
    seldom: bool = False
    """Asked once a second at most, and at the edges of a window: fast polling would disturb it, or tell nothing."""


class Meter(Protocol):
    """An instrument of one node."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it reads; fixed while it is open. Lines of one device are asked one after the other."""
        ...

    def close(self) -> None:
        """Let go of the instrument."""
        ...


def code_of(error: Exception) -> str:
    """Return the short code under which a failed read is counted: `EACCES`, `NVMLError_GpuIsLost`, `ValueError`."""
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, f"errno {error.errno}")
    return type(error).__name__
