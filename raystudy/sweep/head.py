"""The head of the cluster, watched: without it every question to Ray hangs, until Ray ends this process by itself.

head ──a connection every 2 s──▶ none for 15 s ──▶ a sentence
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ray

GONE_S = 15.0
"""Ray ends this process after 60 s; a head that keeps its state elsewhere may be back before."""

_LOOK_EVERY_S = 2.0


class Head:
    """Notices that the head does not answer any more."""

    def __init__(self, address: str, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._address, self._now_s = address, now_s
        self._heard_s: float | None = now_s()

    def look(self) -> str | None:
        """Return what is to be told now; null where it answers, was silent only just, or was told to be gone."""
        host, _, port = self._address.rpartition(":")
        now_s = self._now_s()
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_LOOK_EVERY_S).close()
        except OSError:
            if self._heard_s is None or now_s - self._heard_s < GONE_S:
                return None
            self._heard_s = None
            return (
                f"the head of the Ray cluster at {self._address} does not answer; if it stays away, Ray ends this "
                "process within a minute. What is finished is kept: start the cluster, and run the same line again"
            )
        self._heard_s = now_s
        return None


@contextmanager
def head_watched(tell: Callable[[str], None]) -> Iterator[None]:
    """Look every two seconds, from a thread that asks Ray nothing, until the context ends."""
    head, over = Head(ray.get_runtime_context().gcs_address), threading.Event()

    def loop() -> None:
        while not over.wait(_LOOK_EVERY_S):
            if sentence := head.look():
                tell(sentence)

    threading.Thread(target=loop, daemon=True, name="head").start()
    try:
        yield
    finally:
        over.set()
