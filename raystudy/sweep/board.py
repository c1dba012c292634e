"""The board: one actor where running trials write how far they are, and where the driver reads it.

trial ──Teller──▶ Board ──▶ the driver's snapshots; the last word of a trial whose process died
                   └ a node that differs from the driver is barred: what trials need there is reserved
"""

import dataclasses
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ray
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raystudy.power.monitor import NAMESPACE
from raystudy.record.live import Running

if TYPE_CHECKING:
    from raystudy.sweep.continuing import Continuing  # torch: seconds, and only where it trains

_TELL_EVERY_S = 1.0
_ANSWER_S = 10.0


@ray.remote(num_cpus=0, max_restarts=-1)
class Board:
    """Holds the last word of each running trial; killed, it starts again, and hears the next words."""

    def __init__(self) -> None:
        """Start with no trial running."""
        self._running: dict[str, Running] = {}
        self._barred: dict[str, str] = {}

    def __repr__(self) -> str:
        """Name it for the Actors tab."""
        return "Board()"

    def write(self, running: Running) -> None:
        """Replace what a trial said before."""
        self._running[running.trial_id] = running

    def wipe(self, trial_id: str) -> None:
        """Forget a trial that ended."""
        self._running.pop(trial_id, None)

    def read(self) -> tuple[Running, ...]:
        """Return what runs now."""
        return tuple(self._running.values())

    def bar(self, node_id: str, wanted: dict[str, float], why: str) -> None:
        """Keep trials that want this off a node, as long as the driver lives, by reserving it as often as it fits."""
        if node_id in self._barred:
            return
        self._barred[node_id] = why
        bundle = {name: amount for name, amount in wanted.items() if amount > 0}
        for offers in (node["Resources"] for node in ray.nodes() if node["NodeID"] == node_id):
            for _ in range(min(int(offers.get(name, 0) // amount) for name, amount in bundle.items())):
                placement_group([bundle], bundle_label_selector=[{"ray.io/node-id": node_id}])

    def barred(self) -> dict[str, str]:
        """Return the nodes that get no more trials, and why."""
        return self._barred


def board_for(study: str) -> Any:
    """
    Return the board of a study and its driver, started where there is none.

    The driver asks first: it is on its node, and ends with it.
    """
    shared: Any = Board
    context = ray.get_runtime_context()
    return shared.options(
        # Of this driver: the board of one that was just killed may live some seconds longer.
        name=f"board-{study}-{context.get_job_id()}",
        namespace=NAMESPACE,
        get_if_exists=True,
        scheduling_strategy=NodeAffinitySchedulingStrategy(context.get_node_id(), soft=False),
    ).remote()


class Words:
    """The driver's side of the board: what stands there, and what stood there when it was read last."""

    def __init__(self, study: str) -> None:
        self._board = board_for(study)
        self._last: dict[str, Running] = {}

    def read(self) -> tuple[Running, ...]:
        """Return what runs now; raises RayError where the board does not answer."""
        running: tuple[Running, ...] = ray.get(self._board.read.remote(), timeout=_ANSWER_S)
        self._last = {word.trial_id: word for word in running}
        return running

    def barred(self) -> dict[str, str]:
        """Return the nodes that get no more trials, and why; raises RayError where the board does not answer."""
        barred: dict[str, str] = ray.get(self._board.barred.remote(), timeout=_ANSWER_S)
        return barred

    def last(self) -> tuple[Running, ...]:
        """Return the last word of each trial on the board now, or when it was read before: one that died forgets."""
        before = self._last
        with suppress(ray.exceptions.RayError):
            self.read()
        return tuple((before | self._last).values())

    def forget(self, trial_id: str) -> None:
        """Take a trial off the board that cannot do so itself."""
        self._last = {each: word for each, word in self._last.items() if each != trial_id}
        self._board.wipe.remote(trial_id)


class Teller:
    """Writes on the board what one trial does: how far its training is about once a second, else what it waits for."""

    def __init__(self, board: Any, trial_id: str, *, node: str) -> None:
        self._board = board
        self._last = Running(
            trial_id=trial_id,
            node=node,
            host=socket.gethostname(),
            device=None,
            tokens_seen=0,
            budget_tokens=None,
            tokens_per_s=None,
            loss=None,
        )
        self._attempt: Continuing | None = None
        self._told_s = time.monotonic()
        self._told_tokens: int | None = None  # a training that goes on does not start at zero

    def say(self, doing: str) -> None:
        """Write what the trial does instead of training."""
        self._write(doing=doing, tokens_per_s=None)

    def begin(self, attempt: "Continuing", device: str) -> None:
        """Write that the trial is measured from now on: what it does is lost if its process dies."""
        self._attempt, self._told_s = attempt, time.monotonic()
        self._write(device=device, doing=None)

    def __call__(self, steps: Any) -> None:
        """Write, unless a second has not passed; `steps` is the training that advances."""
        now_s = time.monotonic()
        if now_s - self._told_s < _TELL_EVERY_S:
            return
        progress = steps.progress
        told, per_s = self._told_tokens, 1 / (now_s - self._told_s)
        self._told_s, self._told_tokens = now_s, progress.tokens_seen
        self._write(
            tokens_seen=progress.tokens_seen,
            budget_tokens=progress.budget_tokens,
            tokens_per_s=None if told is None else (progress.tokens_seen - told) * per_s,
            loss=progress.loss,
            doing=None,
        )

    def live(self) -> None:
        """Write the same again: it lives."""
        self._write()

    def bar(self, node_id: str, wanted: dict[str, float], why: str) -> None:
        """Have a node get no more trials; the next one that it gets asks again, if the board does not answer."""
        with suppress(ray.exceptions.RayError):
            ray.get(self._board.bar.remote(node_id, wanted, why), timeout=_ANSWER_S)

    def wipe(self) -> None:
        """Take it off the board."""
        self._board.wipe.remote(self._last.trial_id)

    def _write(self, **changes: Any) -> None:
        if self._attempt is not None:
            now_s = time.monotonic()
            changes |= {"began_s": self._attempt.began_s, "since_s": self._attempt.since_s, "told_s": now_s}
        self._last = dataclasses.replace(self._last, **changes)
        self._board.write.remote(self._last)
