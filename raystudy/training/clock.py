"""The spans of a trial: what was done from when to when, on the monotonic clock, and how long the machine slept."""

import sys
import time
from collections.abc import Callable, Iterable

import torch

from raystudy.record.outcome import Span, SpanName

_SLEPT_AT_LEAST_S = 0.1
"""Less between two looks at two clocks is the time between the looks."""


class Clock:
    """Cuts time into spans; at each cut the device has finished what it was given, and `at_edge` is called."""

    def __init__(
        self,
        device: torch.device,
        *,
        at_edge: Callable[[], None] = lambda: None,
        before: Iterable[Span] = (),
        asleep_s: Callable[[], float | None] | None = None,
    ) -> None:
        """Start to load now; `before` are the spans of a training that goes on."""
        self._device, self._at_edge = device, at_edge
        self._asleep_s = asleep_s or machine_asleep_s
        self._seen_asleep_s = self._asleep_s()
        self._name: SpanName = "load"
        self._started_s = time.monotonic()
        self._spans = list(before)
        self._at_edge()

    def switch(self, name: SpanName) -> float:
        """End the running span and begin the next; returns when."""
        now_s = self._now_s()
        self._at_edge()
        self._spans.append(Span(name=self._name, start_s=self._started_s, end_s=now_s))
        self._name, self._started_s = name, now_s
        return now_s

    @property
    def spans(self) -> tuple[Span, ...]:
        """All spans that ended."""
        return tuple(self._spans)

    def slept_s(self) -> float | None:
        """Return how long the machine slept since this was last asked; null where it does not tell."""
        asleep_s, before_s = self._asleep_s(), self._seen_asleep_s
        self._seen_asleep_s = asleep_s
        if asleep_s is None or before_s is None:
            return None
        slept_s = asleep_s - before_s
        return slept_s if slept_s >= _SLEPT_AT_LEAST_S else 0.0

    def _now_s(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.monotonic()


def machine_asleep_s() -> float | None:
    """Return how long this machine has been suspended since it booted; null where no clock runs on in its sleep."""
    sleepless = time.CLOCK_MONOTONIC_RAW if sys.platform == "darwin" else getattr(time, "CLOCK_BOOTTIME", None)
    return None if sleepless is None else time.clock_gettime(sleepless) - time.monotonic()
