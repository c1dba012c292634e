"""Run what is missing of a study through Ray Tune.

    plan − archive ──▶ ready? ──▶ cluster fits? ──▶ idle baseline ──▶ Tune, in plan order ──▶ archive ──▶ idle again
                                                                      └ pretrainings, then trials

Tune schedules; the archive holds the results. To resume is to run again: what is there is not repeated.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ray import tune

from raystudy.record.archive import Archive, Failure
from raystudy.record.live import Snapshot
from raystudy.study import Study
from raystudy.study import Trial as PlannedTrial
from raystudy.sweep.baseline import Nodes
from raystudy.sweep.cluster import cluster, refuse_unsatisfiable
from raystudy.sweep.provenance import git_commit, now_utc
from raystudy.sweep.ready import make_ready
from raystudy.sweep.status import Plan, watching
from raystudy.sweep.todo import able_to_begin, missing, pretrainings_before, tell_states
from raystudy.sweep.trial import Trial

Attempt = Callable[[tuple[PlannedTrial, ...], int | None], list[str]]
"""Runs trials, so many at once (null: as many as the nodes hold), and returns the errors it saw."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """What one `run` did."""

    pretrained: tuple[str, ...]
    """Pretrainings that this run finished."""
    ran: tuple[str, ...]
    """Trials that this run finished."""
    failed: tuple[str, ...]
    """Pretrainings and trials that are not finished, after all were tried."""
    not_begun: tuple[str, ...]
    """Trials that were not tried: the pretraining of their model failed."""
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
    started_s, began_utc = time.monotonic(), now_utc()
    todo = missing(archive, study.trials())
    first = pretrainings_before(study, archive, todo)
    tell_states(study, archive, tell)

    def go(plan: Plan, trials: tuple[PlannedTrial, ...]) -> None:
        with watching(study, archive, plan, started_s, watch):
            settle(archive, trials, lambda left, at_once: _tune(study, archive, left, at_once, run=began_utc), tell)

    if todo:
        make_ready(study, archive, todo, tell)
        tell("starting Ray" if address is None else f"joining Ray at {address}")
        with cluster(address, study):
            refuse_unsatisfiable(study.resources)
            nodes = Nodes(study, archive, run=began_utc, tell=tell)
            nodes.measure_idle("before")
            if first:
                go(Plan(what="pretrainings", trials=tuple(study.pretrainings())), first)
            if able := able_to_begin(study, archive, todo):
                go(Plan(what="trials", trials=tuple(study.trials())), able)
            nodes.measure_idle("after")
    able = able_to_begin(study, archive, todo)
    return Sweep(
        pretrained=tuple(trial.id for trial in first if archive.has(trial.id)),
        ran=tuple(trial.id for trial in todo if archive.has(trial.id)),
        failed=tuple(trial.id for trial in missing(archive, (*first, *able))),
        not_begun=tuple(trial.id for trial in todo if trial not in able),
        wall_s=time.monotonic() - started_s,
    )


def settle(
    archive: Archive, todo: tuple[PlannedTrial, ...], attempt: Attempt, tell: Callable[[str], None] = lambda _: None
) -> None:
    """
    Attempt trials until each is in the archive, or a failure of this run is.

    A trial whose process was killed goes on from its last state, as often as it came further than the time before.

    Ray kills a worker that exhausts the memory of its node, and Tune 2.60 then gives up all trials, not the one:
    `attempt` raises RuntimeError. The rest goes on one at a time, so that the next such kill names its trial, the first
    that is unsettled.
    """
    before, at_once = archive.failures(), None

    def unsettled() -> tuple[PlannedTrial, ...]:
        now = archive.failures()
        return tuple(t for t in todo if not archive.has(t.id) and now.get(t.id) == before.get(t.id))

    while left := unsettled():
        reached = {trial.id: archive.checkpoints(trial.id).reached for trial in left}
        try:
            errors, silent = attempt(left, at_once), unsettled()
        except RuntimeError as error:
            errors, silent = [str(error)], unsettled()[:1] if at_once == 1 else ()
            at_once = 1
        for trial in silent:
            if archive.checkpoints(trial.id).reached > reached[trial.id]:
                tell(f"the process of {trial.id} died; it goes on from its last state")
                continue
            reason, details = "The process of the trial died without a word.", "\n".join(["Ray said:", *errors])
            archive.write_failure(Failure(trial_id=trial.id, at_utc=now_utc(), reason=reason, details=details))


def _tune(
    study: Study, archive: Archive, trials: tuple[PlannedTrial, ...], at_once: int | None, *, run: str
) -> list[str]:
    """Let Tune run trials in plan order, at most `at_once`, and return the errors it saw; its own folder is scratch."""
    scratch = Path(tempfile.mkdtemp(prefix="raystudy-tune-"))
    tuner = tune.Tuner(
        Trial,
        param_space={
            "trial_id": tune.grid_search([trial.id for trial in trials]),
            "archive": archive.store.address,
            "run": run,
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
