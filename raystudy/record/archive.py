"""The place of the observations: one folder a study, one file a finished trial, written once, read lazily.

    STUDY/study.toml                      the study file, as it was run
    STUDY/trials/tokens-50000--r03.parquet    one observation: written under a temporary name, then renamed
    STUDY/pretrained/tiny-1m/             the weights that trials of this model start from; written before the row of
                                          trials/pretraining-tiny_1m--r00.parquet
    STUDY/failures/tokens-50000--r03--TIME.json   a trial that failed, with its traceback; `run` tries it again
    STUDY/checkpoints/TRIAL/              the last state of a trial that is not finished; `run` continues there
    STUDY/idle/NODE--RUN--before.json     power of an idle node before the first trial of a run; --after.json: its end
    STUDY/report.md, report.html, charts/     what `analyze` concluded

This class alone knows where a file lies.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from raystudy.errors import ArchiveError
from raystudy.record.checkpoints import Checkpoints, recipe_terms
from raystudy.record.energy import Idle
from raystudy.record.files import write_whole
from raystudy.record.observation import SCHEMA, SCHEMA_VERSION, Observation
from raystudy.study import CORPUS_FIELDS, Recipe, Study, Trial, load


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """An attempt at a trial that came to nothing."""

    trial_id: str
    at_utc: str
    reason: str
    """One sentence."""
    details: str
    """The traceback, or whatever else there is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The power of an idle node, before the first trial of a run or after its last."""

    node: str
    run: str
    """When that run began: each run has its own baselines, and its trials use those."""
    when: Literal["before", "after"]
    idle: tuple[Idle, ...]
    """One a device."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder of observations."""

    folder: Path

    @property
    def study_file(self) -> Path:
        """The copy of the study file."""
        return self.folder / "study.toml"

    @property
    def trials_folder(self) -> Path:
        """Where the observations lie."""
        return self.folder / "trials"

    @property
    def failures_folder(self) -> Path:
        """Where the failed attempts lie."""
        return self.folder / "failures"

    def pretrained(self, model: str) -> Path:
        """Return where the pretrained weights of a built model lie, a model folder."""
        return self.folder / "pretrained" / model

    def open_for(self, study: Study, study_text: str) -> None:
        """Make the folder ready; raises ArchiveError where it cannot be written or holds another recipe."""
        try:
            for folder in (self.trials_folder, self.failures_folder, self.folder / "idle"):
                folder.mkdir(parents=True, exist_ok=True)
            self._refuse_other_study(study)
            self._refuse_other_recipes(study)
            self._refuse_other_states(study)
            self._refuse_other_base(study)
            write_whole(self.study_file, study_text.encode())
        except OSError as error:
            raise ArchiveError(
                f"Results cannot be written to {self.folder}: {error.strerror or error}. "
                "Give another folder with --out."
            ) from error

    def study(self) -> Study:
        """Read the study that the folder holds; raises ArchiveError where there is none."""
        if not self.study_file.is_file():
            raise ArchiveError(
                f"{self.folder} holds no study: there is no {self.study_file.name} in it. "
                "Give the folder that `raystudy run` wrote, as data/studies/NAME."
            )
        return load(self.study_file)

    def study_sha256(self) -> str:
        """Return the hash of the study file."""
        return hashlib.sha256(self.study_file.read_bytes()).hexdigest()

    def has(self, trial_id: str) -> bool:
        """Whether the trial is finished."""
        return self._trial_file(trial_id).exists()

    def write(self, observation: Observation) -> None:
        """Add a finished trial: all of it, or nothing."""
        sink = pa.BufferOutputStream()
        pq.write_table(observation.to_arrow(), sink, compression="zstd")
        write_whole(self._trial_file(observation.identity.trial_id), sink.getvalue().to_pybytes())

    def checkpoints(self, trial_id: str) -> Checkpoints:
        """Return the states of a trial that is not finished."""
        return Checkpoints(self.folder / "checkpoints" / trial_id)

    def write_failure(self, failure: Failure) -> None:
        """Keep what a failed attempt said; never overwrites an earlier one."""
        name = f"{failure.trial_id}--{failure.at_utc.replace(':', '')}.json"
        write_whole(self.failures_folder / name, json.dumps(dataclasses.asdict(failure), indent=1).encode())

    def failures(self) -> dict[str, Failure]:
        """Return the last failure of each trial that failed and is not finished since."""
        kept = [_failure(file) for file in sorted(self.failures_folder.glob("*.json"))]
        return {failure.trial_id: failure for failure in kept if not self.has(failure.trial_id)}

    def write_idle(self, baseline: Baseline) -> None:
        """Keep the power of an idle node; raises ArchiveError where that baseline is kept already."""
        file = self._idle_file(baseline.node, baseline.run, baseline.when)
        if file.exists():
            raise ArchiveError(f"{file} is there already: a baseline is measured once a run and never overwritten.")
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(dataclasses.asdict(baseline), indent=1).encode())

    def idle(self, node: str, run: str) -> tuple[Idle, ...]:
        """Return the idle power of each device of a node before a run; empty where no baseline was measured."""
        file = self._idle_file(node, run, "before")
        return _baseline(file).idle if file.exists() else ()

    def baselines(self) -> tuple[Baseline, ...]:
        """Return all baselines of all runs, in order of time."""
        kept = [_baseline(file) for file in (self.folder / "idle").glob("*--*--*.json")]
        return tuple(sorted(kept, key=lambda each: (each.run, each.node, each.when == "after")))

    def table(self) -> pl.LazyFrame:
        """Return all observations, one row a trial; raises ArchiveError where one is corrupt or of another schema."""
        files = sorted(self.trials_folder.glob("*.parquet"))
        if not files:
            raise ArchiveError(f"{self.folder} holds no finished trial yet. `raystudy run` adds them.")
        for file in files:
            _check(file)
        return pl.concat([pl.scan_parquet(file) for file in files]).sort("position")

    @property
    def has_observations(self) -> bool:
        """Whether any trial is finished."""
        return any(self.trials_folder.glob("*.parquet"))

    def train_s(self, trial_ids: Iterable[str]) -> float:
        """Return the training time of some trials, added up."""
        files = [self._trial_file(trial_id) for trial_id in trial_ids]
        return float(sum(pq.read_table(file, columns=["train_s"])["train_s"][0].as_py() for file in files))

    def fingerprints(self) -> dict[tuple[str | int | None, ...], str]:
        """Return the fingerprint of each corpus that finished trials have read."""
        if not self.has_observations:
            return {}
        rows = self.table().select(*CORPUS_FIELDS, "corpus_fingerprint").collect().rows()
        return {tuple(identity): fingerprint for *identity, fingerprint in rows}

    def write_report(self, *, markdown: str, html: str, charts: Mapping[str, str]) -> tuple[Path, Path]:
        """Write both reports, and the charts that the Markdown one links to; returns where they are."""
        paths = self.folder / "report.md", self.folder / "report.html"
        try:
            for name, svg in charts.items():
                (self.folder / name).parent.mkdir(exist_ok=True)
                write_whole(self.folder / name, svg.encode())
            for path, text in zip(paths, (markdown, html), strict=True):
                write_whole(path, text.encode())
        except OSError as error:
            raise ArchiveError(f"The report cannot be written to {self.folder}: {error.strerror or error}.") from error
        return paths

    def _trial_file(self, trial_id: str) -> Path:
        return self.trials_folder / f"{trial_id}.parquet"

    def _idle_file(self, node: str, run: str, when: str) -> Path:
        return self.folder / "idle" / f"{node}--{run.replace(':', '')}--{when}.json"

    def _refuse_other_study(self, study: Study) -> None:
        """Refuse a folder that holds another study: its file is the record, and would be overwritten."""
        if self.study_file.is_file() and (held := self.study()).name != study.name:
            raise ArchiveError(
                f"{self.folder} holds the study {held.name!r}, not {study.name!r}. Give another folder with --out."
            )

    def _refuse_other_recipes(self, study: Study) -> None:
        """Refuse trials that were measured under the same name with another recipe, seed or kind of device."""
        wanted = {trial.id: trial for trial in _all_of(study)}
        for file in sorted(self.trials_folder.glob("*.parquet")):
            _check(file)
            trial = wanted.get(file.stem)
            if trial is None:
                continue
            row = pq.read_table(file, columns=[*Recipe.model_fields, "seed", "device", "threads"]).to_pylist()[0]
            row["device"] = "cpu" if row["device"] == "cpu" else "gpu"
            here = {"device": "gpu" if study.resources.gpus else "cpu", "threads": study.resources.cpus}
            now = trial.recipe.model_dump() | {"seed": trial.seed} | here
            changed = [f"{key} was {row[key]!r}, is now {now[key]!r}" for key in now if row[key] != now[key]]
            if changed:
                raise ArchiveError(
                    f"{file} was measured otherwise: {'; '.join(changed)}. "
                    "Give the study another name, or another folder with --out."
                )

    def _refuse_other_states(self, study: Study) -> None:
        """Refuse the states of trials that were begun under the same name with another recipe or seed."""
        for trial in _all_of(study):
            checkpoints = self.checkpoints(trial.id)
            kept = None if self.has(trial.id) else checkpoints.last()
            if kept and (changed := kept.changed(recipe_terms(trial.recipe, trial.seed))):
                raise ArchiveError(
                    f"{checkpoints.folder} holds the state of a trial with another recipe: {'; '.join(changed)}. Give "
                    "the study another name, or another folder with --out; or delete that folder to start it anew."
                )

    def _refuse_other_base(self, study: Study) -> None:
        """Refuse to mix trials that start from other weights: their own rows do not tell how those were trained."""
        began = self.has_observations or any((self.folder / "checkpoints").glob("*/*"))
        if began and self.study_file.is_file() and self.study().pretraining != study.pretraining:
            raise ArchiveError(
                f"The trials in {self.folder} were run with another [pretraining], or without one, so their models "
                "start from other weights. Give the study another name, or another folder with --out."
            )


def _all_of(study: Study) -> Iterator[Trial]:
    """Yield all that a study trains: its pretrainings, and its trials."""
    yield from study.pretrainings()
    yield from study.trials()


def _failure(file: Path) -> Failure:
    try:
        return Failure(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ArchiveError(f"{file} is not a readable record of a failure ({error}). Move it away.") from error


def _baseline(file: Path) -> Baseline:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Baseline(**kept | {"idle": tuple(Idle(**each) for each in kept["idle"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ArchiveError(f"{file} is not a readable idle baseline ({error}). Move it away.") from error


def _check(file: Path) -> None:
    """Raise ArchiveError where a file is not an observation of this schema."""
    try:
        schema = pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise ArchiveError(
            f"{file} is not a readable observation ({str(error).splitlines()[0]}). "
            "Move it away and run the study again: only this trial is repeated."
        ) from error
    if not schema.equals(SCHEMA):
        version = (schema.metadata or {}).get(b"raystudy.schema_version", b"none").decode()
        raise ArchiveError(
            f"{file} has another schema (version {version}) than this raystudy reads (version {SCHEMA_VERSION}). "
            "Analyse it with the raystudy that wrote it, or run the study again in another folder."
        )
