"""Run what is missing of a study through Ray Tune.

    plan − archive ──▶ corpora ──▶ cluster fits? ──▶ monitors, idle baseline ──▶ Tune, in plan order ──▶ archive

Tune schedules; the archive holds the results. To resume is to run again: what is there is not repeated.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import tune

from raystudy.errors import ArchiveError, MeterError
from raystudy.power import LAST_RESORT
from raystudy.power.monitor import monitor_for
from raystudy.record.archive import Archive, Failure
from raystudy.study import Study
from raystudy.study import Trial as PlannedTrial
from raystudy.sweep.cluster import cluster, node_ids, refuse_unsatisfiable
from raystudy.sweep.provenance import git_commit, now_utc
from raystudy.sweep.status import Snapshot, watching
from raystudy.sweep.trial import Trial
from raystudy.training.models import refuse_misfit, source_of
from raystudy.training.tokens import prepare

Attempt = Callable[[tuple[PlannedTrial, ...], int | None], list[str]]
"""Runs trials, so many at once (null: as many as the nodes hold), and returns the errors it saw."""

_ESTIMATE = " (an estimate: no instrument can be read here; `raystudy meters` says why)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """What one `run` did."""

    ran: tuple[str, ...]
    """Trials that this run finished."""
    failed: tuple[str, ...]
    """Trials that are not finished, after all were tried."""
    wall_s: float
    """From the call to the end."""


def run(
    study: Study,
    archive: Archive,
    *,
    address: str | None,
    tell: Callable[[str], None],
    watch: Callable[[Snapshot], None],
) -> Sweep:
    """
    Run the trials that the archive lacks; `tell` hears what happens, `watch` how far it is, about once a second.

    Raises ClusterError, CorpusError, ModelError, HubError or MeterError before anything is run; KeyboardInterrupt keeps
    what is finished.
    """
    started_s = time.monotonic()
    todo = tuple(trial for trial in study.trials() if not archive.has(trial.id))
    if todo:
        _prepare_corpora(study, archive, todo, tell)
        tell("starting Ray" if address is None else f"joining Ray at {address}")
        with cluster(address, study):
            refuse_unsatisfiable(study.resources)
            _start_monitors(study, archive, tell)
            with watching(study, archive, started_s, watch):
                settle(archive, todo, lambda left, at_once: _tune(study, archive, left, at_once))
    ran = tuple(trial.id for trial in todo if archive.has(trial.id))
    failed = tuple(trial.id for trial in todo if not archive.has(trial.id))
    return Sweep(ran=ran, failed=failed, wall_s=time.monotonic() - started_s)


def _prepare_corpora(
    study: Study, archive: Archive, todo: tuple[PlannedTrial, ...], tell: Callable[[str], None]
) -> None:
    """Prepare each corpus once, before any trial: its mistakes show at once, and no trial pays for it."""
    seen = archive.fingerprints()
    for recipe in dict.fromkeys(trial.recipe for trial in todo):
        source = source_of(recipe, allow_hub=study.allow_hub)
        corpus = prepare(
            recipe,
            tokenizer=source.tokenizer,
            tokenizer_file=source.tokenizer_file,
            allow_hub=study.allow_hub,
            tell=tell,
        )
        refuse_misfit(recipe, source, vocabulary=corpus.vocabulary)
        if seen.get(recipe.corpus_identity, corpus.fingerprint) != corpus.fingerprint:
            raise ArchiveError(
                f"The text of the corpus {recipe.corpus} has changed since the trials in {archive.folder} were run. "
                "Give another folder with --out, or bring the text back (for stdlib: the same Python)."
            )


def _start_monitors(study: Study, archive: Archive, tell: Callable[[str], None]) -> None:
    """Start a monitor on each node, say what it reads, and measure the idle baseline."""
    monitors = {node_id: monitor_for(node_id, study.metering, study=study.name) for node_id in node_ids()}
    try:
        ray.get([monitor.ready.remote() for monitor in monitors.values()])
    except MeterError as error:  # as Ray raises it, its text is a traceback; the sentence is in its cause
        raise MeterError(str(getattr(error, "cause", error))) from None
    measuring = {}
    for node_id, monitor in monitors.items():
        reasons: dict[str, str] = ray.get(monitor.reasons.remote())
        read = [name for name, reason in reasons.items() if reason == "read"]
        estimate = read == [LAST_RESORT]
        tell(f"power on node {node_id[:8]} is read from: {', '.join(read)}" + (_ESTIMATE if estimate else ""))
        if not estimate:
            measuring[node_id] = monitor
    if measuring and study.metering.idle_s > 0:
        tell(f"measuring the idle baseline, {study.metering.idle_s:g} s")
        _measure_idle(measuring, study.metering.idle_s, archive)


def _measure_idle(monitors: dict[str, Any], idle_s: float, archive: Archive) -> None:
    """Measure the idle power of all nodes at once and keep it; an estimate has no idle power worth keeping."""
    idle = ray.get([monitor.idle_w.remote(idle_s) for monitor in monitors.values()])
    for node_id, power_w in zip(monitors, idle, strict=True):
        archive.write_idle(node_id, power_w)


def settle(archive: Archive, todo: tuple[PlannedTrial, ...], attempt: Attempt) -> None:
    """
    Attempt trials until each is in the archive, or a failure of this run is.

    Ray kills a worker that exhausts the memory of its node, and Tune 2.60 then gives up all trials, not the one:
    `attempt` raises RuntimeError. The rest goes on one at a time, so that the next such kill names its trial, the first
    that is unsettled.
    """
    before, at_once = archive.failures(), None

    def unsettled() -> tuple[PlannedTrial, ...]:
        now = archive.failures()
        return tuple(t for t in todo if not archive.has(t.id) and now.get(t.id) == before.get(t.id))

    while left := unsettled():
        try:
            errors, silent = attempt(left, at_once), unsettled()
        except RuntimeError as error:
            errors, silent = [str(error)], unsettled()[:1] if at_once == 1 else ()
            at_once = 1
        for trial in silent:
            reason, details = "The process of the trial died without a word.", "\n".join(["Ray said:", *errors])
            archive.write_failure(Failure(trial_id=trial.id, at_utc=now_utc(), reason=reason, details=details))


def _tune(study: Study, archive: Archive, trials: tuple[PlannedTrial, ...], at_once: int | None) -> list[str]:
    """Let Tune run trials in plan order, at most `at_once`, and return the errors it saw; its own folder is scratch."""
    scratch = Path(tempfile.mkdtemp(prefix="raystudy-tune-"))
    tuner = tune.Tuner(
        Trial,
        param_space={
            "trial_id": tune.grid_search([trial.id for trial in trials]),
            "archive": str(archive.folder.absolute()),
            "git_commit": git_commit(Path.cwd()),
        },
        tune_config=tune.TuneConfig(
            max_concurrent_trials=at_once,
            reuse_actors=not study.resources.starts_fresh,
            trial_name_creator=lambda trial: trial.config["trial_id"],
            trial_dirname_creator=lambda trial: trial.config["trial_id"],
        ),
        run_config=tune.RunConfig(
            name="scratch",
            storage_path=str(scratch),
            verbose=0,
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )
    try:
        return [str(error) for error in tuner.fit().errors]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
