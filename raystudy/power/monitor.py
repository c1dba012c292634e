"""The sampler as a Ray actor, one for each node; it knows nothing of trials.

    trial ──monitor_for(node)──▶ PowerMonitor ──span──▶ traces

A trial asks for the monitor of its node itself, so nodes that join later have one too. Monitors are detached (the
handle of the first trial does not decide how long they live), so whoever runs a sweep stops them at its end.
"""

import contextlib
import time

import ray
from ray.actor import ActorHandle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raystudy.errors import MeterError
from raystudy.power import METERS, open_meters
from raystudy.power.sampler import Sampler
from raystudy.record.energy import idle_power_w
from raystudy.record.trace import Trace
from raystudy.study import Metering

NAMESPACE = "raystudy"
"""Where all actors of raystudy live."""


@ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, max_concurrency=4)
class PowerMonitor:
    """The power of one node. Killed, it starts again; its new sampler says when it started."""

    def __init__(self, node_id: str, metering: Metering) -> None:
        self._node_id = node_id
        self._refusal: MeterError | None = None
        try:
            meters, self._reasons = open_meters(metering)
        except MeterError as error:
            # Raised by ready(): an actor whose constructor raises tells its callers only that it died.
            meters, self._reasons, self._refusal = (), {}, error
        self._sampler = Sampler(meters, rate_hz=metering.rate_hz)

    def __repr__(self) -> str:
        return f"PowerMonitor(node={self._node_id[:8]})"

    def ready(self) -> str:
        """Return the node's id once every channel was read; raises MeterError where the study's meters cannot be."""
        if self._refusal is not None:
            raise self._refusal
        self._sampler.wait_ready()
        return self._node_id

    def span(self, start_s: float, end_s: float) -> tuple[Trace, ...]:
        """Return what each channel read in a span of this node's monotonic clock."""
        return self._sampler.span(start_s, end_s)

    def latest_w(self) -> dict[str, float | None]:
        """Return the power of each device just now, for a display."""
        return self._sampler.latest_w()

    def idle_w(self, duration_s: float) -> dict[str, float]:
        """Return the mean power of each device over the next seconds, in which nobody should use the node."""
        start_s = time.monotonic()
        time.sleep(duration_s)
        end_s = time.monotonic()
        return idle_power_w(self._sampler.span(start_s, end_s), start_s=start_s, end_s=end_s)

    def reasons(self) -> dict[str, str]:
        """Return for each kind of instrument that it is read, or why it is not."""
        return {name: self._reasons.get(name, "read") for name in METERS}


def monitor_for(node_id: str, metering: Metering, *, study: str) -> ActorHandle:
    """
    Return a study's monitor of a node, started if there is none; await its ready() before anything is measured.

    Each study has its own: two sweeps on one cluster may meter differently, and the first to end stops its own only.
    """
    return PowerMonitor.options(  # type: ignore[attr-defined]
        name=f"power-{study}-{node_id}",
        namespace=NAMESPACE,
        get_if_exists=True,
        lifetime="detached",
        scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
    ).remote(node_id, metering)


def stop_monitors(study: str) -> None:
    """Stop a study's monitors on all nodes."""
    for actor in ray.util.list_named_actors(all_namespaces=True):
        if actor["namespace"] == NAMESPACE and actor["name"].rpartition("-")[0] == f"power-{study}":
            with contextlib.suppress(ValueError):  # it died on its own meanwhile
                ray.kill(ray.get_actor(actor["name"], namespace=NAMESPACE))
