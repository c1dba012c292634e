"""The monitors of the nodes of a sweep: started, looked after, asked for the idle power around the trials, stopped.

    each node that may run a trial ──monitor, ready──▶ read from: ...        idle ──▶ Archive: before, after
    a node joins ──within about a second──▶ a monitor of its own

The handles held here keep the monitors alive. A node that no trial fits is not measured.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import ray

from raystudy.errors import MeterError
from raystudy.power import LAST_RESORT
from raystudy.power.monitor import CLOSE_S, monitor_for, stop
from raystudy.record.archive import Archive, Baseline
from raystudy.record.energy import Idle
from raystudy.study import Study
from raystudy.sweep.cluster import node_ids
from raystudy.sweep.provenance import node_name

ANSWER_S = 60.0
"""A node whose monitor does not answer after this is gone on without."""

_LOOK_EVERY_S = 1.0
_ESTIMATE = " (an estimate: no instrument can be read here; `raystudy meters` says why)"
_SILENT = "power on node {} cannot be read: {}. Its trials run all the same"


class Nodes:
    """The monitors of the nodes that may run a trial of a study."""

    def __init__(self, study: Study, archive: Archive, *, run: str, tell: Callable[[str], None]) -> None:
        """Start none yet."""
        self._study, self._archive, self._run, self._tell = study, archive, run, tell
        self._monitors: dict[str, Any] = {}
        self._measuring: set[str] = set()

    @property
    def monitors(self) -> dict[str, Any]:
        """The monitors by node, as they are now: nodes come and go."""
        return dict(self._monitors)

    def start(self, found: Iterable[str]) -> None:
        """Start a monitor on each of some nodes and say what it reads; raises MeterError where one must and cannot."""
        monitors = {each: monitor_for(each, self._study.metering, study=self._study.name) for each in found}
        self._monitors = self._monitors | monitors
        asked = {
            node_id: [monitor.ready.remote(), monitor.reasons.remote(), monitor.unreadable.remote()]
            for node_id, monitor in monitors.items()
        }
        for node_id, answers in asked.items():
            _, told, unreadable = self._answer(node_id, answers, [None, {}, {}])
            self._say(node_id, told, unreadable)

    def reconcile(self) -> None:
        """Start monitors on nodes that have joined, and forget those of nodes that are gone."""
        now = node_ids(self._study.resources)
        self._monitors = {node_id: monitor for node_id, monitor in self._monitors.items() if node_id in now}
        joined = [node_id for node_id in now if node_id not in self._monitors]
        if joined:
            self._tell(f"joined: {', '.join(f'node {node_id[:8]}' for node_id in joined)}")
            try:
                self.start(joined)
            except MeterError as error:
                self._tell(str(error))  # and its trials fail with the same words

    def measure_idle(self, when: Literal["before", "after"]) -> None:
        """Measure the idle power of all nodes at once and keep it; what does not answer has no baseline."""
        idle_s = self._study.metering.idle_s
        measuring = {each: monitor for each, monitor in self._monitors.items() if each in self._measuring}
        if not measuring or idle_s <= 0:
            return
        self._tell(f"measuring the idle baseline {when} the trials, {idle_s:g} s")
        asked = {node_id: monitor.idle.remote(idle_s) for node_id, monitor in measuring.items()}
        for node_id, answer in asked.items():
            (idle,) = self._answer(node_id, [answer], [()], longer_s=idle_s)
            devices: tuple[Idle, ...] = idle
            if devices:
                baseline = Baseline(node=node_name(node_id), run=self._run, when=when, idle=devices)
                self._archive.write_idle(baseline)

    def _say(self, node_id: str, told: dict[str, str], unreadable: dict[str, str]) -> None:
        """Say what a monitor reads; one that measures anything takes part in idle baselines."""
        read = [name for name, reason in told.items() if reason == "read"]
        if read:
            estimate = read == [LAST_RESORT]
            self._tell(f"power on node {node_id[:8]} is read from: {', '.join(read)}" + (_ESTIMATE if estimate else ""))
            if not estimate:  # an estimate has no idle power worth keeping
                self._measuring.add(node_id)
        elif told:
            self._tell(_SILENT.format(node_id[:8], next(iter(told.values())).rstrip(".")))
        for name, reason in unreadable.items():
            self._tell(f"{name} on node {node_id[:8]} is there and cannot be read: {reason}")

    def _answer(self, node_id: str, asked: list[Any], silence: list[Any], *, longer_s: float = 0.0) -> list[Any]:
        """Return what a monitor answers, else `silence`: a monitor that dies must not end a sweep."""
        try:
            answer: list[Any] = ray.get(asked, timeout=ANSWER_S + longer_s)
        except MeterError as error:  # as Ray raises it, its text is a traceback; the sentence is in its cause
            raise MeterError(str(getattr(error, "cause", error))) from None
        except ray.exceptions.RayError as error:
            if isinstance(error, ray.exceptions.GetTimeoutError):
                with contextlib.suppress(Exception):
                    ray.kill(self._monitors[node_id], no_restart=False)  # it hangs: another takes its place
            self._tell(_SILENT.format(node_id[:8], type(error).__name__))
            return silence
        return answer


@contextmanager
def monitored(study: Study, archive: Archive, *, run: str, tell: Callable[[str], None]) -> Iterator[Nodes]:
    """
    Start a monitor on each node that may run a trial, and on each that joins; stop them all at the end.

    Raises MeterError where the study names an instrument that cannot be read.
    """
    nodes, over = Nodes(study, archive, run=run, tell=tell), threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_EVERY_S):
            with contextlib.suppress(ray.exceptions.RayError):  # tried again in a second
                nodes.reconcile()

    looking = threading.Thread(target=look, daemon=True, name="nodes")
    try:
        nodes.start(node_ids(study.resources))
        looking.start()
        yield nodes
    finally:
        over.set()
        if looking.is_alive():
            looking.join(timeout=CLOSE_S)
        stop(nodes.monitors.values())
