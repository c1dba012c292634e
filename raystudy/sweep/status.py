"""How far a sweep is: a snapshot put together from the archive, the board and the monitors, about once a second."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

import ray

from raystudy.power.monitor import monitor_for
from raystudy.record.archive import Archive
from raystudy.record.live import Running, Snapshot
from raystudy.study import Study, Trial
from raystudy.sweep.board import board_for
from raystudy.sweep.cluster import node_ids
from raystudy.sweep.provenance import node_name

_EVERY_S = 1.0
_ANSWER_S = 1.0
"""Watts of a node that does not answer within this are not shown: its monitor may be starting again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a sweep runs at one go."""

    what: Literal["pretrainings", "trials"]
    trials: tuple[Trial, ...]


@contextmanager
def watching(
    study: Study, archive: Archive, plan: Plan, started_s: float, watch: Callable[[Snapshot], None]
) -> Iterator[None]:
    """Call `watch` about once a second, from a thread, until the context ends."""
    take = _Taker(study, archive, plan, started_s)
    over = threading.Event()

    def loop() -> None:
        while not over.wait(_EVERY_S):
            try:
                watch(take())
            except ray.exceptions.RayError:
                continue  # the display must not end a sweep: a monitor restarts, a node goes

    thread = threading.Thread(target=loop, daemon=True, name="watch")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)


class _Taker:
    """Takes snapshots of one sweep."""

    def __init__(self, study: Study, archive: Archive, plan: Plan, started_s: float) -> None:
        self._archive, self._what, self._started_s = archive, plan.what, started_s
        self._board = board_for(study.name)
        self._monitors = {
            node_name(node_id): monitor_for(node_id, study.metering, study=study.name) for node_id in node_ids()
        }
        tokens = {trial.id: trial.recipe.nominal_tokens for trial in plan.trials}
        self._weights = {trial: 1 if None in tokens.values() else weight or 1 for trial, weight in tokens.items()}
        self._weight_at_start = sum(weight for trial, weight in self._weights.items() if archive.has(trial))
        self._first_run_s = time.monotonic()

    def __call__(self) -> Snapshot:
        running: tuple[Running, ...] = ray.get(self._board.read.remote(), timeout=_ANSWER_S * 10)
        power_w = self._power_w()
        done = [trial for trial in self._weights if self._archive.has(trial)]
        return Snapshot(
            what=self._what,
            planned=len(self._weights),
            done=len(done),
            failed=len(self._archive.failures().keys() & self._weights.keys()),
            running=running,
            power_w=power_w,
            elapsed_s=time.monotonic() - self._started_s,
            left_s=self._left_s(done, running),
        )

    def _power_w(self) -> dict[str, dict[str, float | None]]:
        """Return the latest watts of all nodes whose monitor answers."""
        asked = {monitor.latest_w.remote(): node for node, monitor in self._monitors.items()}
        answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=_ANSWER_S) if asked else ([], [])
        power_w: dict[str, dict[str, float | None]] = {}
        for answer in answered:
            with suppress(ray.exceptions.RayError):
                power_w[asked[answer]] = ray.get(answer)
        return power_w

    def _left_s(self, done: list[str], running: tuple[Running, ...]) -> float | None:
        """Extrapolate from the share of the planned tokens that this run has worked off."""
        parts = sum(self._weights[r.trial_id] * r.tokens_seen / r.budget_tokens for r in running if r.budget_tokens)
        worked = sum(self._weights[trial] for trial in done) + parts - self._weight_at_start
        if worked <= 0:
            return None
        left = sum(self._weights.values()) - self._weight_at_start - worked
        return (time.monotonic() - self._first_run_s) * left / worked
