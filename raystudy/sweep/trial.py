"""One trial as Ray Tune runs it: an actor on its node that trains, asks the node's monitor for the span, writes a row.

    monitor ready ─▶ read ─▶ train ─▶ span of the monitor ─▶ observe ─▶ Archive
                             └ nothing is waited for while it is measured: a line a second to the board, and at each
                               edge of a span a word to the monitor, which reads then

Tune hears only that it is done; what was measured is in the archive. A trial that is there already is not run again.
A pretraining is a trial that leaves its weights in the archive besides, before its row.
"""

import dataclasses
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import ray
from ray import tune

from raystudy.errors import ArchiveError, ClusterError
from raystudy.record.archive import Archive, Failure, now_utc
from raystudy.record.checkpoints import Course
from raystudy.record.observation import Observation, Provenance
from raystudy.record.patient import PatientStore
from raystudy.record.store import Fill
from raystudy.study import Recipe, Resources
from raystudy.sweep.board import Teller, board_for
from raystudy.sweep.node_check import other_text, other_versions, prepare
from raystudy.sweep.observe import observe
from raystudy.sweep.provenance import node_name, provenance_of, versions
from raystudy.sweep.readings import Readings
from raystudy.sweep.waiting import Waited, cool_down, wait_for_memory
from raystudy.sweep.writer import store_of

if TYPE_CHECKING:
    from raystudy.sweep.continuing import Continuing  # torch: seconds, and only where it trains

POWER_RESOURCE = "raystudy_power"
"""One a node: a trial that holds it has the node, and its power meters, to itself."""


def bundle(resources: Resources) -> dict[str, float]:
    """Return what Ray reserves for a trial."""
    wanted = {"CPU": float(resources.cpus), "GPU": float(resources.gpus)}
    return wanted | ({POWER_RESOURCE: 1.0} if resources.exclusive else {})


class Trial(tune.Trainable):
    """A trial of the plan, named by `config` with its study, bundle, archive (for `store_of`), run and commit."""

    @classmethod
    def default_resource_request(cls, config: dict[str, Any]) -> tune.PlacementGroupFactory:
        """Reserve what the study asks for; the driver asks, which must not depend on a store for it."""
        return tune.PlacementGroupFactory([config["bundle"]])

    def setup(self, config: dict[str, Any]) -> None:
        """Find the trial in the plan, and wait until its node's monitor samples."""
        self._node_id = ray.get_runtime_context().get_node_id()
        self._teller = Teller(board_for(config["study"]), config["trial_id"], node=node_name(self._node_id))
        self._store = PatientStore(Archive(store_of(config["archive"])), say=self._teller.say)
        self._archive = Archive(self._store)
        self._study = self._archive.study()
        self._run, self._git_commit, self._drivers = config["run"], config["git_commit"], config["drivers"]
        self._pretrains = any(each.id == config["trial_id"] for each in self._study.pretrainings())
        planned = self._study.pretrainings() if self._pretrains else self._study.trials()
        self._trial = next(trial for trial in planned if trial.id == config["trial_id"])
        self._attempt: Continuing | None = None
        self._readings = Readings(self._node_id, self._study)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial in the same process."""
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Run the trial to its end; a failure is kept in the archive with its traceback, then raised for Tune."""
        try:
            if not self._archive.has(self._trial.id):
                self._refuse_other_node()
                self._archive.write(self._measure())
            with suppress(ArchiveError), self._store.hurried():  # the next run deletes it
                self._archive.checkpoints(self._trial.id).clear()
        except Exception as error:
            with suppress(ArchiveError), self._store.hurried():  # the driver hears the error from Tune all the same
                self._archive.write_failure(self._failure(error))
            raise
        finally:
            self._teller.wipe()
        return {"done": True}

    def __repr__(self) -> str:
        """Name it for the Actors tab, which asks once: a process of many trials must not be called by the first."""
        if not self._study.resources.starts_fresh:
            return f"Trial({self._study.name}, one after another)"
        levels = ", ".join(f"{factor}={level}" for factor, level in self._trial.condition.levels)
        return f"Trial({levels}, rep={self._trial.repetition})"

    def _failure(self, error: Exception) -> Failure:
        """Return what is known of an attempt that came to nothing, and of what it took."""
        lost_s, lost = self._attempt.lost() if self._attempt else (None, None)
        return Failure(
            trial_id=self._trial.id,
            at_utc=now_utc(),
            reason=f"{type(error).__name__}: {error}",
            details=traceback.format_exc(),
            node=node_name(self._node_id),
            lost_s=lost_s,
            lost_j=lost.energy_j if lost else None,
            lost_estimated_j=lost.energy_estimated_j if lost else None,
        )

    def _measure(self) -> Observation:
        """Train, and put together what was measured."""
        from raystudy.sweep.continuing import Continuing, terms_of  # torch: seconds, and only where it trains
        from raystudy.training.hooks import Hooks
        from raystudy.training.loop import train
        from raystudy.training.placement import place

        waited = self._wait()
        self._readings.begin()  # before this process computes on a GPU: whoever does is somebody else
        placement = place(self._study.resources)
        provenance = self._provenance(placement.gpu_name, waited.cooled_s)
        self._attempt = attempt = Continuing(
            self._archive.checkpoints(self._trial.id),
            self._readings,
            provenance,
            terms=terms_of(self._trial, threads=placement.threads, device_type=placement.kind),
            device=placement.identity,
            resources=self._study.resources,
        )
        self._teller.begin(attempt, placement.identity)
        recipe, save = self._weights()
        outcome = train(
            recipe,
            seed=self._trial.seed,
            placement=placement,
            allow_hub=self._study.allow_hub,
            hooks=Hooks(
                tell=self._teller,
                at_edge=self._edge,
                due=attempt.due,
                keep=partial(self._keep, attempt),
                spent_j=attempt.spent_j,
            ),
            since=attempt.since,
            save=save,
        )
        parts = attempt.parts(outcome)
        return observe(
            self._study,
            self._trial,
            dataclasses.replace(outcome, reasons=outcome.reasons | waited.reasons | attempt.reasons),
            parts=parts,
            idle=self._archive.idle(node_name(self._node_id), self._run),
            provenance=provenance,
        )

    def _keep(self, attempt: "Continuing", course: Course, write: Fill) -> None:
        """Keep the state of a training, unless the store makes it wait."""
        with self._store.hurried():
            attempt.keep(course, write)

    def _refuse_other_node(self) -> None:
        """Raise ClusterError where this node joined after the preflight and differs from the driver, and bar it."""
        if self._node_id in self._drivers["nodes"]:
            return
        self._teller.say("looks whether its node is as the others")
        called = f"node {self._node_id[:8]} ({socket.gethostname()})"
        prints = prepare(self._study, (self._trial,))
        refusals = [
            *other_versions(called, versions(), self._drivers["versions"]),
            *other_text(called, prints, same=set(prints) <= set(self._drivers["prints"])),
        ]
        if refusals:
            why = " ".join(refusals)
            self._teller.bar(self._node_id, bundle(self._study.resources), why)
            raise ClusterError(why)

    def _wait(self) -> Waited:
        """Wait until nobody else is in the memory of the trial's boards, and until its node is cool."""
        resources, boards = self._study.resources, ray.get_runtime_context().get_accelerator_ids().get("GPU", [])
        wait_for_memory(
            lambda: self._readings.memory(boards) if boards else (),
            self._teller.say,
            own_process=not resources.starts_fresh,
        )
        return cool_down(self._study.metering, self._readings.latest_c, self._teller.say)

    def _edge(self) -> None:
        """Have everything read, and say that the trial lives: it may evaluate or load for long."""
        self._readings.edge()
        self._teller.live()

    def _provenance(self, gpu_name: str | None, cooled_s: float | None) -> Provenance:
        """Describe this trial's place and moment, and the attempts at it that came to nothing."""
        failures = self._archive.all_failures()
        return provenance_of(
            study_sha256=self._archive.study_sha256(),
            git_commit=self._git_commit,
            gpu_name=gpu_name,
            node_id=self._node_id,
            cooled_s=cooled_s,
            attempts=tuple(each.attempt for each in failures if each.trial_id == self._trial.id),
        )

    def _weights(self) -> tuple[Recipe, Callable[[Fill], None] | None]:
        """Return what is trained, from pretrained weights where the study has some, and what keeps its weights."""
        recipe = self._trial.recipe
        if self._study.pretraining is None:
            return recipe, None
        if self._pretrains:
            return recipe, partial(self._archive.keep_pretrained, recipe.model)
        return recipe.model_copy(update={"model": str(self._archive.pretrained(recipe.model))}), None
