"""The sampler as a Ray actor, one for each node; it knows nothing of trials.

    driver ──monitor_for(node)──▶ PowerMonitor ──edge, span──▶ traces
    trial ───monitor_of(node)──────┘  └──▶ Export ──▶ Prometheus

The driver starts one on each node and owns it, so Ray ends it with the driver, however that ends; a trial only finds
it. Handles that were found keep nothing alive: the driver holds its own as long as it sweeps.
"""

import contextlib
import os
import time
from collections.abc import Collection

import ray
from ray.actor import ActorHandle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raystudy.errors import MeterError
from raystudy.power import METERS, open_meters
from raystudy.power.export import Export
from raystudy.power.meter import Meter
from raystudy.power.nvml_memory import BoardMemory, memory_of
from raystudy.power.sampler import Sampler
from raystudy.power.spill import spill_folder
from raystudy.record.energy import Idle, belongs, idle_powers
from raystudy.record.trace import Trace
from raystudy.study import Metering

NAMESPACE = "raystudy"
"""Where all actors of raystudy live."""

CLOSE_S = 5.0
"""Monitors that have not closed after this are killed all the same."""


@ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, max_concurrency=16)
class PowerMonitor:
    """The power of one node. Killed, it starts again, finds what was on disk, and says when it started."""

    def __init__(self, node_id: str, metering: Metering, study: str) -> None:
        self._node_id = node_id
        self._reasons: dict[str, str] = {}
        self._unreadable: tuple[str, ...] = ()
        self._refusal: MeterError | None = None
        meters: tuple[Meter, ...] = ()
        try:
            opened = open_meters(metering)
            self._unreadable = opened.unreadable
            meters, self._reasons = opened.meters, dict.fromkeys(METERS, "read") | dict(opened.reasons)
        except MeterError as error:
            # Raised by ready(): an actor whose constructor raises tells its callers only that it died.
            self._refusal = error
        except Exception as error:  # noqa: BLE001 - whatever an instrument does, trials go on without it
            self._reasons = dict.fromkeys(METERS, f"The monitor could not open it: {type(error).__name__}: {error}")
        spill = spill_folder(study, node_id)
        self._sampler = Sampler(meters, rate_hz=metering.rate_hz, seed=os.getpid(), spill=spill)
        self._export = Export(self._sampler, rate_hz=metering.rate_hz, node=node_id[:8])
        self._export.start()

    def __repr__(self) -> str:
        return f"PowerMonitor(node={self._node_id[:8]})"

    def ready(self) -> str:
        """Return the node's id once every channel was read; raises MeterError where the study's meters cannot be."""
        if self._refusal is not None:
            raise self._refusal
        self._sampler.mark()
        return self._node_id

    def edge(self) -> tuple[Trace, ...]:
        """Read every channel now, counters until they move, and return it: whoever keeps it has it for good."""
        at_s = self._sampler.mark()
        return self._sampler.span(at_s, at_s)

    def span(self, start_s: float, end_s: float, gpu_uuids: frozenset[str]) -> tuple[Trace, ...]:
        """Return what was read in a span of this node's monotonic clock, of some GPUs and of the node's own parts."""
        return self._sampler.span(start_s, end_s, wanted=lambda channel: belongs(channel, gpu_uuids))

    def latest_w(self) -> dict[str, float | None]:
        """Return the power of each device just now, for a display."""
        return self._sampler.latest_w()

    def latest_c(self) -> dict[str, float]:
        """Return the last temperature of each device that tells one."""
        return self._sampler.latest_c()

    def memory(self, boards: tuple[str, ...]) -> tuple[BoardMemory, ...]:
        """Return the memory of some NVIDIA boards, named by index or UUID; none where NVML does not tell."""
        return memory_of(boards)

    def idle(self, duration_s: float) -> tuple[Idle, ...]:
        """Return the mean power of each device over the next seconds, in which nobody should use the node."""
        start_s = self._sampler.mark()
        time.sleep(duration_s)
        end_s = self._sampler.mark()
        return idle_powers(self._sampler.span(start_s, end_s), start_s=start_s, end_s=end_s)

    def reasons(self) -> dict[str, str]:
        """Return for each kind of instrument that it is read, or why it is not."""
        return self._reasons

    def unreadable(self) -> dict[str, str]:
        """Return the instruments that are there and cannot be read, each with what to do about it."""
        return {name: self._reasons[name] for name in self._unreadable}

    def close(self) -> None:
        """Stop reading, let go of the instruments, and forget what is on disk."""
        self._export.end()
        self._sampler.close()


def monitor_for(node_id: str, metering: Metering, *, study: str) -> ActorHandle:
    """
    Return this driver's monitor of a node, started if there is none; await its ready() before anything is measured.

    It ends with the driver, or once the handle that started it is gone.
    """
    return PowerMonitor.options(  # type: ignore[attr-defined]
        name=_name(node_id, study),
        namespace=NAMESPACE,
        get_if_exists=True,
        scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
    ).remote(node_id, metering, study)


def monitor_of(node_id: str, *, study: str) -> ActorHandle:
    """Return the monitor of a node that the driver of this process has started; raises ValueError where it has none."""
    return ray.get_actor(_name(node_id, study), namespace=NAMESPACE)


def stop(monitors: Collection[ActorHandle]) -> None:
    """Stop monitors; each has some seconds to clear up."""
    closing = [monitor.close.remote() for monitor in monitors]
    if closing:
        ray.wait(closing, num_returns=len(closing), timeout=CLOSE_S)
    for monitor in monitors:
        with contextlib.suppress(ray.exceptions.RayError):  # its node is gone
            ray.kill(monitor)


def _name(node_id: str, study: str) -> str:
    """Name a monitor by its driver, too: those of a driver that was just killed may live some seconds longer."""
    return f"power-{study}-{ray.get_runtime_context().get_job_id()}-{node_id}"
