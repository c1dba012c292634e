"""The sampler as a Ray actor: one a node, found by name, restarted when it is killed."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
import ray

from raystudy.errors import MeterError
from raystudy.power.monitor import NAMESPACE, monitor_for, stop_monitors
from raystudy.study import Metering

pytestmark = pytest.mark.usefixtures("ray_cluster")

NAMEPLATE = Metering(meters=("nameplate",), rate_hz=50)


@pytest.fixture
def node_id() -> Iterator[str]:
    """The node of the test's cluster; its monitor is stopped afterwards."""
    yield ray.nodes()[0]["NodeID"]
    stop_monitors("made")


def names() -> list[str]:
    """Return the names of all actors of raystudy."""
    return [a["name"] for a in ray.util.list_named_actors(all_namespaces=True) if a["namespace"] == NAMESPACE]


def pid_of(monitor: Any) -> int:
    """Return the process that a monitor lives in."""
    return int(ray.get(monitor.__ray_call__.remote(lambda _: os.getpid())))


def test_a_node_has_one_monitor(node_id: str) -> None:
    """Whoever asks gets the same one, by its name."""
    first, second = (monitor_for(node_id, NAMEPLATE, study="made") for _ in range(2))

    assert [node_id, node_id] == ray.get([first.ready.remote(), second.ready.remote()])
    assert [f"power-made-{node_id}"] == names()


def test_a_span_is_asked_for_afterwards(node_id: str) -> None:
    """Trial and monitor share the node's monotonic clock, and the span comes with a reading on either side."""
    monitor = monitor_for(node_id, NAMEPLATE, study="made")
    ray.get(monitor.ready.remote())
    start_s = time.monotonic()
    end_s = start_s + 0.05
    (trace,) = ray.get(monitor.span.remote(start_s, end_s))

    assert trace.channel.device == "nameplate"
    assert trace.readings[0].at_s <= start_s
    assert trace.readings[-1].at_s >= end_s


def test_the_idle_baseline_is_measured_on_the_node(node_id: str) -> None:
    """Clocks of nodes differ, so the monitor takes the span itself; each of its devices has a mean power."""
    monitor = monitor_for(node_id, NAMEPLATE, study="made")
    ray.get(monitor.ready.remote())
    power_w = ray.get(monitor.idle_w.remote(0.1))

    assert {"nameplate"} == set(power_w)


def test_a_monitor_tells_what_it_reads_and_why_not_more(node_id: str) -> None:
    """Every kind of instrument is read, or has a reason."""
    reasons = ray.get(monitor_for(node_id, NAMEPLATE, study="made").reasons.remote())

    assert {"nvml": "Not asked for by metering.meters.", "rapl": "Not asked for by metering.meters."} | {
        "nameplate": "read"
    } == reasons


def test_an_actor_is_shown_with_its_node(node_id: str) -> None:
    """What Ray's dashboard and logs call it."""
    shown = ray.get(monitor_for(node_id, NAMEPLATE, study="made").__ray_call__.remote(repr))

    assert f"PowerMonitor(node={node_id[:8]})" == shown


def test_a_meter_that_cannot_be_read_is_told_before_a_trial(node_id: str) -> None:
    """Meters that the study names must open: ready() raises the sentence, and no trial is begun."""
    monitor = monitor_for(node_id, Metering(meters=("rapl",), powercap_root="/nowhere"), study="made")

    with pytest.raises(MeterError, match="asks for 'rapl': There is no RAPL package under /nowhere"):
        ray.get(monitor.ready.remote())


def test_a_killed_monitor_comes_back_and_says_when(node_id: str) -> None:
    """After kill -9 the next call is answered by a new process, whose traces begin after the kill."""
    monitor = monitor_for(node_id, NAMEPLATE, study="made")
    ray.get(monitor.ready.remote())
    killed_s = time.monotonic()
    os.kill(pid_of(monitor), signal.SIGKILL)
    ray.get(monitor.ready.remote(), timeout=60)
    (trace,) = ray.get(monitor.span.remote(killed_s, time.monotonic()))

    assert trace.sampler_started_s > killed_s


def test_stopping_leaves_no_monitor(node_id: str) -> None:
    """At the end of a sweep the monitors of all nodes go, though they are detached."""
    ray.get(monitor_for(node_id, NAMEPLATE, study="made").ready.remote())
    stop_monitors("made")

    assert [] == names()
