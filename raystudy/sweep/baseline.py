"""The monitors of all nodes, as a sweep sees them: what they read, and the power of the idle nodes around the trials.

monitor of each node ──ready──▶ read from: ...        idle ──▶ Archive: before the first trial, after the last
"""

import contextlib
from collections.abc import Callable
from typing import Any, Literal

import ray

from raystudy.errors import MeterError
from raystudy.power import LAST_RESORT
from raystudy.power.monitor import monitor_for
from raystudy.record.archive import Archive, Baseline
from raystudy.record.energy import Idle
from raystudy.study import Study
from raystudy.sweep.cluster import node_ids
from raystudy.sweep.provenance import node_name

ANSWER_S = 60.0
"""A node whose monitor does not answer after this is gone on without."""

_ESTIMATE = " (an estimate: no instrument can be read here; `raystudy meters` says why)"
_SILENT = "power on node {} cannot be read: {}. Its trials run all the same"


class Nodes:
    """Starts a monitor on each node; raises MeterError where the study names an instrument that cannot be read."""

    def __init__(self, study: Study, archive: Archive, *, run: str, tell: Callable[[str], None]) -> None:
        """Wait until each monitor reads, and say what it reads."""
        self._archive, self._run, self._tell, self._idle_s = archive, run, tell, study.metering.idle_s
        self._measuring: dict[str, Any] = {}
        monitors = {node_id: monitor_for(node_id, study.metering, study=study.name) for node_id in node_ids()}
        self._monitors: dict[str, Any] = monitors
        asked = {
            node_id: [monitor.ready.remote(), monitor.reasons.remote(), monitor.unreadable.remote()]
            for node_id, monitor in monitors.items()
        }
        for node_id, answers in asked.items():
            _, told, unreadable = self._answer(node_id, answers, [None, {}, {}])
            read = [name for name, reason in told.items() if reason == "read"]
            if read:
                estimate = read == [LAST_RESORT]
                tell(f"power on node {node_id[:8]} is read from: {', '.join(read)}" + (_ESTIMATE if estimate else ""))
                if not estimate:  # an estimate has no idle power worth keeping
                    self._measuring[node_id] = monitors[node_id]
            elif told:
                tell(_SILENT.format(node_id[:8], next(iter(told.values())).rstrip(".")))
            for name, reason in unreadable.items():
                tell(f"{name} on node {node_id[:8]} is there and cannot be read: {reason}")

    def measure_idle(self, when: Literal["before", "after"]) -> None:
        """Measure the idle power of all nodes at once and keep it; what does not answer has no baseline."""
        if not self._measuring or self._idle_s <= 0:
            return
        self._tell(f"measuring the idle baseline {when} the trials, {self._idle_s:g} s")
        asked = {node_id: monitor.idle.remote(self._idle_s) for node_id, monitor in self._measuring.items()}
        for node_id, answer in asked.items():
            (idle,) = self._answer(node_id, [answer], [()], longer_s=self._idle_s)
            devices: tuple[Idle, ...] = idle
            if devices:
                baseline = Baseline(node=node_name(node_id), run=self._run, when=when, idle=devices)
                self._archive.write_idle(baseline)

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
