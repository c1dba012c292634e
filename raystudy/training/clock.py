"""The spans of a trial: what was done from when to when, on the monotonic clock."""

import time
from collections.abc import Callable

import torch

from raystudy.record.outcome import Span, SpanName


class Clock:
    """Cuts time into spans; at each cut the device has finished what it was given, and `at_edge` is called."""

    def __init__(self, device: torch.device, first: SpanName, at_edge: Callable[[], None] = lambda: None) -> None:
        """Start the first span now."""
        self._device, self._at_edge = device, at_edge
        self._name: SpanName = first
        self._started_s = time.monotonic()
        self._spans: list[Span] = []
        self._at_edge()

    def switch(self, name: SpanName) -> None:
        """End the running span and begin the next."""
        now_s = self._now_s()
        self._at_edge()
        self._spans.append(Span(name=self._name, start_s=self._started_s, end_s=now_s))
        self._name, self._started_s = name, now_s

    def stop(self) -> tuple[Span, ...]:
        """End the running span and return all."""
        self.switch(self._name)
        return tuple(self._spans)

    def _now_s(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.monotonic()
