"""Run what is missing of a study through Ray Tune.

    plan − archive ──▶ ready? ──▶ cluster fits? ──▶ idle baseline ──▶ Tune, in plan order ──▶ archive ──▶ idle again
                                                                      └ pretrainings, then trials; what died, again

Tune schedules; the archive holds the results. To resume is to run again: what is there is not repeated.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from ray import tune

from raystudy.errors import ArchiveError, RaystudyError
from raystudy.record.archive import Archive, Failure, now_utc
from raystudy.record.live import Snapshot
from raystudy.record.patient import PatientStore
from raystudy.study import Study
from raystudy.study import Trial as PlannedTrial
from raystudy.sweep.board import Words
from raystudy.sweep.cluster import cluster, forget_logs, refuse_unsatisfiable
from raystudy.sweep.head import head_watched
from raystudy.sweep.lost import DIED, STOPPED, Deaths, Tries, keep, why
from raystudy.sweep.metadata import metadata_of
from raystudy.sweep.monitors import Nodes, monitored
from raystudy.sweep.preflight import preflight
from raystudy.sweep.provenance import git_commit, versions
from raystudy.sweep.ready import make_ready
from raystudy.sweep.status import Plan, Taker, watching
from raystudy.sweep.todo import Begun, Sweep, able_to_begin, missing, pretrainings_before, tell_states
from raystudy.sweep.trial import Trial, bundle

Attempt = Callable[[tuple[PlannedTrial, ...], int | None], list[str]]
"""Runs trials, so many at once (null: as many as the nodes hold), and returns the errors it saw."""


def run(
    study: Study,
    archive: Archive,
    *,
    address: str | None,
    tell: Callable[[str], None],
    watch: Callable[[Snapshot], None],
    go_on: Callable[[], None] = lambda: None,
    insecure: bool = False,
    wait_for_nodes_s: float = 0.0,
    leave: Callable[[Callable[[], None]], None] = lambda _: None,
    give_up: Callable[[str], None] = lambda _: None,
) -> Sweep:
    """
    Run the trials that the archive lacks; `tell` hears what happens, `watch` how far it is, about once a second.

    `go_on` is asked once Ray is there, and ten times a second while trials run; it ends the sweep if it raises.
    `insecure` allows a cluster whose dashboard lets anybody in; for a node that fits a trial `wait_for_nodes_s` are
    waited at most. `leave` takes what is to be done if this process ends at once; for `give_up` see `head_watched`.

    Raises ClusterError, CorpusError, ModelError, HubError or MeterError before anything is run, and ArchiveError where
    a failure cannot be kept; KeyboardInterrupt keeps what is finished.
    """
    started_s, began_utc, begun = time.monotonic(), now_utc(), Begun(study, archive)
    todo = missing(archive, study.trials())
    first = pretrainings_before(study, archive, todo)
    patient = Archive(PatientStore(archive, say=tell))
    tries = Tries(patient, study.resources.max_failures)
    tell_states(study, archive, tell)
    if todo:
        prints, commit = make_ready(study, archive, todo, tell), git_commit(Path.cwd())
        tell("starting Ray" if address is None else f"joining Ray at {address}")
        metadata = metadata_of(study.name, archive=archive.store.address, commit=commit)
        with _forgotten(cluster(address, study, metadata=metadata, insecure=insecure, leave=leave), begun, tell):
            go_on()
            asked = refuse_unsatisfiable(study.resources, wait_s=wait_for_nodes_s, tell=tell)
            with (
                head_watched(tell, give_up),
                _checked(study, archive, todo, prints, joined=address is not None, tell=tell) as store_address,
                monitored(study, patient, run=began_utc, tell=tell) as nodes,
            ):
                told = _told(study, asked, prints, archive=store_address, run=began_utc, git_commit=commit)
                runner = _Runner(study, patient, tries, nodes=nodes, config=told, go_on=go_on, leave=leave)
                nodes.measure_idle("before")
                for plan, trials in _plans(study, patient, first, todo):
                    taker = Taker(patient, plan, tries=tries, words=runner.words, nodes=nodes, started_s=started_s)
                    with watching(taker, nodes, runner.words, watch=watch, tell=tell):
                        settle(patient, tries, trials, runner.attempt, tell)
                nodes.measure_idle("after")
    return begun.sweep()


def _told(study: Study, nodes: list[str], prints: tuple[str, ...], **where: str | None) -> dict[str, Any]:
    """Return what each trial is told: in which run it is, which nodes were asked, and what other nodes shall have."""
    drivers = {"nodes": nodes, "versions": versions(), "prints": list(prints)}
    return {"study": study.name, "bundle": bundle(study.resources), "drivers": drivers, **where}


def _checked(
    study: Study,
    archive: Archive,
    todo: tuple[PlannedTrial, ...],
    prints: tuple[str, ...],
    *,
    joined: bool,
    tell: Callable[[str], None],
) -> AbstractContextManager[str]:
    """Yield the address that trials give to `store_of`, once all nodes of a cluster that was joined were asked."""
    return preflight(study, archive, todo, prints, tell=tell) if joined else nullcontext(archive.store.address)


@contextmanager
def _forgotten(joined: AbstractContextManager[str | None], begun: Begun, tell: Callable[[str], None]) -> Iterator[None]:
    """Be in a cluster; what it logged is kept where trials failed, or something broke that has no sentence."""
    logs, broke = None, True
    try:
        with joined as logs:
            yield
        broke = False
    except (KeyboardInterrupt, RaystudyError):
        broke = False
        raise
    finally:
        forget_logs(logs, failed=broke or _failed(begun), tell=tell)


def _failed(begun: Begun) -> bool:
    """Whether trials failed; one that cannot be asked of a store that is out of reach did not."""
    try:
        return bool(begun.sweep().failed)
    except (OSError, ArchiveError):
        return False


def _plans(
    study: Study, archive: Archive, first: tuple[PlannedTrial, ...], todo: tuple[PlannedTrial, ...]
) -> Iterator[tuple[Plan, tuple[PlannedTrial, ...]]]:
    """Yield the pretrainings, and once these have run the trials that can begin; each with those that shall run."""
    if first:
        yield Plan(what="pretrainings", trials=tuple(study.pretrainings())), first
    if able := able_to_begin(study, archive, todo):
        yield Plan(what="trials", trials=tuple(study.trials())), able


def settle(
    archive: Archive,
    tries: Tries,
    todo: tuple[PlannedTrial, ...],
    attempt: Attempt,
    tell: Callable[[str], None],
) -> None:
    """
    Attempt trials until each is in the archive, or has failed for good; raises ArchiveError where that cannot be kept.

    A trial whose process was killed goes on from its last state, as often as it came further than the time before;
    any other failure counts, and is tried again after all others, as often as the study says.

    Ray kills a worker that exhausts the memory of its node, and Tune 2.60 then gives up all trials, not the one:
    `attempt` raises RuntimeError. The rest goes on one at a time, so that the next such kill names its trial, the first
    that is unsettled.
    """
    at_once = None
    while left := _unsettled(archive, tries, todo):
        before, reached = tries.counts(), archive.reached()
        try:
            errors, aborted = attempt(left, at_once), False
        except RuntimeError as error:
            errors, aborted = [str(error)], True
        after = tries.counts()
        silent = [trial for trial in missing(archive, left) if after[trial.id] == before[trial.id]]
        if aborted:  # the first that is unsettled was it, unless whoever was it was kept as it died
            silent, at_once = silent[:1] if at_once == 1 and after == before else [], 1
        for trial in silent:
            reason, details = why(errors[0]) if aborted else DIED, "\n".join(["Ray said:", *errors])
            keep(archive, Failure(trial_id=trial.id, at_utc=now_utc(), reason=reason, details=details))
        new, now = tries.counts() - before, archive.reached()
        for trial in (trial for trial in left if new[trial.id]):
            tell(tries.judge(trial.id, further=now.get(trial.id, 0) > reached.get(trial.id, 0)))


def _unsettled(archive: Archive, tries: Tries, trials: tuple[PlannedTrial, ...]) -> tuple[PlannedTrial, ...]:
    given_up = tries.given_up()
    return tuple(trial for trial in missing(archive, trials) if trial.id not in given_up)


class _Runner:
    """Has Tune run trials, and keeps what is known of those that die."""

    def __init__(
        self,
        study: Study,
        archive: Archive,
        tries: Tries,
        *,
        nodes: Nodes,
        config: dict[str, Any],
        go_on: Callable[[], None],
        leave: Callable[[Callable[[], None]], None],
    ) -> None:
        """Take what each trial is told: where it writes, and in which run."""
        self._leave = leave
        self._study, self._archive, self._tries = study, archive, tries
        self._nodes, self._config, self._go_on = nodes, config, go_on
        self.words = Words(study.name)

    def attempt(self, trials: tuple[PlannedTrial, ...], at_once: int | None) -> list[str]:
        """Run trials, so many at once, and return the errors Tune saw; raises RuntimeError where Tune gave up all."""
        deaths = Deaths(
            self._study,
            self._archive,
            self._tries,
            words=self.words,
            monitors=lambda: self._nodes.monitors,
            go_on=self._go_on,
        )
        try:
            return self._tune(trials, at_once, deaths)
        except RuntimeError as error:
            deaths.keep_all(why(str(error)) if at_once == 1 else STOPPED, str(error))
            raise

    def _tune(self, trials: tuple[PlannedTrial, ...], at_once: int | None, deaths: Deaths) -> list[str]:
        """Let Tune run trials in plan order; its own folder is scratch."""
        scratch = Path(tempfile.mkdtemp(prefix="raystudy-tune-"))
        self._leave(partial(shutil.rmtree, scratch, ignore_errors=True))
        tuner = tune.Tuner(
            Trial,
            param_space={"trial_id": tune.grid_search([trial.id for trial in trials]), **self._config},
            tune_config=tune.TuneConfig(
                max_concurrent_trials=at_once,
                reuse_actors=not self._study.resources.starts_fresh,
                trial_name_creator=lambda trial: trial.config["trial_id"],
                trial_dirname_creator=lambda trial: trial.config["trial_id"],
            ),
            run_config=tune.RunConfig(
                name="scratch",
                storage_path=str(scratch),
                verbose=0,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[deaths],
            ),
        )
        try:
            return [str(error) for error in tuner.fit().errors]
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
