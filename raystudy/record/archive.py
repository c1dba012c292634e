"""The place of the observations: one store a study, one file a finished trial, written once, read lazily.

    STUDY/study.toml                      the study file, as it was run
    STUDY/trials/tokens-50000--r03.parquet    one observation: written under a temporary name, then renamed
    STUDY/pretrained/tiny-1m/             the weights that trials of this model start from; written before the row of
                                          trials/pretraining-tiny_1m--r00.parquet
    STUDY/failures/tokens-50000--r03--TIME.json   a trial that failed, with its traceback; `run` tries it again
    STUDY/checkpoints/TRIAL/              the last state of a trial that is not finished; `run` continues there
    STUDY/idle/NODE--RUN--before.json     power of an idle node before the first trial of a run; --after.json: its end
    STUDY/report.md, report.html, charts/     what `analyze` concluded

The store is a folder, or anything store.py can write to. This class alone knows what a file is called.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from raystudy.errors import ArchiveError
from raystudy.record.attempt import Attempt
from raystudy.record.checkpoints import Checkpoints, reached_in
from raystudy.record.energy import Idle
from raystudy.record.filesystems import store_at
from raystudy.record.observation import SCHEMA, SCHEMA_VERSION, Observation
from raystudy.record.store import Fill, Store
from raystudy.study import CORPUS_FIELDS, Study, parse


def now_utc() -> str:
    """Return the wall clock for people, ISO 8601, fine enough to tell any two failures of a trial apart."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure(Attempt):
    """An attempt at a trial that came to nothing, with all that is known of why."""

    trial_id: str
    details: str
    """The traceback, or whatever else there is."""

    @property
    def attempt(self) -> Attempt:
        """What the row of the trial keeps of it, once another attempt came through."""
        return Attempt(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Attempt)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The power of an idle node, before the first trial of a run or after its last."""

    node: str
    run: str
    """When that run began: each run has its own baselines, and its trials use those."""
    when: Literal["before", "after"]
    idle: tuple[Idle, ...]
    """One a device."""


class Archive:
    """The observations of one study, and what belongs to them."""

    def __init__(self, place: Path | str | Store) -> None:
        """Take a folder, a URI, or a store."""
        self.store = store_at(place) if isinstance(place, Path | str) else place

    @property
    def place(self) -> str:
        """What a person calls it, and what `--out` takes."""
        return self.store.place

    def within(self, name: str) -> str:
        """Return what a person calls a file or folder in it."""
        return f"{self.place}/{name}"

    def write_study(self, study_text: str) -> None:
        """Keep the study file."""
        self.store.put("study.toml", study_text.encode())

    @property
    def holds_study(self) -> bool:
        """Whether a study was ever begun here."""
        return self.store.has("study.toml")

    def study(self) -> Study:
        """Read the study that the archive holds; raises ArchiveError where there is none."""
        return parse(self._study_file().decode(), name=self.within("study.toml"))

    def study_sha256(self) -> str:
        """Return the hash of the study file."""
        return hashlib.sha256(self._study_file()).hexdigest()

    def has(self, trial_id: str) -> bool:
        """Whether the trial is finished."""
        return self.store.has(_trial_name(trial_id))

    def finished(self) -> frozenset[str]:
        """Return all finished trials, by one question to the store."""
        return frozenset(Path(name).stem for name in self.store.names("trials") if name.endswith(".parquet"))

    def write(self, observation: Observation) -> None:
        """Add a finished trial: all of it, or nothing."""
        sink = pa.BufferOutputStream()
        pq.write_table(observation.to_arrow(), sink, compression="zstd")
        self.store.put(_trial_name(observation.identity.trial_id), sink.getvalue().to_pybytes())

    def checkpoints(self, trial_id: str) -> Checkpoints:
        """Return the states of a trial that is not finished."""
        return Checkpoints(self.store, trial_id)

    def reached(self) -> dict[str, int]:
        """Return how many intervals the last state of each trial has behind it, by one question to the store."""
        return reached_in(self.store)

    def has_pretrained(self, model: str) -> bool:
        """Whether there are pretrained weights of a built model."""
        return self.store.has(_pretrained_name(model))

    def pretrained(self, model: str) -> Path:
        """Return a model folder on this machine with the pretrained weights of a built model."""
        return self.store.at_hand(_pretrained_name(model))

    def keep_pretrained(self, model: str, write: Fill) -> None:
        """Keep the pretrained weights of a built model, which `write` puts into a folder."""
        self.store.fill(_pretrained_name(model), write)

    def write_failure(self, failure: Failure) -> None:
        """Keep what a failed attempt said; never overwrites an earlier one."""
        name = f"{failure.trial_id}--{failure.at_utc.replace(':', '')}.json"
        self.store.put(f"failures/{name}", json.dumps(dataclasses.asdict(failure), indent=1).encode())

    def failures(self) -> dict[str, Failure]:
        """Return the last failure of each trial that failed and is not finished since."""
        finished = self.finished()
        return {each.trial_id: each for each in self.all_failures() if each.trial_id not in finished}

    def all_failures(self) -> tuple[Failure, ...]:
        """Return every attempt that came to nothing, of one trial in order of time."""
        return tuple(self._failure(name) for name in self.store.names("failures") if name.endswith(".json"))

    def write_idle(self, baseline: Baseline) -> None:
        """Keep the power of an idle node; raises ArchiveError where that baseline is kept already."""
        name = _idle_name(baseline.node, baseline.run, baseline.when)
        if not self.store.create(name, json.dumps(dataclasses.asdict(baseline), indent=1).encode()):
            raise ArchiveError(
                f"{self.within(name)} is there already: a baseline is measured once a run and never overwritten."
            )

    def idle(self, node: str, run: str) -> tuple[Idle, ...]:
        """Return the idle power of each device of a node before a run; empty where no baseline was measured."""
        name = _idle_name(node, run, "before")
        return self._baseline(name).idle if self.store.has(name) else ()

    def baselines(self) -> tuple[Baseline, ...]:
        """Return all baselines of all runs, in order of time."""
        kept = [self._baseline(name) for name in self.store.names("idle") if name.endswith(".json")]
        return tuple(sorted(kept, key=lambda each: (each.run, each.node, each.when == "after")))

    def table(self) -> pl.LazyFrame:
        """Return all observations, one row a trial; raises ArchiveError where one is corrupt or of another schema."""
        files = self.trial_files()
        if not files:
            raise ArchiveError(f"{self.place} holds no finished trial yet. `raystudy run` adds them.")
        return pl.scan_parquet(list(files.values())).sort("position")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise ArchiveError, naming the file, where rows of `table` turn out to be damaged as they are read."""
        try:
            yield
        except pl.exceptions.ComputeError:
            for trial_id, file in self.trial_files().items():
                try:
                    pl.read_parquet(file)
                except pl.exceptions.ComputeError as error:
                    raise self._unreadable(trial_id, error) from error
            raise

    def trial_files(self) -> dict[str, Path]:
        """Return the file of each finished trial, here; raises ArchiveError where one is no observation."""
        names = [name for name in self.store.names("trials") if name.endswith(".parquet")]
        folder = self.store.at_hand("trials") if names else Path()
        files = {Path(name).stem: folder / Path(name).name for name in names}
        for trial_id, file in files.items():
            self._check(trial_id, file)
        return files

    @property
    def has_observations(self) -> bool:
        """Whether any trial is finished."""
        return bool(self.finished())

    def train_s(self, trial_ids: Iterable[str]) -> float:
        """Return the training time of some trials, added up."""
        files = [self.store.at_hand(_trial_name(trial_id)) for trial_id in trial_ids]
        return float(sum(pq.read_table(file, columns=["train_s"])["train_s"][0].as_py() for file in files))

    def fingerprints(self) -> dict[tuple[str | int | None, ...], str]:
        """Return the fingerprint of each corpus that finished trials have read."""
        if not self.has_observations:
            return {}
        with self.reading():
            rows = self.table().select(*CORPUS_FIELDS, "corpus_fingerprint").collect().rows()
        return {tuple(identity): fingerprint for *identity, fingerprint in rows}

    def write_report(self, *, markdown: str, html: str, charts: Mapping[str, str]) -> tuple[str, str]:
        """Write both reports, and the charts that the Markdown one links to; returns where they are."""
        texts = {**charts, "report.md": markdown, "report.html": html}
        try:
            for name, text in texts.items():
                self.store.put(name, text.encode())
        except OSError as error:
            raise ArchiveError(f"The report cannot be written to {self.place}: {error.strerror or error}.") from error
        return self.within("report.md"), self.within("report.html")

    def _study_file(self) -> bytes:
        try:
            return self.store.read("study.toml")
        except FileNotFoundError:
            raise ArchiveError(
                f"{self.place} holds no study: there is no study.toml in it. "
                "Give the folder that `raystudy run` wrote, as data/studies/NAME."
            ) from None

    def _failure(self, name: str) -> Failure:
        try:
            failure = Failure(**json.loads(self.store.read(name)))
            # It is shown on terminals: what is no letter could be a command to them.
            return dataclasses.replace(failure, reason="".join(filter(str.isprintable, failure.reason)))
        except (OSError, ValueError, TypeError) as error:
            raise ArchiveError(
                f"{self.within(name)} is not a readable record of a failure ({error}). Move it away."
            ) from error

    def _baseline(self, name: str) -> Baseline:
        try:
            kept = json.loads(self.store.read(name))
            return Baseline(**kept | {"idle": tuple(Idle(**each) for each in kept["idle"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ArchiveError(
                f"{self.within(name)} is not a readable idle baseline ({error}). Move it away."
            ) from error

    def _check(self, trial_id: str, file: Path) -> None:
        """Raise ArchiveError where a file is not an observation of this schema."""
        try:
            schema = pq.read_schema(file)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(trial_id, error) from error
        if not schema.equals(SCHEMA):
            version = (schema.metadata or {}).get(b"raystudy.schema_version", b"none").decode()
            raise ArchiveError(
                f"{self.within(_trial_name(trial_id))} has another schema (version {version}) than this raystudy reads "
                f"(version {SCHEMA_VERSION}). "
                "Analyse it with the raystudy that wrote it, or run the study again in another folder."
            )

    def _unreadable(self, trial_id: str, error: Exception) -> ArchiveError:
        return ArchiveError(
            f"{self.within(_trial_name(trial_id))} is not a readable observation ({str(error).splitlines()[0]}). "
            "Move it away and run the study again: only this trial is repeated."
        )


def _trial_name(trial_id: str) -> str:
    return f"trials/{trial_id}.parquet"


def _pretrained_name(model: str) -> str:
    return f"pretrained/{model}"


def _idle_name(node: str, run: str, when: str) -> str:
    return f"idle/{node}--{run.replace(':', '')}--{when}.json"
