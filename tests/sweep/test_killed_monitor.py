"""A monitor that dies costs no trial and no joules: it comes back, and the counters bridge the gap."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import ray

from raystudy.power.monitor import monitor_of
from raystudy.record.archive import Archive
from raystudy.record.opening import open_for
from raystudy.study import Study, parse
from raystudy.sweep.status import Snapshot
from raystudy.sweep.tune import run
from tests.fakes.live_rapl import LAG_S, MEAN_W, SWING_W, LiveRapl, truth_j

pytestmark = pytest.mark.slow

TEXT = """
kind = "efficiency"
name = "killed"
question = "Does it survive?"
repetitions = 1
[recipe]
model = "tiny-0.1m"
tokenizer = "byte"
corpus = "stories"
corpus_documents = 200
context = 32
batch_size = 8
eval_tokens = 1000
[factors]
tokens = [60_000, 80_000]
[metering]
meters = ["rapl"]
powercap_root = "{root}"
idle_s = 0.5
"""


class Killer:
    """Kills the monitor as soon as a trial trains, once."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self.killed: list[str] = []

    def __call__(self, snapshot: Snapshot) -> None:
        """Look at the sweep, and strike."""
        training = [running for running in snapshot.running if running.tokens_seen]
        if training and not self.killed:
            monitor: Any = monitor_of(ray.nodes()[0]["NodeID"], study=self._study.name)
            os.kill(ray.get(monitor.__ray_call__.remote(lambda _: os.getpid())), signal.SIGKILL)
            self.killed.append(training[0].trial_id)


@pytest.fixture(scope="module")
def swept(ray_cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, Killer]]:
    """Return the archive of a study whose monitor was killed in mid-trial, and who killed it."""
    del ray_cluster
    root = tmp_path_factory.mktemp("powercap")
    text = TEXT.format(root=root)
    archive, study = Archive(tmp_path_factory.mktemp("killed")), parse(text, name="killed.toml")
    open_for(archive, study, text)
    killer, counter = Killer(study), LiveRapl(root)
    counter.start()
    run(study, archive, address=None, tell=lambda _: None, watch=killer)
    counter.end()
    return archive, killer


def rows(archive: Archive) -> list[dict[str, Any]]:
    """Return all trials."""
    return archive.table().collect().to_dicts()


def training(row: dict[str, Any]) -> dict[str, Any]:
    """Return the figure of the training of a trial."""
    figure: dict[str, Any] = next(figure for figure in row["energies"] if figure["span"] == "train")
    return figure


def test_all_trials_complete(swept: tuple[Archive, Killer]) -> None:
    """The killed monitor ends no trial; it was killed indeed."""
    archive, killer = swept

    assert [] == [trial.id for trial in archive.study().trials() if not archive.has(trial.id)]
    assert 1 == len(killer.killed)


def test_counters_bridge_the_gap(swept: tuple[Archive, Killer]) -> None:
    """The joules of each trial are within their interval of the truth, give or take what the fake itself lags."""
    off_j = {}
    for row in rows(swept[0]):
        true_j = sum(truth_j(span["start_s"], span["end_s"]) for span in row["spans"] if span["name"] == "train")
        room_j = row["energy_u_j"] + (MEAN_W + SWING_W) * LAG_S
        if abs(row["energy_j"] - true_j) > room_j:
            off_j[row["trial_id"]] = (row["energy_j"], true_j, room_j)

    assert {} == off_j


def test_the_gap_is_listed(swept: tuple[Archive, Killer]) -> None:
    """The trial that trained when the monitor died says from when to when nothing was read, and why."""
    archive, killer = swept
    (row,) = [row for row in rows(archive) if row["trial_id"] in killer.killed]
    reasons = {entry["key"]: entry["value"] for entry in row["reasons"]}

    assert 1 <= len(training(row)["quality"]["gaps"])
    assert "the monitor was started again" in reasons["power"]


def test_the_trial_fails_its_expectations(swept: tuple[Archive, Killer]) -> None:
    """A sampler that was started within the trial is a flaw that the row shows."""
    archive, killer = swept
    found = {row["trial_id"]: {e["name"]: e["met"] for e in row["expectations"]} for row in rows(archive)}

    assert [False] == [found[trial_id]["sampler"] for trial_id in killer.killed]


def test_idle_power_is_measured_before_and_after(swept: tuple[Archive, Killer]) -> None:
    """Both baselines of the node are kept, with intervals; each trial has the one before, and net joules from it."""
    before, after = swept[0].baselines()

    assert ("before", "after", before.run) == (before.when, after.when, after.run)
    assert all(each.u_w is not None and each.u_w > 0 for each in (*before.idle, *after.idle))
    assert {before.idle[0].power_w} == {training(row)["power_idle_w"] for row in rows(swept[0])}
