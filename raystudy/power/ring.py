"""The readings of one channel, newest last: bounded, and cut so that a span keeps one good reading on either side."""

from array import array
from bisect import bisect_left, bisect_right

from raystudy.record.trace import Reading

KEEP = 864_000
"""Readings kept of a channel: a day at 10 Hz, 2.4 hours at 100 Hz. A reading takes 26 bytes, so at most 25 MB."""

FAILED_IN_A_ROW = 10
"""So many failed readings in a row, and a channel is given up: nobody waits for it, nor looks past them."""

_MESSAGES = 1_000


class Ring:
    """Plain arrays: as objects, a day of readings would take 120 MB for each channel. Not safe between threads."""

    def __init__(self, *, keep: int = KEEP) -> None:
        self._keep = keep
        self._at_s, self._half_width_s, self._value = array("d"), array("d"), array("d")
        self._error = array("H")
        self._messages: list[str | None] = [None]

    def append(self, reading: Reading) -> None:
        """Add the newest reading; the oldest tenth goes when the ring is a tenth too long."""
        self._at_s.append(reading.at_s)
        self._half_width_s.append(reading.half_width_s)
        self._value.append(0.0 if reading.value is None else reading.value)
        self._error.append(0 if reading.value is not None else self._code(reading.error or "no value"))
        if len(self._at_s) > self._keep * 1.1:
            for column in (self._at_s, self._half_width_s, self._value, self._error):
                del column[: -self._keep]

    def newest(self) -> Reading | None:
        """Return the last reading, good or failed; null before the first."""
        return self._reading(len(self._at_s) - 1) if self._at_s else None

    def settled(self, end_s: float) -> bool:
        """Whether waiting is over: there is a good reading at or after `end_s`, or the channel is given up."""
        after = bisect_left(self._at_s, end_s)
        return any(code == 0 for code in self._error[after:]) or self._given_up()

    def cut(self, start_s: float, end_s: float) -> "Ring":
        """Return a copy from the last good reading at or before `start_s` to the first good one at or after `end_s`."""
        piece = Ring(keep=self._keep)
        piece._messages = self._messages
        if self._at_s:
            first = self._good(bisect_right(self._at_s, start_s) - 1, step=-1)
            after = self._good(bisect_left(self._at_s, end_s), step=1) + 1
            piece._at_s, piece._half_width_s = self._at_s[first:after], self._half_width_s[first:after]
            piece._value, piece._error = self._value[first:after], self._error[first:after]
        return piece

    def readings(self) -> tuple[Reading, ...]:
        """Return all readings, oldest first."""
        return tuple(self._reading(index) for index in range(len(self._at_s)))

    def _good(self, index: int, *, step: int) -> int:
        """Return the nearest index outward that holds a good reading, else the nearest there is."""
        inside = range(len(self._at_s))
        outward = [at for at in range(index, index + step * FAILED_IN_A_ROW, step) if at in inside]
        nearest = min(max(index, 0), len(self._at_s) - 1)
        return next((at for at in outward if self._error[at] == 0), nearest)

    def _given_up(self) -> bool:
        newest = self._error[-FAILED_IN_A_ROW:]
        return len(newest) == FAILED_IN_A_ROW and all(newest)

    def _code(self, message: str) -> int:
        """Return the number of a message, counted from 1; past the first thousand all others share one."""
        if message in self._messages:
            return self._messages.index(message)
        if len(self._messages) <= _MESSAGES:
            self._messages.append(message if len(self._messages) < _MESSAGES else "another error")
        return len(self._messages) - 1

    def _reading(self, index: int) -> Reading:
        code = self._error[index]
        return Reading(
            at_s=self._at_s[index],
            half_width_s=self._half_width_s[index],
            value=self._value[index] if code == 0 else None,
            error=self._messages[code],
        )
