"""A thread that asks some devices for their readings, each line at its own pace.

    pace due ──ask──▶ Reading ──keep──▶ Ring        edge asked for ──▶ every line at once, counters until they move

Deadlines are absolute: a late tick does not move the ones after it, and missed ones are left out. Power is asked at
moments shifted at random by up to a fifth of the period, so that no load can march in step with the sampling.
"""

import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from queue import Empty, SimpleQueue

from raystudy.power.meter import Line, code_of
from raystudy.power.ring import NOT_PLANNED, Ring
from raystudy.record.trace import NS_PER_S

DITHER = 0.2
POLL_S = 0.005
"""How closely a counter is watched at an edge until it moves."""
MOVES_WITHIN = 1.2
"""So many update periods are waited for that."""


@dataclass(eq=False, slots=True)
class Track:
    """A line, how often it is read, what it said, and which worker asks it."""

    line: Line
    period_s: float
    ring: Ring
    owner: "Worker | None" = None

    @property
    def joules(self) -> bool:
        """Whether it tells of energy or power; the others tell of the state of a device."""
        return self.line.channel.quantity in ("energy_j", "power_w")

    @property
    def watched(self) -> bool:
        """Whether it is a counter of such long steps that it is watched at an edge until it moves."""
        return self.line.channel.quantity == "energy_j" and self.line.channel.update_s > POLL_S


@dataclass(eq=False, slots=True)
class _Pace:
    """Tracks that are read together."""

    period_s: float
    tracks: list[Track]
    due_s: float
    tick: int = 0


@dataclass(slots=True)
class _Watch:
    """A counter that is watched until it moves."""

    track: Track
    value: float
    until_s: float


class Worker(threading.Thread):
    """Asks the tracks it owns. One that is stuck in a call keeps only that device: `tracks` are taken from it."""

    def __init__(self, tracks: Sequence[Track], *, lock: threading.Lock, seed: int) -> None:
        super().__init__(name="raystudy-power", daemon=True)
        self._lock, self._random = lock, random.Random(seed)
        self._born_s = time.monotonic()
        periods = sorted({track.period_s for track in tracks})
        self._paces = [_Pace(p, [t for t in tracks if t.period_s == p], self._born_s) for p in periods]
        self._watched: list[_Watch] = []
        self._calls, self._ended = SimpleQueue[None](), False
        self.edges_asked, self.edges_done = 0, 0
        self.asking: tuple[Track, int] | None = None
        """The track whose instrument has not answered yet, and since when, in ns of the monotonic clock."""
        self.cpu_s = 0.0
        for track in tracks:
            track.owner = self

    def run(self) -> None:
        """Read until it is told to end."""
        while not self._ended:
            if self.edges_asked > self.edges_done:
                self._edge(self.edges_asked)
            now_s = time.monotonic()
            for pace in self._paces:
                if pace.due_s <= now_s:
                    self._tick(pace)
            self._poll()
            self.cpu_s = time.thread_time()
            self._rest()

    @property
    def tracks(self) -> list[Track]:
        """What it owns."""
        return [track for pace in self._paces for track in pace.tracks if track.owner is self]

    @property
    def at_edge(self) -> bool:
        """Whether an edge that was asked for is not done yet."""
        return self.edges_done < self.edges_asked or bool(self._watched)

    def ask_edge(self) -> None:
        """Have every line read now."""
        self.edges_asked += 1
        self._calls.put(None)

    def end(self) -> None:
        """Have it end soon."""
        self._ended = True
        self._calls.put(None)

    def _tick(self, pace: _Pace) -> None:
        for track in pace.tracks:
            self._ask(track, planned_s=pace.due_s)
        pace.tick = max(pace.tick + 1, int((time.monotonic() - self._born_s) / pace.period_s + DITHER) + 1)
        shift = self._random.uniform(-DITHER, DITHER)
        pace.due_s = self._born_s + (pace.tick + shift) * pace.period_s

    def _edge(self, number: int) -> None:
        """Read every line out of turn, and watch the counters until they move."""
        for track in self.tracks:
            value = self._ask(track)
            if track.watched and value is not None:
                until_s = time.monotonic() + MOVES_WITHIN * track.line.channel.update_s
                self._watched.append(_Watch(track, value, until_s))
        self.edges_done = number

    def _poll(self) -> None:
        for watch in list(self._watched):
            if self._ask(watch.track) != watch.value or time.monotonic() > watch.until_s:
                self._watched.remove(watch)

    def _ask(self, track: Track, *, planned_s: float | None = None) -> float | None:
        """Ask a line once and keep what it says; null where it says nothing, or another worker has taken it over."""
        if track.owner is not self:
            return None
        value, error = None, None
        before_ns = time.monotonic_ns()
        self.asking = track, before_ns
        try:
            value = track.line.ask()
            if not isfinite(value):
                value, error = None, "NotFinite"
        except Exception as problem:  # noqa: BLE001 - an instrument may fail in any way, and the others shall be read
            error = code_of(problem)
        half_ns = (time.monotonic_ns() - before_ns) // 2
        self.asking = None
        late_s = NOT_PLANNED if planned_s is None else max(before_ns / NS_PER_S - planned_s, 0.0)
        with self._lock:
            track.ring.add(before_ns + half_ns, half_ns / NS_PER_S, late_s, value, error)
        return value

    def _rest(self) -> None:
        """Wait for what comes next: a pace that is due, the next look at a watched counter, a call."""
        due_s = min(pace.due_s for pace in self._paces)
        if self._watched:
            due_s = min(due_s, time.monotonic() + POLL_S)
        wait_s = due_s - time.monotonic()
        if self.edges_asked == self.edges_done and wait_s > 0:
            with suppress(Empty):
                self._calls.get(timeout=wait_s)
