"""The sampler as a Ray actor: one a node, found by name, restarted when it is killed."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
import ray

from raystudy.errors import MeterError
from raystudy.power import METERS
from raystudy.power.monitor import NAMESPACE, monitor_for, monitor_of, stop
from raystudy.power.spill import spill_folder
from raystudy.study import Metering

pytestmark = pytest.mark.usefixtures("ray_cluster")

NAMEPLATE = Metering(meters=("nameplate",), rate_hz=50)


@pytest.fixture
def node_id() -> str:
    """The node of the test's cluster."""
    return str(ray.nodes()[0]["NodeID"])


@pytest.fixture
def monitor(node_id: str) -> Iterator[Any]:
    """A monitor of that node, which is stopped afterwards."""
    started = monitor_for(node_id, NAMEPLATE, study="made")
    yield started
    stop([started])


def names() -> list[str]:
    """Return the names of all actors of raystudy."""
    return [a["name"] for a in ray.util.list_named_actors(all_namespaces=True) if a["namespace"] == NAMESPACE]


def pid_of(monitor: Any) -> int:
    """Return the process that a monitor lives in."""
    return int(ray.get(monitor.__ray_call__.remote(lambda _: os.getpid())))


def use_up(monitor: Any) -> None:
    """Ask a monitor until it is gone, 30 s at most."""
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        ray.get(monitor.latest_w.remote(), timeout=30)


def test_a_node_has_one_monitor(node_id: str, monitor: Any) -> None:
    """Whoever asks gets the same one, by its name: that of the study, of the driver's job, and of the node."""
    found = [monitor, monitor_for(node_id, NAMEPLATE, study="made"), monitor_of(node_id, study="made")]

    assert 1 == len({each._actor_id for each in found})
    assert [f"power-made-{ray.get_runtime_context().get_job_id()}-{node_id}"] == names()


def test_a_trial_never_starts_a_monitor(node_id: str) -> None:
    """One that a trial started would end with the trial: it finds the driver's, or is told that there is none."""
    with pytest.raises(ValueError, match="power-made"):
        monitor_of(node_id, study="made")


def test_a_monitor_ends_with_its_handle(node_id: str) -> None:
    """It is nobody's but the driver's who holds it: a handle that was found keeps nothing alive."""
    started = monitor_for(node_id, NAMEPLATE, study="made")
    found = monitor_of(node_id, study="made")
    ray.get(found.ready.remote())
    del started

    with pytest.raises(ray.exceptions.ActorDiedError):
        use_up(found)


def test_a_span_is_asked_for_afterwards(monitor: Any) -> None:
    """Trial and monitor share the node's monotonic clock, and the span comes with a reading on either side."""
    ray.get(monitor.ready.remote())
    start_s = time.monotonic()
    ray.get(monitor.edge.remote())
    end_s = time.monotonic()
    (trace,) = ray.get(monitor.span.remote(start_s, end_s, frozenset()))

    assert trace.channel.device == "nameplate"
    assert trace.readings[0].at_s <= start_s
    assert trace.readings[-1].at_s >= end_s


def test_the_idle_baseline_is_measured_on_the_node(monitor: Any) -> None:
    """Clocks of nodes differ, so the monitor takes the span itself; each of its devices has a mean power."""
    ray.get(monitor.ready.remote())
    idle = ray.get(monitor.idle.remote(0.1))

    assert ["nameplate"] == [each.device for each in idle]


def test_a_monitor_tells_what_it_reads_and_why_not_more(monitor: Any) -> None:
    """Every kind of instrument is read, or has a reason."""
    reasons = ray.get(monitor.reasons.remote())

    assert dict.fromkeys(METERS, "Not asked for by metering.meters.") | {"nameplate": "read"} == reasons


def test_an_actor_is_shown_with_its_node(node_id: str, monitor: Any) -> None:
    """What Ray's dashboard and logs call it."""
    shown = ray.get(monitor.__ray_call__.remote(repr))

    assert f"PowerMonitor(node={node_id[:8]})" == shown


def test_a_meter_that_cannot_be_read_is_told_before_a_trial(node_id: str) -> None:
    """Meters that the study names must open: ready() raises the sentence, and no trial is begun."""
    monitor = monitor_for(node_id, Metering(meters=("rapl",), powercap_root="/nowhere"), study="made")

    with pytest.raises(MeterError, match="asks for 'rapl': There is no RAPL package under /nowhere"):
        ray.get(monitor.ready.remote())


def test_a_killed_monitor_comes_back_and_says_when(monitor: Any) -> None:
    """After kill -9 the next call is answered by a new process, whose traces begin after the kill."""
    ray.get(monitor.ready.remote())
    killed_s = time.monotonic()
    os.kill(pid_of(monitor), signal.SIGKILL)
    ray.get(monitor.ready.remote(), timeout=60)
    (trace,) = ray.get(monitor.span.remote(killed_s, time.monotonic(), frozenset()))

    assert trace.sampling.started_s > killed_s


def test_what_was_read_at_an_edge_outlives_the_monitor(monitor: Any) -> None:
    """Whoever asks for an edge has it for good: readings on both sides of it, though the monitor was killed since."""
    ray.get(monitor.ready.remote())
    asked_s = time.monotonic()
    edge = monitor.edge.remote()
    ray.wait([edge])
    os.kill(pid_of(monitor), signal.SIGKILL)
    (trace,) = ray.get(edge)

    assert trace.readings[0].at_s <= asked_s <= trace.readings[-1].at_s


def test_stopping_leaves_no_monitor(monitor: Any) -> None:
    """At the end of a sweep the monitors of all nodes go."""
    ray.get(monitor.ready.remote())
    stop([monitor])

    assert [] == names()


def test_stopping_clears_the_disk(node_id: str, monitor: Any) -> None:
    """Readings on disk are for a monitor that was killed; one that is stopped forgets them."""
    ray.get(monitor.ready.remote())
    folder = spill_folder("made", node_id)
    folder.mkdir(parents=True)
    stop([monitor])

    assert not folder.exists()


def test_no_temperature_is_told_where_there_is_none(monitor: Any) -> None:
    """A nameplate has none, and a machine without NVML no memory of boards."""
    ray.get(monitor.ready.remote())

    assert ({}, ()) == (ray.get(monitor.latest_c.remote()), ray.get(monitor.memory.remote(("0",))))
