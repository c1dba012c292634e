"""The head of the cluster, watched: without it every question to Ray hangs, until Ray ends this process by itself.

head ──a connection every 2 s──▶ none for 15 s ──▶ a sentence ──▶ none for 45 s ──▶ the end, before Ray's own
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ray

GONE_S = 15.0

SURE_S = 45.0
"""Ray ends this process after 60 s, without a word to anybody; a head that keeps its state elsewhere may be back."""

_LOOK_EVERY_S = 2.0


class Head:
    """Notices that the head does not answer any more."""

    def __init__(self, address: str, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._address, self._now_s = address, now_s
        self._heard_s = now_s()
        self._told = False

    def look(self) -> str | None:
        """Return what is to be told now; null where it answers, was silent only just, or was told to be gone."""
        host, _, port = self._address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_LOOK_EVERY_S).close()
        except OSError:
            if self._told or self._now_s() - self._heard_s < GONE_S:
                return None
            self._told = True
            return (
                f"the head of the Ray cluster at {self._address} does not answer; "
                f"if it stays away, this run ends in {SURE_S - GONE_S:.0f} s"
            )
        self._heard_s, self._told = self._now_s(), False
        return None

    def end(self) -> str | None:
        """Return why there is nothing to wait for any more; null where it answered not long ago."""
        if self._now_s() - self._heard_s < SURE_S:
            return None
        return (
            f"The head of the Ray cluster at {self._address} has not answered for {SURE_S:.0f} s. "
            "What is finished is kept: start the cluster, and run the same line again."
        )


@contextmanager
def head_watched(tell: Callable[[str], None], give_up: Callable[[str], None]) -> Iterator[None]:
    """
    Look every two seconds, from a thread that asks Ray nothing, until the context ends.

    `give_up` is called in that thread, and must end the process: the main thread hangs in Ray, where no signal and no
    exception reaches it (2.60: `total_resources_per_node`, asked by Tune).
    """
    head, over = Head(ray.get_runtime_context().gcs_address), threading.Event()

    def loop() -> None:
        while not over.wait(_LOOK_EVERY_S):
            if sentence := head.look():
                tell(sentence)
            if sentence := head.end():
                give_up(sentence)

    threading.Thread(target=loop, daemon=True, name="head").start()
    try:
        yield
    finally:
        over.set()
