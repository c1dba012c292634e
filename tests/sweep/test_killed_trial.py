"""A trial whose process is killed goes on from its last state: the same losses, and joules of both segments."""

from pathlib import Path
from typing import Any

import pytest

from raystudy.record.archive import Archive
from raystudy.record.opening import open_for
from raystudy.study import parse
from raystudy.sweep.lost import DIED
from raystudy.sweep.status import Snapshot
from raystudy.sweep.tune import run
from raystudy.training.loop import train
from raystudy.training.placement import place
from tests.fakes.live_rapl import LAG_S, MEAN_W, SWING_W, LiveRapl, truth_j
from tests.killing import kill_trials

pytestmark = pytest.mark.slow

TEXT = """
kind = "dynamics"
name = "killed-trial"
question = "Does it go on?"
repetitions = 1
[recipe]
model = "tiny-0.1m"
tokenizer = "byte"
corpus = "stories"
corpus_documents = 200
context = 32
batch_size = 8
tokens = 60_000
unique_tokens = 5_000
eval_every_tokens = 6_000
eval_tokens = 1000
order_seed = 7
[factors]
init_seed = [101]
[resources]
checkpoint_after_s = 0
[metering]
meters = ["rapl"]
powercap_root = "{root}"
idle_s = 0
"""


class Killer:
    """Kills the process of a trial in the middle of an interval, once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.killed: list[int] = []

    def __call__(self, snapshot: Snapshot) -> None:
        """Look at the sweep, and strike where a trial has come beyond its second interval."""
        if not self.killed and any(self._archive.checkpoints(each.trial_id).reached > 2 for each in snapshot.running):
            self.killed = kill_trials()


Swept = tuple[dict[str, Any], list[str], Killer, Archive]


@pytest.fixture(scope="module")
def swept(ray_cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """Return a trial that was killed, what was said, who killed it, and the archive."""
    del ray_cluster
    root, said = tmp_path_factory.mktemp("powercap"), list[str]()
    counter = LiveRapl(root)
    counter.start()
    text, archive = TEXT.format(root=root), Archive(tmp_path_factory.mktemp("killed"))
    study, killer = parse(text, name="killed.toml"), Killer(archive)
    open_for(archive, study, text)
    run(study, archive, address=None, tell=said.append, watch=killer)
    counter.end()
    return archive.table().collect().to_dicts()[0], said, killer, archive


def test_it_goes_on_in_the_same_run(swept: Swept) -> None:
    """Nobody has to start it again; it is said that it died; and its state is deleted when it has finished."""
    row, said, killer, archive = swept

    assert 1 == len(killer.killed)
    assert ["the process of init_seed-101--r01 died; it goes on from its last state"] == [
        s for s in said if "died" in s
    ]
    assert 2 == len(row["segments"])
    assert {} == archive.failures()
    assert not Path(archive.place, "checkpoints", row["trial_id"]).exists()


def test_its_losses_are_those_of_an_unbroken_run(swept: Swept) -> None:
    """Bit for bit: each step, each interval, the end."""
    row, *_, archive = swept
    (trial,) = archive.study().trials()
    twin = train(trial.recipe, seed=trial.seed, placement=place(archive.study().resources))

    assert list(twin.step_losses) == row["step_losses"]
    assert [i.loss_heldout for i in twin.intervals] == [i["loss_heldout"] for i in row["intervals"]]
    assert twin.loss_heldout == row["loss_heldout"]


def test_its_energy_is_that_of_its_segments(swept: Swept) -> None:
    """Each segment has its joules, which add up to the trial's; the intervals' do as well."""
    row, *_ = swept

    assert pytest.approx(row["energy_j"]) == sum(segment["energy_j"] for segment in row["segments"])
    assert pytest.approx(row["energy_j"]) == sum(each["energy_j"] for each in row["interval_energies"][1:])
    assert row["segments"][0]["tokens_to"] == row["segments"][1]["tokens_from"]


def test_its_energy_is_true(swept: Swept) -> None:
    """The joules of its training spans are within their interval of the truth, give or take what the fake lags."""
    row, *_ = swept
    true_j = sum(truth_j(span["start_s"], span["end_s"]) for span in row["spans"] if span["name"] == "train")
    edges = sum(span["name"] == "train" for span in row["spans"])

    assert row["energy_u_j"] + edges * (MEAN_W + SWING_W) * LAG_S > abs(row["energy_j"] - true_j)


def test_it_says_where_it_went_on(swept: Swept) -> None:
    """The row holds the reason; and a continued trial meets what is expected of its readings as any other."""
    row, *_ = swept
    reasons = {entry["key"]: entry["value"] for entry in row["reasons"]}

    assert f"from {row['segments'][1]['tokens_from']:,} tokens" in reasons["continued"]
    assert {e["name"]: e["met"] for e in row["expectations"]}["sampler"] is True


def test_what_was_lost_is_told_apart(swept: Swept) -> None:
    """What it took from its last state to its death is an attempt of the row, in none of its joules."""
    row, *_ = swept
    (lost,) = row["attempts"]
    room_j = SWING_W * lost["lost_s"] + 2 * (MEAN_W + SWING_W) * LAG_S

    assert (DIED, row["node"], None) == (lost["reason"], lost["node"], lost["lost_estimated_j"])
    assert lost["lost_s"] > 0
    assert room_j > abs(lost["lost_j"] - MEAN_W * lost["lost_s"])
