"""The nodes of a sweep: what is read on each, what could be, and idle power around the trials."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from raystudy.errors import MeterError
from raystudy.power.monitor import monitor_for, stop_monitors
from raystudy.record.archive import Archive
from raystudy.study import Study
from raystudy.sweep.baseline import Nodes
from tests.fakes.rapl import zone
from tests.observations import study_of

RUN = "2026-01-05T08:00:00"


@pytest.fixture(autouse=True)
def stopped(ray_cluster: None) -> Iterator[None]:
    """Stop the monitors of the study afterwards."""
    del ray_cluster
    yield
    stop_monitors("made")


def nodes(study: Study, folder: Path) -> tuple[Nodes, Archive, list[str]]:
    """Return the nodes of the test's cluster, the archive, and what is told."""
    archive, told = Archive(folder), list[str]()
    return Nodes(study, archive, run=RUN, tell=told.append), archive, told


def test_an_estimate_is_called_one_and_has_no_idle_power(tmp_path: Path) -> None:
    """A nameplate counts busy cores alone: there is nothing to measure while nobody is busy."""
    found, archive, told = nodes(study_of(metering__meters='["nameplate"]'), tmp_path)
    found.measure_idle("before")

    assert ["is read from: nameplate (an estimate: no instrument can be read here; `raystudy meters` says why)"] == [
        line.partition(" ")[2].partition(" ")[2].partition(" ")[2].partition(" ")[2] for line in told
    ]
    assert () == archive.baselines()


def test_what_could_be_mended_is_told(tmp_path: Path) -> None:
    """RAPL that is there and cannot be read is told with what to do, while the study goes on with an estimate."""
    (zone(tmp_path / "powercap", "intel-rapl:0", name="package-0") / "energy_uj").unlink()
    _, _, told = nodes(study_of(metering__powercap_root=f'"{tmp_path}/powercap"'), tmp_path)

    assert [True] == [line.startswith("rapl on node ") for line in told if "is there and cannot be read: " in line]


def test_a_meter_that_the_study_names_must_open(tmp_path: Path) -> None:
    """No trial is begun; the error is the sentence, not a traceback."""
    study = study_of(metering__meters='["rapl"]', metering__powercap_root='"/nowhere"')

    with pytest.raises(MeterError, match=r"^metering.meters asks for 'rapl'"):
        nodes(study, tmp_path)


def test_a_monitor_that_died_has_no_baseline(tmp_path: Path) -> None:
    """The sweep goes on, and says so."""
    zone(tmp_path / "powercap", "intel-rapl:0", name="package-0")
    study = study_of(metering__meters='["rapl"]', metering__powercap_root=f'"{tmp_path}/powercap"')
    found, archive, told = nodes(study, tmp_path)
    ray.kill(monitor_for(ray.nodes()[0]["NodeID"], study.metering, study="made"))
    found.measure_idle("after")

    assert () == archive.baselines()
    assert "cannot be read: ActorDiedError. Its trials run all the same" in told[-1]
