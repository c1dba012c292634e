"""A cluster on this machine, for tests and benchmarks: a head that runs no trial, and nodes with a made-up GPU each.

    Simulated ─┬─ head
               └─ node ──FAKE_NVML──▶ Board: the stand-in for NVML, whose power changes and is known at any time
    Driver: a `raystudy run` there, as a user types it ──▶ archive ──▶ outside(): joules that are not what they were

Trials ask for a GPU and train on the CPU (RAYSTUDY_REHEARSAL); they are charged what the board of their node draws.
"""

import contextlib
import ctypes
import hashlib
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import pytest

from raystudy.record.archive import Archive
from tests.fakes.nvml import MAX_SEGMENTS, FakeNvml, compile_stub

RUN = [sys.executable, "-c", "from raystudy.cli import main; main()", "run"]
SOON_DEAD = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "5",
}
"""A node that is gone is noticed after 5 s instead of 15."""

LEAST_W, MOST_W = 60, 650
CLONE_FS, CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x200, 0x20000, 0x4000, 0x40000


class Board:
    """The one GPU of a node: its power changes every some seconds, and what it drew is known exactly."""

    def __init__(self, control: Path, number: int, *, seed: int) -> None:
        chance = random.Random(f"{seed} {number}")
        lengths_s = [chance.uniform(1, 5) for _ in range(MAX_SEGMENTS - 1)]
        self._steps = [(start_s, chance.uniform(LEAST_W, MOST_W)) for start_s in accumulate(lengths_s, initial=0.0)]
        self.uuid = f"GPU-{number:08d}-0000-0000-0000-{seed:012d}"
        self.control = control
        nvml = FakeNvml(control)
        nvml.be(0, uuid=self.uuid.encode())
        nvml.curve(0, self._steps)
        self._began_s = nvml.epoch_s

    def truth_j(self, start_s: float, end_s: float) -> float:
        """Return the joules between two times of the monotonic clock."""
        ends_s = [step_s for step_s, _ in self._steps[1:]] + [float("inf")]
        return sum(
            power_w * max(min(step_end_s, end_s - self._began_s) - max(step_s, start_s - self._began_s), 0.0)
            for (step_s, power_w), step_end_s in zip(self._steps, ends_s, strict=True)
        )


class Node:
    """A node of the cluster, and its board."""

    def __init__(self, ray_node: Any, board: Board) -> None:
        self.ray_node, self.board = ray_node, board

    def family(self) -> list[psutil.Process]:
        """Return its raylet, and all that runs on it; nothing where Ray has given it up."""
        (raylet,) = self.ray_node.all_processes["raylet"]
        with contextlib.suppress(psutil.NoSuchProcess):
            return family(psutil.Process(raylet.process.pid))
        return []


class Simulated:
    """The cluster; enter it to start it, in a process that has used no other Ray, and leave it to end it."""

    def __init__(self, folder: Path, *, nodes: int, seed: int = 1, hidden: Path | None = None) -> None:
        """Take a folder to work in, and one that the nodes, but not the head, shall not see: that takes root."""
        self._folder, self._count, self._seed, self._hidden = folder, nodes, seed, hidden
        self.boards: dict[str, Board] = {}
        self.nodes: list[Node] = []

    def __enter__(self) -> Self:
        """Compile the stand-in, start all nodes, and wait until they are known."""
        compiler = shutil.which("cc") or shutil.which("gcc")
        assert compiler is not None, "The stand-in for NVML takes a C compiler; there is neither cc nor gcc."
        self._library = self._folder / "library"
        self._library.mkdir()
        compile_stub(compiler, self._library)
        self._patch = pytest.MonkeyPatch()
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        for name, value in (token | SOON_DEAD).items():
            self._patch.setenv(name, value)
        from ray.cluster_utils import Cluster  # reads the environment

        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        self.head = psutil.Process(self._cluster.head_node.all_processes["raylet"][0].process.pid)
        for _ in range(self._count):
            self.add()
        self._cluster.wait_for_nodes()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of it."""
        self._cluster.shutdown()
        self._patch.undo()

    @property
    def address(self) -> str:
        """HOST:PORT, as `raystudy run --address` takes it."""
        return str(self._cluster.address)

    def add(self) -> None:
        """Let one more node join."""
        number = len(self.boards)
        board = Board(self._folder / f"board-{number}", number, seed=self._seed)
        environment = {
            "FAKE_NVML": str(board.control),
            "LD_LIBRARY_PATH": str(self._library),
            "RAYSTUDY_REHEARSAL": board.uuid,
        }
        with hiding(self._hidden) if self._hidden else contextlib.nullcontext():
            ray_node = self._cluster.add_node(
                wait=False, num_cpus=1, num_gpus=1, resources={"raystudy_power": 1}, env_vars=environment
            )
        self.boards[board.uuid] = board
        self.nodes.append(Node(ray_node, board))

    def kill_node(self, node: Node) -> None:
        """Let a node vanish with all that runs on it, as if its power were cut."""
        for process in node.family():
            kill(process)
        self._cluster.remove_node(node.ray_node, allow_graceful=False)
        self.nodes.remove(node)

    def actors(self, name: str) -> list[psutil.Process]:
        """Return the processes of actors on all nodes, by what Ray titles them: Trial, PowerMonitor, Writer."""
        everything = [*family(self.head), *(each for node in self.nodes for each in node.family())]
        return [each for each in everything if name in title(each)]


class Driver:
    """A `raystudy run` on the cluster, in a process of its own; what it says is in `log`."""

    def __init__(self, cluster: Simulated, study: Path, out: str, log: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [*RUN, str(study), "--address", cluster.address, "--out", out],
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=study.parent,
            )

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, where it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, limit_s: float) -> int | None:
        """Return its exit code; null where it has not ended in time, and then it is killed."""
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None


class Rows:
    """Looks which trials have a row, and whether any was written twice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "trials"
        self._seen: dict[str, str] = {}
        self.doubled: set[str] = set()

    def look(self) -> int:
        """Return how many there are now."""
        for file in self._folder.glob("*.parquet"):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            if self._seen.setdefault(file.stem, digest) != digest:
                self.doubled.add(file.stem)
        return len(self._seen)

    @property
    def lost(self) -> set[str]:
        """Rows that were there and are no more."""
        return self._seen.keys() - {file.stem for file in self._folder.glob("*.parquet")}


def outside(archive: Archive, boards: Mapping[str, Board]) -> dict[str, tuple[float | None, float]]:
    """Return the trials whose joules are not within their interval of the truth: what was said, what was so."""
    wrong = {}
    for row in archive.table().collect().to_dicts():
        truth_j = sum(drawn_j(segment, row["spans"], boards) for segment in row["segments"])
        if row["energy_j"] is None or abs(row["energy_j"] - truth_j) > row["energy_u_j"] + 1e-6:
            wrong[row["trial_id"]] = (row["energy_j"], truth_j)
    return wrong


def drawn_j(segment: Mapping[str, Any], spans: Sequence[Mapping[str, Any]], boards: Mapping[str, Board]) -> float:
    """Return what the board of a segment drew while the trial trained in it."""
    trained = [s for s in spans if s["name"] == "train" and segment["start_s"] <= s["start_s"] < segment["end_s"]]
    return sum(boards[segment["device"]].truth_j(span["start_s"], span["end_s"]) for span in trained)


@contextlib.contextmanager
def hiding(folder: Path) -> Iterator[None]:
    """Let processes that are started meanwhile see an empty folder there; raises OSError where that is not allowed."""
    libc, here = ctypes.CDLL(None, use_errno=True), Path.cwd()
    mounts = ((b"none", b"/", None, MS_REC | MS_PRIVATE, None), (b"none", bytes(folder), b"tmpfs", 0, None))
    with Path("/proc/thread-self/ns/mnt").open("rb") as visible:
        if libc.unshare(CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), f"{folder} cannot be hidden")
        try:
            if any(libc.mount(*mount) for mount in mounts):
                raise OSError(ctypes.get_errno(), f"{folder} cannot be hidden")
            yield
        finally:
            libc.unshare(CLONE_FS)  # a thread born meanwhile shares it, and then there is no way back
            if libc.setns(visible.fileno(), CLONE_NEWNS):
                raise OSError(ctypes.get_errno(), f"{folder} stays hidden from this process, too")
            os.chdir(here)


def until(condition: Callable[[], bool], limit_s: float, every_s: float = 0.2) -> bool:
    """Wait until something is so; whether it came to be in time."""
    end_s = time.monotonic() + limit_s
    while not (so := condition()) and time.monotonic() < end_s:
        time.sleep(every_s)
    return so


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all it has started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return [process]


def title(process: psutil.Process) -> str:
    """Return how a process calls itself; empty where it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one, too
        return " ".join(process.cmdline())
    return ""


def kill(process: psutil.Process) -> None:
    """Kill a process at once; what has ended is passed over."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
