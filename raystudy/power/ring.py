"""The readings of one channel, newest last: bounded, and cut so that a span keeps good readings on either side."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from raystudy.record.trace import NS_PER_S, Reading

KEEP = 864_000
"""Readings kept of a channel in memory: a day at 10 Hz. A reading takes 26 bytes, so at most 25 MB."""

BESIDE = 2
"""Good readings kept on either side of a span: the outer one tells whether the inner one is a glitch."""

FAILED_IN_A_ROW = 10
"""So many failed readings in a row, and a channel is given up: nobody waits for it, nor looks past them."""

_MESSAGES = 1_000
NOT_PLANNED = -1.0
"""Stands in the array for the lateness of a reading out of turn; null outside."""


class Ring:
    """Plain arrays: as objects, a day of readings would take 120 MB for each channel. Not safe between threads."""

    def __init__(self, *, keep: int = KEEP) -> None:
        self._keep, self._longest = keep, int(keep * 1.1)
        self._t_mono_ns, self._value = array("q"), array("d")
        self._half_width_s, self._late_s = array("f"), array("f")
        self._error = array("H")
        self._codes: list[str | None] = [None]

    def __len__(self) -> int:
        return len(self._t_mono_ns)

    def append(self, reading: Reading) -> None:
        """Add the newest reading."""
        late_s = NOT_PLANNED if reading.late_s is None else reading.late_s
        self.add(reading.t_mono_ns, reading.half_width_s, late_s, reading.value, reading.error)

    def add(self, t_mono_ns: int, half_width_s: float, late_s: float, value: float | None, error: str | None) -> None:
        """
        Add the newest reading by its parts; the oldest tenth goes when the ring is a tenth too long.

        One that is older than the newest is dropped: its call came back after it had been given up.
        """
        if self._t_mono_ns and t_mono_ns <= self._t_mono_ns[-1]:
            return
        self._t_mono_ns.append(t_mono_ns)
        self._half_width_s.append(half_width_s)
        self._late_s.append(late_s)
        self._value.append(0.0 if value is None else value)
        self._error.append(0 if value is not None else self._code(error or "no value"))
        if len(self._t_mono_ns) > self._longest:
            self.forget(len(self) - self._keep)

    def forget(self, n: int) -> None:
        """Drop the oldest readings."""
        for column in self._columns:
            del column[:n]

    def newest(self) -> Reading | None:
        """Return the last reading, good or failed; null before the first."""
        return self._reading(len(self) - 1) if len(self) else None

    def settled(self, end_s: float) -> bool:
        """Whether waiting is over: there is a good reading at or after `end_s`, or the channel is given up."""
        after = bisect_left(self._t_mono_ns, _ns(end_s))
        return any(code == 0 for code in self._error[after:]) or self._given_up()

    def before(self, at_s: float) -> int:
        """Count the readings before a time."""
        return bisect_left(self._t_mono_ns, _ns(at_s))

    def cut(self, start_s: float, end_s: float) -> tuple[Reading, ...]:
        """Return the readings of a span, from the second good one at or before it to the second good one after it."""
        return self.readings(*self.bounds(start_s, end_s))

    def bounds(self, start_s: float, end_s: float) -> tuple[int, int]:
        """Return the first index of such a cut, and the one after its last."""
        if not len(self):
            return 0, 0
        first = self._good(bisect_right(self._t_mono_ns, _ns(start_s)) - 1, step=-1)
        return first, self._good(bisect_left(self._t_mono_ns, _ns(end_s)), step=1) + 1

    def piece(self, first: int, after: int) -> "Ring":
        """Return a copy of the readings from one index up to another."""
        copy = Ring(keep=self._keep)
        copy._codes = list(self._codes)
        for mine, its in zip(self._columns, copy._columns, strict=True):
            its.extend(mine[first:after])
        return copy

    def columns(self) -> tuple[dict[str, "array[Any]"], list[str | None]]:
        """Return all readings as arrays by name, and what the numbers in `error` stand for: 0 for none."""
        names = ("t_mono_ns", "half_width_s", "late_s", "value", "error")
        return dict(zip(names, self._columns, strict=True)), self._codes

    @property
    def _columns(self) -> tuple["array[Any]", ...]:
        return self._t_mono_ns, self._half_width_s, self._late_s, self._value, self._error

    def readings(self, first: int = 0, after: int | None = None) -> tuple[Reading, ...]:
        """Return the readings from one index up to another, oldest first."""
        return tuple(self._reading(index) for index in range(first, len(self) if after is None else after))

    def _good(self, index: int, *, step: int) -> int:
        """Return the index outward of the second good reading, else the furthest one looked at."""
        inside = range(len(self))
        outward = [at for at in range(index, index + step * (FAILED_IN_A_ROW + BESIDE), step) if at in inside]
        good = [at for at in outward if self._error[at] == 0][:BESIDE]
        nearest = min(max(index, 0), len(self) - 1)
        return good[-1] if good else outward[-1] if outward else nearest

    def _given_up(self) -> bool:
        newest: Sequence[int] = self._error[-FAILED_IN_A_ROW:]
        return len(newest) == FAILED_IN_A_ROW and all(newest)

    def _code(self, code: str) -> int:
        """Return the number of an error code, counted from 1; past the first thousand all others share one."""
        if code in self._codes:
            return self._codes.index(code)
        if len(self._codes) <= _MESSAGES:
            self._codes.append(code if len(self._codes) < _MESSAGES else "another error")
        return len(self._codes) - 1

    def _reading(self, index: int) -> Reading:
        error, late_s = self._error[index], self._late_s[index]
        return Reading(
            t_mono_ns=self._t_mono_ns[index],
            half_width_s=self._half_width_s[index],
            late_s=None if late_s < 0 else late_s,
            value=self._value[index] if error == 0 else None,
            error=self._codes[error],
        )


def _ns(at_s: float) -> int:
    return round(at_s * NS_PER_S)
