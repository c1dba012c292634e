"""A sweep on a cluster whose parts are killed under it, one after the other: a node, a monitor, the driver.

The driver is a `raystudy run` of its own; after it is killed, the same line is typed again. All of it happens in a
process of its own: Ray reads once in a process whether it wants a token, and the Ray that other tests share is another.
"""

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from raystudy.record.archive import Archive
from tests.simulated import Driver, Rows, Simulated, family, kill, outside, title, until

pytestmark = pytest.mark.slow

TEXT = """
kind = "efficiency"
name = "simulated"
question = "Is nothing lost?"
repetitions = 2
[recipe]
model = "tiny-0.1m"
tokenizer = "byte"
corpus = "stories"
corpus_documents = 200
context = 32
batch_size = 8
eval_tokens = 1000
eval_every_tokens = 20_000
[factors]
tokens = [60_000, 80_000]
[resources]
gpus = 1
fresh_process = false
checkpoint_after_s = 0
max_failures = 3
[metering]
meters = ["nvml"]
idle_s = 0.2
"""
ROOT = Path(__file__).parents[2]
OURS = ("Trial", "PowerMonitor", "Board", "Writer")
LIMIT_S = 60.0
"""For each step; on an idle machine none takes a third of it."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What came of it."""

    planned: list[str]
    finished: list[str]
    doubled: list[str]
    lost: list[str]
    outside: dict[str, tuple[float | None, float]]
    killed: list[str]
    codes: list[int | None]
    left: list[str]
    """Actors of ours that outlived their driver."""
    said: str


def strike(cluster: Simulated, driver: Driver, rows: Rows) -> Iterator[str]:
    """Kill a node that trains after the first row, a monitor after the second, the driver after the third."""
    until(lambda: rows.look() >= 1 or driver.process.poll() is not None, LIMIT_S)
    training = [node for node in cluster.nodes if any("Trial" in title(each) for each in node.family())]
    cluster.kill_node(training[0])
    yield "node"
    until(lambda: rows.look() >= 2 or driver.process.poll() is not None, LIMIT_S)
    kill(cluster.actors("PowerMonitor")[0])
    yield "monitor"
    until(lambda: rows.look() >= 3 or driver.process.poll() is not None, LIMIT_S)
    driver.signal(signal.SIGKILL)
    yield "driver"


def ours(cluster: Simulated) -> list[psutil.Process]:
    """Return the processes of our actors."""
    return [process for name in OURS for process in cluster.actors(name)]


def sweep(folder: Path) -> Swept:
    """Sweep four trials on two nodes, and return what came of it."""
    study, out, log = folder / "study.toml", folder / "out", folder / "log"
    study.write_text(TEXT)
    rows = Rows(out)
    with Simulated(folder, nodes=2) as cluster:
        driver = Driver(cluster, study, str(out), log)
        killed = list(strike(cluster, driver, rows))
        first = driver.wait(LIMIT_S)
        until(lambda: not ours(cluster), LIMIT_S)
        left = list(map(title, ours(cluster)))
        again = Driver(cluster, study, str(out), log)
        until(lambda: rows.look() < 0 or again.process.poll() is not None, 2 * LIMIT_S)
        codes = [first, again.wait(0)]
        until(lambda: not ours(cluster), LIMIT_S)
        left += map(title, ours(cluster))
    rows.look()
    archive = Archive(str(out))
    return Swept(
        planned=[trial.id for trial in archive.study().trials()],
        finished=archive.table().collect()["trial_id"].to_list(),
        doubled=sorted(rows.doubled),
        lost=sorted(rows.lost),
        outside=outside(archive, cluster.boards),
        killed=killed,
        codes=codes,
        left=left,
        said=log.read_text(),
    )


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """Return what came of the sweep in its own process, which is ended with all it has started."""
    if not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("The stand-in for NVML takes a C compiler; there is neither cc nor gcc.")
    folder = tmp_path_factory.mktemp("simulated")
    command = [sys.executable, "-m", "tests.sweep.test_simulated", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            said, complaint = process.communicate(timeout=4 * LIMIT_S)
        finally:
            if process.poll() is None:
                for each in family(psutil.Process(process.pid)):
                    kill(each)
    assert process.returncode == 0, complaint
    return Swept(**json.loads(said.splitlines()[-1]))


def test_all_trials_are_there(swept: Swept) -> None:
    """The driver was killed indeed, the same line finishes the rest, and its exit code says so."""
    assert (["node", "monitor", "driver"], [-signal.SIGKILL, 0]) == (swept.killed, swept.codes), swept.said
    assert swept.planned == swept.finished


def test_none_is_measured_twice(swept: Swept) -> None:
    """A row that was there stays as it was, byte for byte."""
    assert ([], []) == (swept.doubled, swept.lost)


def test_all_joules_are_what_the_boards_drew(swept: Swept) -> None:
    """Within their intervals; an attempt that came to nothing is in none of them."""
    assert {} == swept.outside


def test_nothing_outlives_its_driver(swept: Swept) -> None:
    """Monitors, trials and the rest end with it, killed or not."""
    assert [] == swept.left


if __name__ == "__main__":
    print(json.dumps(dataclasses.asdict(sweep(Path(sys.argv[1])))))  # noqa: T201 - what the fixture reads
