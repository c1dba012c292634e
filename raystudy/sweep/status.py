"""How far a sweep is: a snapshot put together from the archive, the board and the monitors, about once a second."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

import ray

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.record.live import Running, Snapshot
from raystudy.study import Trial
from raystudy.sweep.board import Words
from raystudy.sweep.lost import Tries
from raystudy.sweep.monitors import Nodes
from raystudy.sweep.provenance import node_name

_EVERY_S = 1.0
_ANSWER_S = 1.0
"""Watts of a node that does not answer within this are not shown: its monitor may be starting again."""

DROUGHT_S = 30.0
"""So long no node may be there that can run a trial, until it is told: one that is replaced takes some seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a sweep runs at one go."""

    what: Literal["pretrainings", "trials"]
    trials: tuple[Trial, ...]


class Drought:
    """Notices that there is no node left that can run a trial, and that there is one again."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._told = False

    def sentence(self, now_s: float, *, nodes: int) -> str | None:
        """Return what is to be told now, with so many nodes that can run a trial; null where there is nothing new."""
        if nodes:
            back, self._since_s, self._told = self._told, None, False
            return "a node that can run a trial is there again" if back else None
        self._since_s = now_s if self._since_s is None else self._since_s
        if self._told or now_s - self._since_s < DROUGHT_S:
            return None
        self._told = True
        return (
            f"no node has been there for {DROUGHT_S:.0f} s that can run a trial; the sweep waits for one. "
            "Start one again, or press Ctrl-C: what is finished is kept"
        )


@contextmanager
def watching(
    taker: "Taker", nodes: Nodes, words: Words, *, watch: Callable[[Snapshot], None], tell: Callable[[str], None]
) -> Iterator[None]:
    """Call `watch` about once a second, from a thread, until the context ends; `tell` hears of nodes barred or gone."""
    drought, told, over = Drought(), set[str](), threading.Event()

    def look() -> None:
        barred = words.barred()
        for node_id in barred.keys() - told:
            tell(f"{barred[node_id]} It gets no more trials")
            told.add(node_id)
        if sentence := drought.sentence(time.monotonic(), nodes=len(nodes.monitors.keys() - barred.keys())):
            tell(sentence)
        watch(taker())

    def loop() -> None:
        while not over.wait(_EVERY_S):
            # The display must not end a sweep: a monitor restarts, a node goes, a store does not answer.
            with suppress(ray.exceptions.RayError, OSError, ArchiveError):
                look()

    thread = threading.Thread(target=loop, daemon=True, name="watch")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)


class Taker:
    """Takes snapshots of one go of a sweep."""

    def __init__(
        self, archive: Archive, plan: Plan, *, tries: Tries, words: Words, nodes: Nodes, started_s: float
    ) -> None:
        self._archive, self._what, self._started_s = archive, plan.what, started_s
        self._tries, self._words, self._nodes = tries, words, nodes
        tokens = {trial.id: trial.recipe.nominal_tokens for trial in plan.trials}
        self._weights = {trial: 1 if None in tokens.values() else weight or 1 for trial, weight in tokens.items()}
        self._weight_at_start = sum(self._weights[trial] for trial in self._done())
        self._first_run_s = time.monotonic()

    def __call__(self) -> Snapshot:
        """Look now."""
        running = self._words.read()
        power_w = self._power_w()
        done = self._done()
        return Snapshot(
            what=self._what,
            planned=len(self._weights),
            done=len(done),
            failed=len(self._tries.given_up() - set(done)),
            running=running,
            power_w=power_w,
            elapsed_s=time.monotonic() - self._started_s,
            left_s=self._left_s(done, running),
        )

    def _done(self) -> list[str]:
        finished = self._archive.finished()
        return [trial for trial in self._weights if trial in finished]

    def _power_w(self) -> dict[str, dict[str, float | None]]:
        """Return the latest watts of all nodes whose monitor answers."""
        asked = {monitor.latest_w.remote(): node_name(node) for node, monitor in self._nodes.monitors.items()}
        answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=_ANSWER_S) if asked else ([], [])
        power_w: dict[str, dict[str, float | None]] = {}
        for answer in answered:
            with suppress(ray.exceptions.RayError):
                power_w[asked[answer]] = ray.get(answer)
        return power_w

    def _left_s(self, done: list[str], running: tuple[Running, ...]) -> float | None:
        """Extrapolate from the share of the planned tokens that this run has worked off."""
        parts = sum(
            self._weights.get(r.trial_id, 0) * r.tokens_seen / r.budget_tokens for r in running if r.budget_tokens
        )
        worked = sum(self._weights[trial] for trial in done) + parts - self._weight_at_start
        if worked <= 0:
            return None
        left = sum(self._weights.values()) - self._weight_at_start - worked
        return (time.monotonic() - self._first_run_s) * left / worked
