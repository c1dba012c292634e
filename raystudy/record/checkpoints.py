"""How an unfinished trial went so far, kept so that it can go on: the states of one trial, in a folder of its own.

    checkpoints/TRIAL/0007.safetensors        model, optimizer, random state: written by the training
                      0007-1.traces.parquet   what the meters read since the state before, in segment 1
                      0007.json               course, segments, clocks: written last, it makes the state valid

Of the states the last one is kept, of the readings all. A finished trial leaves no folder.
"""

import dataclasses
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from raystudy.errors import ArchiveError
from raystudy.record.labelled import Answered
from raystudy.record.outcome import Interval, Span
from raystudy.record.schema import Float32, fields_of
from raystudy.record.segment import Part, Segment
from raystudy.record.store import Fill, Store
from raystudy.record.trace import Trace, joined, shifted, trace_of
from raystudy.study import Recipe

Timed = TypeVar("Timed", Span, Interval, Segment)


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """How a training went so far."""

    spans: tuple[Span, ...] = ()
    intervals: tuple[Interval, ...] = ()
    step_losses: tuple[Float32, ...] = ()
    dear: int = 0
    """Intervals in a row whose nats cost too much, for the rule that looks at joules."""
    zero_shot: tuple[Answered, ...] = ()
    """What the model said of each held-out example before any training; none where it reads plain text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Both clocks at one moment, and the boot that the monotonic one counts from."""

    mono_s: float
    unix_s: float
    boot_hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The last state of a trial that is not finished."""

    terms: Mapping[str, str]
    """What must be the same for the trial to go on: recipe, seed, device, versions."""
    course: Course
    segments: tuple[Segment, ...]
    """The last one ends here."""
    at: Moment

    def changed(self, terms: Mapping[str, str]) -> list[str]:
        """Return which of these terms are not those of the state, each with both."""
        return [
            f"{key} was {self.terms.get(key)}, is {now}" for key, now in terms.items() if self.terms.get(key) != now
        ]

    def on_clock_of(self, now: Moment) -> "Kept":
        """
        Return it with all times on the monotonic clock that runs now.

        Another boot counts from another start; the wall clock tells how far they are apart, and if it went back
        meanwhile, all that was kept ends just now.
        """
        if self.at.boot_hash == now.boot_hash:
            return self
        by_s = min((now.mono_s - now.unix_s) - (self.at.mono_s - self.at.unix_s), now.mono_s - self.at.mono_s)
        return dataclasses.replace(
            self,
            course=dataclasses.replace(
                self.course,
                spans=tuple(_moved(span, by_s) for span in self.course.spans),
                intervals=tuple(_moved(interval, by_s) for interval in self.course.intervals),
            ),
            segments=tuple(
                dataclasses.replace(_moved(each, by_s), clock_shift_s=each.clock_shift_s + by_s)
                for each in self.segments
            ),
            at=now,
        )


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The states of one trial."""

    store: Store
    trial_id: str

    @property
    def place(self) -> str:
        """What a person calls the folder."""
        return f"{self.store.place}/{self._folder}"

    def keep(self, kept: Kept, *, state: Fill, traces: Iterable[Trace]) -> None:
        """Make this the last state; `state` writes the training's part. Killed meanwhile, the one before stays."""
        number = len(kept.course.intervals)
        self.store.fill(self._state_name(number), state)
        table = pa.Table.from_pylist([dataclasses.asdict(trace) for trace in traces], schema=_TRACES)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        part = f"{self._folder}/{number:04d}-{len(kept.segments) - 1}.traces.parquet"
        self.store.put(part, sink.getvalue().to_pybytes())
        self.store.put(f"{self._folder}/{number:04d}.json", json.dumps(dataclasses.asdict(kept)).encode())
        self._forget_before(number)

    def last(self) -> Kept | None:
        """Return the last state; null where none is kept. Raises ArchiveError where it cannot be read."""
        return self._kept(f"{self._folder}/{reached:04d}.json") if (reached := self.reached) else None

    @property
    def reached(self) -> int:
        """How many intervals the last state has behind it; 0 where none is kept."""
        return reached_in(self.store, self._folder).get(self.trial_id, 0)

    def state_file(self, number: int) -> Path:
        """Return a file on this machine with the training's part of a state, by its number of intervals."""
        return self.store.at_hand(self._state_name(number))

    def parts(self, segments: Iterable[Segment]) -> tuple[Part, ...]:
        """Return the segments of the trial with what was read in each, on the clock that runs now."""
        return tuple(Part(segment=each, traces=self._traces(place, each)) for place, each in enumerate(segments))

    def unreadable(self) -> list[str]:
        """Return the names of files of readings that cannot be read: a gap in the readings, and no more."""
        return [PurePosixPath(name).name for name in self._names(".traces.parquet") if self._read(name) is None]

    def clear(self) -> None:
        """Delete all of it."""
        self.store.delete(self._folder)

    @property
    def _folder(self) -> str:
        return f"{_FOLDER}/{self.trial_id}"

    def _state_name(self, number: int) -> str:
        return f"{self._folder}/{number:04d}.safetensors"

    def _names(self, ending: str) -> list[str]:
        return [name for name in self.store.names(self._folder) if name.endswith(ending)]

    def _traces(self, place: int, segment: Segment) -> tuple[Trace, ...]:
        told = (trace_of(row) for name in self._names(f"-{place}.traces.parquet") for row in self._read(name) or ())
        return joined([shifted(trace, segment.clock_shift_s) for trace in told])

    def _forget_before(self, number: int) -> None:
        names = self.store.names(self._folder)
        for older, name in (*_numbered(names, ".json"), *_numbered(names, ".safetensors")):
            if older < number:
                self.store.delete(name)
        self.store.tidy(self._folder)

    def _read(self, name: str) -> list[dict[str, Any]] | None:
        """Return the readings in a file; null where it cannot be read."""
        try:
            rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(self.store.read(name)), schema=_TRACES).to_pylist()
        except (pa.ArrowException, OSError):
            return None
        return rows

    def _kept(self, name: str) -> Kept:
        try:
            return _kept_of(json.loads(self.store.read(name)))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ArchiveError(
                f"{self.store.place}/{name} is not a readable state of a trial ({error}). "
                f"Move {self.place} away; the trial starts anew."
            ) from error


_FOLDER = "checkpoints"
_TRACES = pa.schema(list(fields_of(Trace)))


def reached_in(store: Store, under: str = _FOLDER) -> dict[str, int]:
    """Return how many intervals the last state of each trial that has one has behind it, by one question to a store."""
    states = sorted(_numbered(store.names(under), ".json"))
    return {PurePosixPath(name).parent.name: number for number, name in states}


def recipe_terms(recipe: Recipe, seed: int) -> dict[str, str]:
    """Return what a trial trains, and from which seed, as terms."""
    return {name: str(value) for name, value in recipe.model_dump().items()} | {"seed": str(seed)}


def _numbered(names: Iterable[str], ending: str) -> list[tuple[int, str]]:
    stems = [(PurePosixPath(name).stem, name) for name in names if name.endswith(ending)]
    return [(int(stem), name) for stem, name in stems if stem.isdecimal()]


def _kept_of(told: dict[str, Any]) -> Kept:
    course = told["course"]
    return Kept(
        terms=told["terms"],
        course=Course(
            spans=tuple(Span(**each) for each in course["spans"]),
            intervals=tuple(Interval(**each) for each in course["intervals"]),
            step_losses=tuple(course["step_losses"]),
            dear=course["dear"],
            zero_shot=tuple(Answered(**each) for each in course["zero_shot"]),
        ),
        segments=tuple(Segment(**each) for each in told["segments"]),
        at=Moment(**told["at"]),
    )


def _moved(timed: Timed, by_s: float) -> Timed:
    """Move all times of something."""
    times = {name: getattr(timed, name, None) for name in ("start_s", "at_s", "evaluated_s", "end_s")}
    changes: dict[str, Any] = {name: time_s + by_s for name, time_s in times.items() if time_s is not None}
    return dataclasses.replace(timed, **changes)
