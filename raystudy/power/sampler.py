"""Reads all meters of a node at a steady rate, in threads, and gives out what they said in any span of time.

    meters ──Worker──▶ one Ring a channel ──span──▶ traces
                            └──a minute later──▶ Spill

It knows no trials: it always reads, and one asks for a span afterwards. Nothing that a meter does can end it, and none
delays another: a device that is slow to answer gets a worker of its own.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from raystudy.power.live import latest_w
from raystudy.power.meter import Line, Meter
from raystudy.power.ring import NOT_PLANNED, Ring
from raystudy.power.spill import Spill
from raystudy.power.worker import POLL_S, Track, Worker
from raystudy.record.points import Point
from raystudy.record.trace import NS_PER_S, Channel, Reading, Sampling, Trace

SELDOM_S = 1.0
"""Period of lines that are read seldom: polled faster, some energy counters of GPUs under-count."""

READS_A_LAP = 4
"""A counter is read so often while it goes round at its greatest plausible power."""

SHORTEST_S = 0.01
"""No channel is read more often than this, whatever its range."""

SLOW_S = 0.1
"""A device that has not answered after this gets a worker of its own."""

HUNG_S = 1.0
"""A device that has not answered after this has failed to: `timeout`."""

EDGE_S = 0.5
"""An edge is waited for no longer than this."""

WAIT_S = 2.0
"""No instrument is waited for longer than this after a span, however late what it says comes."""

SPILL_S, HOLD_S = 60.0, 600.0
"""Readings go to disk this often; so long they are held in memory all the same."""

_SUPERVISE_S = 0.1


class Sampler:
    """The readings of some meters. Closing it closes them."""

    def __init__(self, meters: Sequence[Meter], *, rate_hz: float, seed: int = 0, spill: Path | None = None) -> None:
        self._meters = tuple(meters)
        self._started_s, self._started_unix_s = time.monotonic(), time.time()
        self._tracks = [Track(line, _period_s(line, rate_hz), Ring()) for m in meters for line in m.lines]
        self._lock = threading.Lock()
        self._seed, self._workers = seed, list[Worker]()
        self._spill = None if spill is None else Spill(spill)
        self._spill_error: str | None = None
        self._spilled_s = self._tried_s = self._started_s
        self._cpu_s = 0.0
        self._over = threading.Event()
        self._start_worker(self._tracks)
        self._supervisor = threading.Thread(target=self._supervise, name="raystudy-supervisor", daemon=True)
        self._supervisor.start()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All that is read."""
        return tuple(track.line.channel for track in self._tracks)

    def mark(self) -> float:
        """
        Read every line now, counters until they have moved, and return the time of it.

        Called at the edge of a span it makes the edge sharp. Returns after half a second whatever the devices do.
        """
        at_s = time.monotonic()
        for worker in list(self._workers):
            worker.ask_edge()
        while any(w.at_edge for w in list(self._workers) if not _stuck(w, HUNG_S)) and time.monotonic() < at_s + EDGE_S:
            self._over.wait(POLL_S)
        return at_s

    def span(
        self, start_s: float, end_s: float, *, wanted: Callable[[Channel], bool] = lambda _: True
    ) -> tuple[Trace, ...]:
        """
        Return what each wanted channel read in a span of the monotonic clock, with good readings on either side.

        Reads all channels once more where one has not been read since the end, and again where what an instrument says
        comes late. Channels that fail all the time are not waited for.
        """
        tracks = [track for track in self._tracks if wanted(track.line.channel)]
        until_s = time.monotonic() + WAIT_S
        if not self._told(end_s, tracks, lags=1.0):
            self.mark()
        while not self._told(end_s, tracks, lags=0.5) and time.monotonic() < until_s:
            self._over.wait(
                min(max(end_s + _longest_lag_s(tracks) / 2, time.monotonic() + POLL_S), until_s) - time.monotonic()
            )
            self.mark()
        with self._lock:  # arrays are copied in no time; objects are made of them outside
            pieces = [t.ring.piece(*t.ring.bounds(start_s - _beside_s(t), end_s + _beside_s(t))) for t in tracks]
        held = [piece.readings() for piece in pieces]
        lacking = [
            t.line.channel.name for t, readings in zip(tracks, held, strict=True) if not _reaches(readings, start_s)
        ]
        older = self._spill.read(start_s, end_s, lacking) if self._spill and lacking else {}
        sampling = self._sampling()
        return tuple(
            Trace(
                channel=track.line.channel,
                readings=_joined(older.get(track.line.channel.name, []), readings, start_s),
                period_s=track.period_s,
                sampling=sampling,
            )
            for track, readings in zip(tracks, held, strict=True)
        )

    def fresh(self, seen_ns: dict[str, int]) -> dict[Channel, list[Point]]:
        """Return the good measured readings of energy and power since those that `seen_ns` notes by name."""
        found = {}
        with self._lock:
            for track in self._tracks:
                channel, ring = track.line.channel, track.ring
                if channel.estimated or not track.joules:
                    continue
                readings = ring.readings(ring.before((seen_ns.get(channel.name, 0) + 1) / NS_PER_S))
                found[channel] = [Point(r.at_s, r.half_width_s, r.value) for r in readings if r.value is not None]
                seen_ns[channel.name] = readings[-1].t_mono_ns if readings else seen_ns.get(channel.name, 0)
        return found

    def latest_w(self) -> dict[str, float | None]:
        """Return the power of each device just now, for a display; null where its last readings do not tell."""
        with self._lock:
            return latest_w({track.line.channel: track.ring for track in self._tracks})

    def latest_c(self) -> dict[str, float]:
        """Return the last temperature of each device that told one."""
        with self._lock:
            newest = {
                track.line.channel.device: track.ring.newest()
                for track in self._tracks
                if track.line.channel.quantity == "temperature_c"
            }
        return {device: last.value for device, last in newest.items() if last and last.value is not None}

    def put_away(self) -> None:
        """Write what came since the last time to disk; what is there and old is let go of. Done every minute."""
        now_s = self._tried_s = time.monotonic()
        if self._spill is None:
            return
        with self._lock:
            fresh = {
                track.line.channel.name: track.ring.piece(track.ring.before(self._spilled_s), track.ring.before(now_s))
                for track in self._tracks
            }
        try:
            self._spill.write(fresh)
        except Exception as error:  # noqa: BLE001 - a full disk, or whatever else: memory holds it, until the next try
            said = error.strerror if isinstance(error, OSError) else str(error)
            self._spill_error = f"{type(error).__name__}: {said}"
            return
        self._spilled_s, self._spill_error = now_s, None
        with self._lock:
            for track in self._tracks:
                track.ring.forget(track.ring.before(now_s - HOLD_S))

    def close(self) -> None:
        """Stop reading, let go of the meters, and forget what is on disk."""
        self._over.set()
        self._supervisor.join(timeout=2)
        for worker in self._workers:
            worker.end()
            if not _stuck(worker, SLOW_S):
                worker.join(timeout=2)
        for meter in self._meters:
            with contextlib.suppress(Exception):
                meter.close()
        if self._spill:
            self._spill.clear()

    def _told(self, end_s: float, tracks: Sequence[Track], *, lags: float) -> bool:
        """
        Whether all of some tracks were read so many times their lag after a time, or are given up.

        At an edge that was marked a watched counter has moved, and tells at once.
        """
        with self._lock:
            return all(
                track.ring.settled(end_s + (0.0 if track.watched and lags < 1 else lags * _lag_s(track)))
                for track in tracks
            )

    def _sampling(self) -> Sampling:
        cpu_s = self._cpu_s + sum(worker.cpu_s for worker in self._workers)
        return Sampling(
            started_s=self._started_s,
            started_unix_s=self._started_unix_s,
            cpu_share=cpu_s / max(time.monotonic() - self._started_s, 1e-9),
            spill_error=self._spill_error,
        )

    def _start_worker(self, tracks: Sequence[Track]) -> None:
        self._workers.append(Worker(tracks, lock=self._lock, seed=self._seed + len(self._workers)))
        self._workers[-1].start()

    def _supervise(self) -> None:
        """Part workers from devices that keep them waiting, note those that hang, and move old readings to disk."""
        while not self._over.wait(_SUPERVISE_S):
            for worker in list(self._workers):
                if _stuck(worker, SLOW_S):
                    self._relieve(worker)
                elif not worker.is_alive():
                    self._replace(worker)
            if time.monotonic() - self._tried_s >= SPILL_S:
                self.put_away()
            self._cpu_s = time.thread_time()

    def _replace(self, worker: Worker) -> None:
        """Put another in the place of one that died of an error of ours: reading goes on whatever happens."""
        if tracks := worker.tracks:
            self._workers.remove(worker)
            self._start_worker(tracks)

    def _relieve(self, worker: Worker) -> None:
        """Leave to a worker the device that keeps it, or only what tells no joules where the device is slow at that."""
        asking = worker.asking
        if asking is None:
            return
        channel, since_ns = asking[0].line.channel, asking[1]
        others = [
            t for t in worker.tracks if t.line.channel.device != channel.device or (t.joules and not asking[0].joules)
        ]
        if others:
            self._start_worker(others)
        if time.monotonic_ns() - since_ns < HUNG_S * NS_PER_S:
            return
        with self._lock:
            for track in worker.tracks:
                newest = track.ring.newest()
                if newest is None or newest.error != "timeout":  # at the call's beginning: its answer may still come
                    track.ring.add(since_ns + 1, 0.0, NOT_PLANNED, None, "timeout")


def _lag_s(track: Track) -> float:
    """Return how old what an instrument says may be."""
    return track.line.channel.update_s + track.line.channel.average_s


def _beside_s(track: Track) -> float:
    """Return how far beside a span readings are kept: samples as far as the counter beside them, read seldom."""
    return _lag_s(track) + (SELDOM_S if track.joules else 0.0)


def _longest_lag_s(tracks: Sequence[Track]) -> float:
    return max((_lag_s(track) for track in tracks if not track.watched), default=0.0)


def _period_s(line: Line, rate_hz: float) -> float:
    """Return how often a line is read: seldom, or at the rate; a counter often enough not to miss a lap."""
    channel, period_s = line.channel, max(SELDOM_S, 1 / rate_hz) if line.seldom else 1 / rate_hz
    if channel.wraps_at_j is None or channel.max_w is None:
        return period_s
    return min(period_s, max(channel.wraps_at_j / channel.max_w / READS_A_LAP, SHORTEST_S))


def _stuck(worker: Worker, longest_s: float) -> bool:
    asking = worker.asking
    return asking is not None and time.monotonic_ns() - asking[1] > longest_s * NS_PER_S


def _reaches(readings: Sequence[Reading], start_s: float) -> bool:
    return bool(readings) and readings[0].at_s <= start_s


def _joined(older: Sequence[Reading], newer: Sequence[Reading], start_s: float) -> tuple[Reading, ...]:
    """Put readings from disk before those in memory, from the second good one before the start on."""
    known = [reading for reading in older if not newer or reading.t_mono_ns < newer[0].t_mono_ns]
    if not known:
        return tuple(newer)
    ring = Ring()
    for reading in (*known, *newer):
        ring.append(reading)
    return ring.cut(start_s, max(start_s, newer[-1].at_s if newer else known[-1].at_s))
