"""What is lost when anything is killed at any time: sweeps of 24 trials on a simulated cluster, under random faults.

    .venv/bin/python benchmarks/chaos.py                    20 rounds
    .venv/bin/python benchmarks/chaos.py --seed 7 --times 1      one of them again

Each round starts a cluster (a head, and three nodes with a made-up GPU each, tests/simulated.py) and `raystudy run`,
and then, every few seconds: kill -9 of the driver, a trial, a monitor, the writer or a node (a new one joins), Ctrl-C
twice, SIGTERM. A driver that has ended is started again by the same line, until one says that all is finished. Where
it can (as root, on Linux), every other round hides the archive from the nodes, so that rows go through the writer.

A line a round: rows, those measured twice, those lost, those whose joules are not what the board drew, ours that
outlived the sweep. Exits with 1 where there is any.
"""

import argparse
import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import psutil

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from tests.simulated import Driver, Rows, Simulated, family, kill, outside, until

STUDY = """
kind = "efficiency"
name = "chaos"
question = "Is nothing lost?"
repetitions = 8
[recipe]
model = "tiny-0.1m"
tokenizer = "byte"
corpus = "stories"
corpus_documents = 200
context = 32
batch_size = 8
eval_tokens = 1000
eval_every_tokens = 10_000
[factors]
tokens = [20_000, 30_000, 40_000]
[resources]
gpus = 1
fresh_process = false
checkpoint_after_s = 0
max_failures = 5
[metering]
meters = ["nvml"]
idle_s = 0.2
"""
FAULTS = ("driver", "trial", "monitor", "node", "writer", "ctrl-c twice", "sigterm")
WEIGHTS = (2, 3, 2, 1, 2, 1, 1)
STRIKES, NODES_KILLED = 8, 2
"""Faults of a round, and how many of them may take a node: a new one takes seconds to start."""
PAUSE_S = (2.0, 7.0)
ROUND_S, END_S = 240.0, 30.0
"""A round that takes longer has failed; so has a driver that does not end for so long after it was told to."""
OURS = ("Trial", "PowerMonitor", "Board", "Writer")


@dataclass(frozen=True, kw_only=True)
class Round:
    """What came of one."""

    seed: int
    hidden: bool
    """Whether the nodes did not see the archive."""
    faults: dict[str, int]
    codes: list[int | None]
    """Of the drivers, one after the other; null for one that did not end."""
    complaints: list[str]
    """The last words of those that ended with 1 or 2, which no signal does."""
    planned: int
    rows: int
    doubled: int
    lost: int
    outside: int
    attempts: int
    """That came to nothing, as the archive tells."""
    left: int
    wall_s: float
    folder: str

    @property
    def fine(self) -> bool:
        """Whether nothing was lost, and the last driver said so."""
        whole = self.rows == self.planned and self.codes[-1:] == [0] and None not in self.codes
        return whole and not (self.doubled or self.lost or self.outside or self.left)


class Play:
    """One round on its cluster."""

    def __init__(self, cluster: Simulated, folder: Path, chance: random.Random) -> None:
        self._cluster, self._folder, self._chance = cluster, folder, chance
        self.rows, self.codes, self.faults = Rows(folder / "out"), list[int | None](), Counter[str]()
        self.complaints = list[str]()
        self._end_s = time.monotonic() + ROUND_S
        self._driver = self._started()

    def __call__(self) -> None:
        """Strike, and start what was struck, until a driver says that all is finished."""
        for fault in self._schedule():
            until(self._ended, self._chance.uniform(*PAUSE_S))
            if self._over():
                return
            self._strike(fault)
        while time.monotonic() < self._end_s and not self._over():
            until(self._ended, self._end_s - time.monotonic())
        if not self._ended():
            self.codes.append(self._driver.wait(0))

    def _schedule(self) -> Iterator[str]:
        """Yield the faults of this round."""
        nodes = 0
        for fault in self._chance.choices(FAULTS, WEIGHTS, k=STRIKES):
            nodes += fault == "node"
            yield "trial" if fault == "node" and nodes > NODES_KILLED else fault

    def _ended(self) -> bool:
        self.rows.look()
        return self._driver.process.poll() is not None

    def _over(self) -> bool:
        """Whether all is finished; a driver that has ended otherwise is started again."""
        if not self._ended():
            return False
        self.codes.append(self._driver.process.returncode)
        if self.codes[-1] == 0:
            return True
        if self.codes[-1] in (1, 2):
            self.complaints.append(self._driver.log.read_text(errors="replace").strip().rpartition("\n")[2])
        self._driver = self._started()
        return False

    def _started(self) -> Driver:
        return Driver(self._cluster, self._folder / "study.toml", str(self._folder / "out"), self._folder / "log")

    def _strike(self, fault: str) -> None:
        """Let a fault happen, if there is what it strikes."""
        if fault == "driver":
            self._driver.signal(signal.SIGKILL)
        elif fault == "node":
            self._cluster.kill_node(self._chance.choice(self._cluster.nodes))
            self._cluster.add()
        elif fault in ("ctrl-c twice", "sigterm"):
            self._tell_to_end(fault)
        elif not self._kill_one({"trial": "Trial", "monitor": "PowerMonitor", "writer": "Writer"}[fault]):
            return
        self.faults[fault] += 1

    def _kill_one(self, name: str) -> bool:
        running = self._cluster.actors(name)
        for process in running[:1] and [self._chance.choice(running)]:
            kill(process)
        return bool(running)

    def _tell_to_end(self, fault: str) -> None:
        """Ask a driver to end; one that does not is killed, and noted."""
        self._driver.signal(signal.SIGTERM if fault == "sigterm" else signal.SIGINT)
        if fault == "ctrl-c twice":
            until(self._ended, self._chance.uniform(0.05, 2))
            self._driver.signal(signal.SIGINT)
        if not until(self._ended, END_S):
            self.codes.append(self._driver.wait(0))
            self._driver = self._started()


def played(seed: int) -> Round:
    """Play one round."""
    chance, began_s = random.Random(seed), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"raystudy-chaos-{seed}-"))
    (folder / "study.toml").write_text(STUDY)
    (folder / "out").mkdir()
    hidden = seed % 2 == 0 and os.geteuid() == 0 and sys.platform == "linux"
    with Simulated(folder, nodes=3, seed=seed, hidden=folder / "out" if hidden else None) as cluster:
        play = Play(cluster, folder, chance)
        play()
        until(lambda: not any(map(cluster.actors, OURS)), END_S)
        left = sum(len(cluster.actors(name)) for name in OURS)
    archive = Archive(str(folder / "out"))
    try:
        wrong = len(outside(archive, cluster.boards))
    except ArchiveError:
        wrong = 0  # there is no row
    done = Round(
        seed=seed,
        hidden=hidden,
        faults=dict(play.faults),
        codes=play.codes,
        complaints=play.complaints,
        planned=len(list(archive.study().trials())),
        rows=play.rows.look(),
        doubled=len(play.rows.doubled),
        lost=len(play.rows.lost),
        outside=wrong,
        attempts=len(archive.all_failures()),
        left=left,
        wall_s=time.monotonic() - began_s,
        folder=str(folder),
    )
    if done.fine:
        shutil.rmtree(folder)
    return done


def in_a_process(seed: int) -> Round | str:
    """Play one round in a process of its own, which is ended with all it has started if it takes too long."""
    command = [sys.executable, __file__, "--seed", str(seed), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said, complaint = process.communicate(timeout=2 * ROUND_S)
    except subprocess.TimeoutExpired:
        return f"{seed:5} came to no end"
    finally:  # also where this process is told to end: a cluster must not outlive it
        if process.poll() is None:
            for each in family(psutil.Process(process.pid)):
                kill(each)
            process.wait()
    if process.returncode:
        return f"{seed:5} ended with: {complaint.strip().splitlines()[-1]}"
    return Round(**json.loads(said.splitlines()[-1]))


def told(done: Round) -> str:
    """Return a round as a line."""
    faults = ", ".join(f"{count} x {name}" for name, count in sorted(done.faults.items()))
    runs = " ".join("hung" if code is None else str(code) for code in done.codes)
    wrong = f"{done.doubled:5} {done.lost:4} {done.outside:7} {done.left:4}"
    where = f"  see {done.folder}" * (not done.fine)
    kind = "writer" if done.hidden else "folder"
    return (
        f"{done.seed:5} {kind:6} {done.rows:3}/{done.planned} {wrong} {done.attempts:8} {done.wall_s:6.0f}  "
        f"{faults}; exit codes {runs}{where}" + "".join(f"\n      said: {said}" for said in done.complaints)
    )


def main() -> None:
    """Play the rounds, and add up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="rounds")
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each further one adds 1")
    parser.add_argument("--json", action="store_true", help="play one round in this process, and print it as JSON")
    asked = parser.parse_args()
    if asked.json:
        print(json.dumps(dataclasses.asdict(played(asked.seed))))
        return
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    print(" seed rows by  rows  twice lost outside left attempts wall_s  faults")
    rounds = []
    for seed in range(asked.seed, asked.seed + asked.times):
        rounds.append(in_a_process(seed))
        print(told(rounds[-1]) if isinstance(rounds[-1], Round) else rounds[-1], flush=True)
    ended = [done for done in rounds if isinstance(done, Round)]
    fine = sum(done.fine for done in ended)
    lost = sum(done.planned - done.rows + done.lost for done in ended)
    faults = sum(sum(done.faults.values()) for done in ended)
    print(f"{fine} of {len(rounds)} rounds as they should be; {faults} faults, {lost} trials lost")
    sys.exit(fine < len(rounds))


if __name__ == "__main__":
    main()
