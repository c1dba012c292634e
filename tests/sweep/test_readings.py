"""Whatever becomes of the monitor, a trial gets what there is, and the reason for what is missing."""

import dataclasses
import time
from collections.abc import Iterator

import pytest
import ray

from raystudy.errors import MeterError
from raystudy.power.monitor import monitor_for, monitor_of, stop
from raystudy.record.outcome import Span
from raystudy.study import Study
from raystudy.sweep.readings import Readings, flaws
from tests.observations import study_of, trace

STUDY = study_of(metering__meters='["nameplate"]', metering__rate_hz="50")


@pytest.fixture
def node_id(ray_cluster: None) -> Iterator[str]:
    """Return the node of the test's cluster; its monitor is stopped afterwards."""
    del ray_cluster
    found = ray.nodes()[0]["NodeID"]
    monitor = monitor_for(found, STUDY.metering, study=STUDY.name)
    yield found
    stop([monitor])


def kill(node_id: str, study: Study) -> None:
    """Kill the monitor for good."""
    ray.kill(monitor_of(node_id, study=study.name))


def timed(readings: Readings) -> Span:
    """Return a span whose edges were asked for."""
    start_s = time.monotonic()
    readings.edge()
    end_s = time.monotonic()
    readings.edge()
    return Span(name="train", start_s=start_s, end_s=end_s)


def test_a_trial_has_readings_on_both_sides(node_id: str) -> None:
    """What was read before the first span and after the last edge are one trace, in order, with nothing missing."""
    readings = Readings(node_id, STUDY)
    readings.begin()
    span = timed(readings)
    (found,), missing = readings.of([span], frozenset())
    times = [reading.at_s for reading in found.readings]

    assert {} == missing
    assert times == sorted(set(times))
    assert times[0] <= span.start_s < span.end_s <= times[-1]


def test_a_monitor_that_is_gone_costs_only_itself(node_id: str) -> None:
    """Killed for good between the edges and the question: the edges are there, and the reason."""
    readings = Readings(node_id, STUDY)
    readings.begin()
    span = timed(readings)
    ray.wait(list(readings._edges), num_returns=2)
    kill(node_id, STUDY)
    (found,), missing = readings.of([span], frozenset())

    assert found.readings[0].at_s <= span.start_s
    assert missing["power"].startswith("no readings but those at the edges: the monitor was lost (ActorDiedError")


def test_a_monitor_that_died_before_is_done_without(node_id: str) -> None:
    """Killed before the first span: no traces, a reason, and no error."""
    readings = Readings(node_id, STUDY)
    kill(node_id, STUDY)
    readings.begin()
    traces, missing = readings.of([timed(readings)], frozenset())

    assert ((), ["power", "power at the start"]) == (traces, sorted(missing))


@pytest.mark.usefixtures("ray_cluster")
def test_a_node_that_does_not_exist_is_done_without() -> None:
    """A monitor that is not there after some seconds is a reason, not an error."""
    readings = Readings("f" * 56, STUDY, ready_s=0.1)
    readings.begin()
    traces, missing = readings.of([timed(readings)], frozenset())

    assert ((), ["power"]) == (traces, list(missing))
    assert missing["power"].startswith("the monitor did not start")


def test_a_meter_that_the_study_names_must_open(node_id: str) -> None:
    """A study that asks for an instrument is not measured without it; the error is the sentence, not a traceback."""
    named = study_of(metering__meters='["rapl"]', metering__powercap_root='"/nowhere"')
    study = named.model_copy(update={"name": "refused"})
    monitor = monitor_for(node_id, study.metering, study=study.name)

    with pytest.raises(MeterError, match=r"^metering.meters asks for 'rapl'"):
        Readings(node_id, study)
    stop([monitor])


def test_a_full_disk_is_told() -> None:
    """Older readings that could not be kept are named with what the system said."""
    read = trace("power_w")
    full = dataclasses.replace(read, sampling=dataclasses.replace(read.sampling, spill_error="OSError: no space left"))

    assert {"power on disk": "older readings could not be kept (OSError: no space left)"} == flaws([full, full], 100.0)


def test_a_sampler_that_started_before_is_no_flaw() -> None:
    """Only one that was started within the trial is told, with when."""
    read = trace("power_w")
    again = dataclasses.replace(read, sampling=dataclasses.replace(read.sampling, started_s=102.5))

    assert {} == flaws([read], 100.0)
    assert {"power": "the monitor was started again 2.5 s into the trial"} == flaws([again], 100.0)
