"""One trial as Ray Tune runs it: an actor on its node that trains, asks the node's monitor for the span, writes a row.

    monitor ready ─▶ read ─▶ train ─▶ span of the monitor ─▶ observe ─▶ Archive
                             └ nothing is waited for while it is measured: a line a second to the board, and at each
                               edge of a span a word to the monitor, which reads then

Tune hears only that it is done; what was measured is in the archive. A trial that is there already is not run again.
A pretraining is a trial that leaves its weights in the archive besides, before its row.
"""

import dataclasses
import socket
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import ray
from ray import tune

from raystudy.record.archive import Archive, Failure
from raystudy.record.live import Running
from raystudy.record.observation import Observation
from raystudy.record.store import Fill
from raystudy.study import Recipe, Resources
from raystudy.sweep.board import board_for
from raystudy.sweep.observe import observe
from raystudy.sweep.provenance import node_name, now_utc, provenance_of
from raystudy.sweep.readings import Readings

POWER_RESOURCE = "raystudy_power"
"""One a node: a trial that holds it has the node, and its power meters, to itself."""

_TELL_EVERY_S = 1.0


def bundle(resources: Resources) -> dict[str, float]:
    """Return what Ray reserves for a trial."""
    wanted = {"CPU": float(resources.cpus), "GPU": float(resources.gpus)}
    return wanted | ({POWER_RESOURCE: 1.0} if resources.exclusive else {})


class Trial(tune.Trainable):
    """A trial of the plan; `config` names it: trial_id, archive (a place all nodes see), run, git_commit."""

    @classmethod
    def default_resource_request(cls, config: dict[str, Any]) -> tune.PlacementGroupFactory:
        """Reserve what the study asks for."""
        return tune.PlacementGroupFactory([bundle(Archive(config["archive"]).study().resources)])

    def setup(self, config: dict[str, Any]) -> None:
        """Find the trial in the plan, and wait until its node's monitor samples."""
        self._archive = Archive(config["archive"])
        self._study = self._archive.study()
        self._run, self._git_commit = config["run"], config["git_commit"]
        self._pretrains = any(each.id == config["trial_id"] for each in self._study.pretrainings())
        planned = self._study.pretrainings() if self._pretrains else self._study.trials()
        self._trial = next(trial for trial in planned if trial.id == config["trial_id"])
        self._node_id = ray.get_runtime_context().get_node_id()
        self._board = board_for(self._study.name)
        self._readings = Readings(self._node_id, self._study)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial in the same process."""
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Run the trial to its end; a failure is kept in the archive with its traceback, then raised for Tune."""
        try:
            if not self._archive.has(self._trial.id):
                self._archive.write(self._measure())
            self._archive.checkpoints(self._trial.id).clear()
        except Exception as error:
            reason, details = f"{type(error).__name__}: {error}", traceback.format_exc()
            failure = Failure(trial_id=self._trial.id, at_utc=now_utc(), reason=reason, details=details)
            self._archive.write_failure(failure)
            raise
        finally:
            self._board.wipe.remote(self._trial.id)
        return {"done": True}

    def __repr__(self) -> str:
        """Name it for the Actors tab."""
        levels = ", ".join(f"{factor}={level}" for factor, level in self._trial.condition.levels)
        return f"Trial({levels}, rep={self._trial.repetition})"

    def _measure(self) -> Observation:
        """Train, and put together what was measured."""
        from raystudy.sweep.continuing import Continuing, terms_of  # torch: seconds, and only where it trains
        from raystudy.training.hooks import Hooks
        from raystudy.training.loop import train
        from raystudy.training.placement import place

        self._readings.begin()  # before this process computes on a GPU: whoever does is somebody else
        placement = place(self._study.resources)
        provenance = provenance_of(
            study_sha256=self._archive.study_sha256(),
            git_commit=self._git_commit,
            gpu_name=placement.gpu_name,
            node_id=self._node_id,
        )
        attempt = Continuing(
            self._archive.checkpoints(self._trial.id),
            self._readings,
            provenance,
            terms=terms_of(self._trial, threads=placement.threads, device_type=placement.device.type),
            device=placement.identity,
            resources=self._study.resources,
        )
        recipe, save = self._weights()
        outcome = train(
            recipe,
            seed=self._trial.seed,
            placement=placement,
            allow_hub=self._study.allow_hub,
            hooks=Hooks(
                tell=_Teller(self._board, self._trial.id, node=provenance.node, device=placement.identity),
                at_edge=self._readings.edge,
                due=attempt.due,
                keep=attempt.keep,
                spent_j=attempt.spent_j,
            ),
            since=attempt.since,
            save=save,
        )
        parts = attempt.parts(outcome)
        return observe(
            self._study,
            self._trial,
            dataclasses.replace(outcome, reasons=outcome.reasons | attempt.reasons),
            parts=parts,
            idle=self._archive.idle(node_name(self._node_id), self._run),
            provenance=provenance,
        )

    def _weights(self) -> tuple[Recipe, Callable[[Fill], None] | None]:
        """Return what is trained, from pretrained weights where the study has some, and what keeps its weights."""
        recipe = self._trial.recipe
        if self._study.pretraining is None:
            return recipe, None
        if self._pretrains:
            return recipe, partial(self._archive.keep_pretrained, recipe.model)
        return recipe.model_copy(update={"model": str(self._archive.pretrained(recipe.model))}), None


class _Teller:
    """Writes the progress of one trial on the board, about once a second."""

    def __init__(self, board: Any, trial_id: str, *, node: str, device: str) -> None:
        self._board, self._trial_id, self._node, self._device = board, trial_id, node, device
        self._host = socket.gethostname()
        self._told_s = time.monotonic()
        self._told_tokens: int | None = None  # a training that goes on does not start at zero

    def __call__(self, steps: Any) -> None:
        """Write, unless a second has not passed; `steps` is the training that advances."""
        now_s = time.monotonic()
        if now_s - self._told_s < _TELL_EVERY_S:
            return
        progress = steps.progress
        told, per_s = self._told_tokens, 1 / (now_s - self._told_s)
        self._told_s, self._told_tokens = now_s, progress.tokens_seen
        self._board.write.remote(
            Running(
                trial_id=self._trial_id,
                node=self._node,
                host=self._host,
                device=self._device,
                tokens_seen=progress.tokens_seen,
                budget_tokens=progress.budget_tokens,
                tokens_per_s=None if told is None else (progress.tokens_seen - told) * per_s,
                loss=progress.loss,
            )
        )
