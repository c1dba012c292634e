"""Reads all meters of a node at a steady rate, in a thread, and gives out what they said in any span of time.

    meters ──tick──▶ one Ring a channel ──span──▶ traces

It knows no trials: it always reads, and one asks for a span afterwards. Nothing that a meter does can end it.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from raystudy.power.meter import Meter
from raystudy.power.ring import Ring
from raystudy.record.trace import Channel, Reading, Trace

LIVE_S = 0.5
"""Shortest stretch of a counter that gives watts for a display; counters move every 1 to 100 ms."""


class Sampler:
    """The readings of some meters. Closing it closes them."""

    def __init__(self, meters: Sequence[Meter], *, rate_hz: float) -> None:
        self._meters = tuple(meters)
        self._period_s = 1 / rate_hz
        self._started_s = time.monotonic()
        self._rings = {channel: Ring() for meter in meters for channel in meter.channels}
        self._ticked = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="raystudy-sampler", daemon=True)
        self._thread.start()

    def span(self, start_s: float, end_s: float) -> tuple[Trace, ...]:
        """
        Return what each channel read in a span of the monotonic clock, with one good reading on either side.

        Waits for the reading after the end: three periods and a second at most. Channels that fail all the time are
        not waited for.
        """
        with self._ticked:
            self._ticked.wait_for(lambda: self._settled(end_s), timeout=3 * self._period_s + 1)
            pieces = {channel: ring.cut(start_s, end_s) for channel, ring in self._rings.items()}
        return tuple(
            Trace(channel=channel, readings=piece.readings(), sampler_started_s=self._started_s)
            for channel, piece in pieces.items()
        )

    def latest_w(self) -> dict[str, float | None]:
        """Return the power of each device just now, for a display; null where its last readings do not tell."""
        with self._ticked:
            return latest_w(self._rings)

    def wait_ready(self) -> None:
        """Wait until every channel was asked once; three periods and a second at most."""
        with self._ticked:
            self._ticked.wait_for(lambda: all(map(Ring.newest, self._rings.values())), timeout=3 * self._period_s + 1)

    def close(self) -> None:
        """Stop reading and let go of the meters."""
        self._stop.set()
        self._thread.join(timeout=2)
        for meter in self._meters:
            with contextlib.suppress(Exception):
                meter.close()

    def _settled(self, end_s: float) -> bool:
        return all(ring.settled(end_s) for ring in self._rings.values())

    def _loop(self) -> None:
        """Tick on absolute deadlines: a late tick does not move the ones after it, and missed ones are left out."""
        while not self._stop.is_set():
            for meter in self._meters:
                self._keep(meter.channels, asked(meter))
            self._stop.wait(until_next_s(time.monotonic() - self._started_s, self._period_s))

    def _keep(self, channels: Sequence[Channel], readings: Sequence[Reading]) -> None:
        with self._ticked:
            for channel, reading in zip(channels, readings, strict=True):
                self._rings[channel].append(reading)
            self._ticked.notify_all()


def until_next_s(elapsed_s: float, period_s: float) -> float:
    """Return the time to the next deadline, a whole multiple of the period."""
    return period_s - elapsed_s % period_s


def asked(meter: Meter, *, clock: Callable[[], float] = time.monotonic) -> tuple[Reading, ...]:
    """Return the readings of a meter; one that raises gives a failed reading for each of its channels."""
    try:
        readings = meter.read()
        assert len(readings) == len(meter.channels), "a meter gives one reading for each channel"
    except Exception as error:  # noqa: BLE001 - the thread has no caller, and the other meters shall be read
        failed = Reading(at_s=clock(), half_width_s=0.0, value=None, error=f"{type(error).__name__}: {error}")
        return (failed,) * len(meter.channels)
    return readings


def latest_w(rings: Mapping[Channel, Ring]) -> dict[str, float | None]:
    """Return the last power of each device: of its power channel, else from the last stretch of its counter."""
    watts: dict[str, float | None] = {}
    for channel, ring in rings.items():
        if channel.quantity == "power_w":
            newest = ring.newest()
            watts[channel.device] = newest.value if newest else None
        elif channel.quantity == "energy_j":
            watts.setdefault(channel.device, _slope_w(ring))
    return watts


def _slope_w(counter: Ring) -> float | None:
    """Return the mean power over the last half second or more of a counter."""
    newest = counter.newest()
    if newest is None or newest.value is None:
        return None
    oldest = counter.cut(newest.at_s - LIVE_S, newest.at_s).readings()[0]
    if oldest.value is None or newest.at_s - oldest.at_s < LIVE_S:
        return None
    return (newest.value - oldest.value) / (newest.at_s - oldest.at_s)
