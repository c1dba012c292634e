"""The nodes of a sweep: what is read on each, what could be, and idle power around the trials."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import ray

from raystudy.errors import MeterError
from raystudy.power.monitor import monitor_of, stop
from raystudy.record.archive import Archive
from raystudy.study import Study
from raystudy.sweep.monitors import Nodes, monitored
from tests.fakes.rapl import zone
from tests.observations import study_of

RUN = "2026-01-05T08:00:00"


pytestmark = pytest.mark.usefixtures("ray_cluster")


@contextmanager
def nodes(study: Study, folder: Path) -> Iterator[tuple[Nodes, Archive, list[str]]]:
    """Yield the nodes of the test's cluster, the archive, and what is told."""
    archive, told = Archive(folder), list[str]()
    with monitored(study, archive, run=RUN, tell=told.append) as found:
        yield found, archive, told


def alive() -> str:
    """Return the node of the test's cluster."""
    return str(ray.nodes()[0]["NodeID"])


def test_an_estimate_is_called_one_and_has_no_idle_power(tmp_path: Path) -> None:
    """A nameplate counts busy cores alone: there is nothing to measure while nobody is busy."""
    with nodes(study_of(metering__meters='["nameplate"]'), tmp_path) as (found, archive, told):
        found.measure_idle("before")

    assert ["is read from: nameplate (an estimate: no instrument can be read here; `raystudy meters` says why)"] == [
        line.partition(" ")[2].partition(" ")[2].partition(" ")[2].partition(" ")[2] for line in told
    ]
    assert () == archive.baselines()


def test_what_could_be_mended_is_told(tmp_path: Path) -> None:
    """RAPL that is there and cannot be read is told with what to do, while the study goes on with an estimate."""
    (zone(tmp_path / "powercap", "intel-rapl:0", name="package-0") / "energy_uj").unlink()
    with nodes(study_of(metering__powercap_root=f'"{tmp_path}/powercap"'), tmp_path) as (_, _, told):
        pass

    assert [True] == [line.startswith("rapl on node ") for line in told if "is there and cannot be read: " in line]


def test_a_meter_that_the_study_names_must_open(tmp_path: Path) -> None:
    """No trial is begun; the error is the sentence, not a traceback."""
    study = study_of(metering__meters='["rapl"]', metering__powercap_root='"/nowhere"')

    with pytest.raises(MeterError, match=r"^metering.meters asks for 'rapl'"), nodes(study, tmp_path):
        pass

    with pytest.raises(ValueError, match="power-made"):
        monitor_of(alive(), study="made")


def test_a_monitor_that_died_has_no_baseline(tmp_path: Path) -> None:
    """The sweep goes on, and says so."""
    zone(tmp_path / "powercap", "intel-rapl:0", name="package-0")
    study = study_of(metering__meters='["rapl"]', metering__powercap_root=f'"{tmp_path}/powercap"')
    with nodes(study, tmp_path) as (found, archive, told):
        ray.kill(found.monitors[alive()])
        found.measure_idle("after")

    assert () == archive.baselines()
    assert "cannot be read: ActorDiedError. Its trials run all the same" in told[-1]


def test_no_monitor_outlives_its_sweep(tmp_path: Path) -> None:
    """They end with the context, and none is found afterwards."""
    with nodes(study_of(metering__meters='["nameplate"]'), tmp_path):
        assert ray.get(monitor_of(alive(), study="made").ready.remote()) == alive()

    with pytest.raises(ValueError, match="power-made"):
        monitor_of(alive(), study="made")


def test_a_node_that_fits_no_trial_is_not_measured(tmp_path: Path) -> None:
    """A head without CPUs has no monitor, and no idle power."""
    with nodes(study_of(metering__meters='["nameplate"]', resources__cpus="64"), tmp_path) as (found, _, told):
        assert ({}, []) == (found.monitors, told)


def test_a_node_that_joins_has_a_monitor(tmp_path: Path) -> None:
    """Looked for about once a second; here one that is not known yet stands for one that has joined."""
    told = list[str]()
    found = Nodes(study_of(metering__meters='["nameplate"]'), Archive(tmp_path), run=RUN, tell=told.append)
    found.reconcile()
    try:
        assert [alive()] == list(found.monitors)
        assert f"joined: node {alive()[:8]}" == told[0]
    finally:
        stop(found.monitors.values())
