"""A trial's side of the monitor of its node: it asks for readings, keeps those of its edges, and never waits for long.

    begin ─▶ edge, edge, ... (nothing waited for) ─▶ of(outcome): all readings, and what is missing of them

Whatever becomes of the monitor, the trial goes on. Killed in mid-trial it comes back, and its counters bridge the gap:
the edges that it had read are with the trial.
"""

import contextlib
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import ray

from raystudy.errors import MeterError
from raystudy.power.monitor import monitor_of
from raystudy.power.nvml_memory import BoardMemory
from raystudy.record.outcome import Span
from raystudy.record.trace import Trace, joined
from raystudy.study import Study

READY_S = 30.0
"""A monitor that is not there, or does not read, after this is done without: it takes some seconds to start."""

ANSWER_S, SPANS_A_S = 15.0, 50.0
"""One that was killed is back after some seconds; of a long span it has more to tell, about so many seconds in one."""

EDGES_KEPT = 50
"""Of more edges than this the older ones are the monitor's alone."""

_LOOK_EVERY_S = 0.2


class Readings:
    """What the monitor of a node read for one trial."""

    def __init__(self, node_id: str, study: Study, *, ready_s: float = READY_S) -> None:
        """Find the monitor; raises MeterError where the study's meters cannot be read here."""
        self._begun: tuple[Trace, ...] = ()
        self._edges = deque[Any](maxlen=EDGES_KEPT)
        self._missing: dict[str, str] = {}
        self._monitor: Any = None
        try:
            until_s = time.monotonic() + ready_s
            self._monitor = _found(node_id, study.name, until_s)
            ray.get(self._monitor.ready.remote(), timeout=max(until_s - time.monotonic(), 1.0))
        except MeterError as error:  # as Ray raises it, its text is a traceback; the sentence is in its cause
            raise MeterError(str(getattr(error, "cause", error))) from None
        except Exception as error:  # noqa: BLE001 - what hinders a monitor must not hinder a trial
            self._missing["power"] = f"the monitor did not start ({_named(error)})"
            self._give_up(error)

    def latest_c(self) -> dict[str, float]:
        """Return the last temperature of each device of the node that tells one; empty where the monitor is silent."""
        told: dict[str, float] = self._asked("latest_c") or {}
        return told

    def memory(self, boards: Iterable[str]) -> tuple[BoardMemory, ...]:
        """Return the memory of some boards, named as in CUDA_VISIBLE_DEVICES; empty where nobody tells."""
        told: tuple[BoardMemory, ...] = self._asked("memory", tuple(boards)) or ()
        return told

    def begin(self) -> None:
        """Have everything read before the first span, and wait for it."""
        self.edge()
        try:
            self._begun = ray.get(self._edges.pop(), timeout=ANSWER_S) if self._edges else ()
        except ray.exceptions.RayError as error:
            self._missing["power at the start"] = f"not read: the monitor did not answer ({_named(error)})"
            self._give_up(error)

    def edge(self) -> None:
        """Have everything read now, and wait for nothing."""
        if self._monitor is None:
            return
        try:
            self._edges.append(self._monitor.edge.remote())
        except Exception as error:  # noqa: BLE001 - the training must not notice
            self._missing["power at an edge"] = f"not asked for ({_named(error)})"

    def of(self, spans: Iterable[Span], gpu_uuids: frozenset[str]) -> tuple[tuple[Trace, ...], dict[str, str]]:
        """Return the readings of a trial's GPUs and node around some spans, and for what is missing the reason."""
        times = [time_s for span in spans for time_s in (span.start_s, span.end_s)]
        start_s, end_s = min(times), max(times)
        traces = joined(self._begun, self._kept())
        try:
            if self._monitor is not None:
                asked, longest_s = self._monitor.span.remote(start_s, end_s, gpu_uuids), (end_s - start_s) / SPANS_A_S
                answer: tuple[Trace, ...] = ray.get(asked, timeout=ANSWER_S + longest_s)
                traces = joined(traces, answer)
        except ray.exceptions.RayError as error:
            self._missing["power"] = f"no readings but those at the edges: the monitor was lost ({_named(error)})"
            self._give_up(error)
        return traces, flaws(traces, start_s) | self._missing

    def _asked(self, what: str, *arguments: object) -> Any:
        """Ask the monitor for something that a trial can do without; null where it does not answer."""
        with contextlib.suppress(ray.exceptions.RayError):
            return ray.get(getattr(self._monitor, what).remote(*arguments), timeout=ANSWER_S) if self._monitor else None
        return None

    def _give_up(self, error: Exception) -> None:
        """Ask a monitor that hangs no more: it is killed, and comes back for the next trial."""
        if isinstance(error, ray.exceptions.GetTimeoutError):
            self._missing.setdefault("power", "the monitor did not answer, and was started again")
            with contextlib.suppress(Exception):
                ray.kill(self._monitor, no_restart=False)
            self._monitor = None

    def _kept(self) -> tuple[Trace, ...]:
        """Return what was read at the edges; an edge that never came back is no edge."""
        ready, _ = ray.wait(list(self._edges), num_returns=len(self._edges), timeout=1.0) if self._edges else ([], [])
        traces: tuple[Trace, ...] = ()
        for edge in ready:
            try:
                traces = joined(traces, ray.get(edge))
            except ray.exceptions.RayError:
                continue
        return traces


def _found(node_id: str, study: str, until_s: float) -> Any:
    """Return the monitor of a node; the driver may be about to start one. Raises ValueError where it does not."""
    while True:
        try:
            return monitor_of(node_id, study=study)
        except ValueError:
            if time.monotonic() > until_s:
                raise
            time.sleep(_LOOK_EVERY_S)


def flaws(traces: Iterable[Trace], start_s: float) -> dict[str, str]:
    """Say what the samplers of some traces had to do without since a time."""
    found = {}
    for sampling in {trace.sampling for trace in traces}:
        if sampling.started_s > start_s:
            found["power"] = f"the monitor was started again {sampling.started_s - start_s:.1f} s into the trial"
        if sampling.spill_error is not None:
            found["power on disk"] = f"older readings could not be kept ({sampling.spill_error})"
    return found


def _named(error: Exception) -> str:
    """Name an error in one line."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[-1]}" if said else type(error).__name__
