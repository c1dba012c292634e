"""A sweep on a cluster that runs: a head that measures nothing, nodes that run the trials, a driver that may be killed.

The cluster is a process of its own, and so is each driver: the Ray of other tests is left alone.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from raystudy.errors import ClusterError
from raystudy.power.guard import no_answer
from raystudy.record.archive import Archive
from raystudy.sweep.cluster import _joined, fits, forget_logs, refuse_unsatisfiable, wipe
from tests.observations import study_of
from tests.test_flow import TEXT

pytestmark = pytest.mark.slow

CLUSTER = """
import sys
from ray.cluster_utils import Cluster
small = {"object_store_memory": 100 * 2**20}
head = {"num_cpus": 0, "include_dashboard": False, **small}
cluster = Cluster(initialize_head=True, connect=False, head_node_args=head)
for _ in range(2):
    cluster.add_node(num_cpus=1, resources={"raystudy_power": 1}, **small)
print(cluster.address, flush=True)
for line in sys.stdin:
    late = {"env_vars": dict([line.strip().split("=")])}
    cluster.add_node(num_cpus=1, resources={"raystudy_power": 1}, **small, **late)
cluster.shutdown()
"""


@pytest.fixture(scope="module")
def holder() -> Iterator["subprocess.Popen[str]"]:
    """Return the process of a cluster, which starts one more node for each NAME=VALUE of its environment it reads."""
    holder = subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    )
    yield holder
    holder.communicate(timeout=30)


@pytest.fixture(scope="module")
def running(holder: "subprocess.Popen[str]") -> tuple[str, psutil.Process]:
    """Return the address of a cluster, and the process it ends with."""
    assert holder.stdout is not None
    return holder.stdout.readline().strip(), psutil.Process(holder.pid)


def raystudy_run(address: str, folder: Path, text: str = TEXT) -> subprocess.Popen[str]:
    """Start a driver."""
    study_file = folder / "flow.toml"
    study_file.write_text(text)
    words = ["run", str(study_file), "--address", address, "--out", str(folder / "out")]
    return subprocess.Popen(
        [sys.executable, "-m", "raystudy", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )


def actors(process: psutil.Process, kind: str) -> list[str]:
    """Return the actors of a kind that live on a cluster, as the system lists them."""
    found = []
    for child in process.children(recursive=True):
        try:
            title = " ".join(child.cmdline())
        except psutil.NoSuchProcess:
            continue
        found += [title] if title.startswith(f"ray::{kind}") else []
    return found


def wait_for(process: psutil.Process, kind: str, *, count: int) -> int:
    """Wait until so many actors of a kind live, 30 s at most; returns how many do."""
    until_s = time.monotonic() + 30
    while len(found := actors(process, kind)) != count and time.monotonic() < until_s:
        time.sleep(0.1)
    return len(found)


def test_the_nodes_run_all_trials_and_the_head_none(running: tuple[str, psutil.Process], tmp_path: Path) -> None:
    """Each node is told of in one line beforehand; both that offer power have rows; nothing is left behind."""
    address, process = running
    said, _ = (driver := raystudy_run(address, tmp_path)).communicate(timeout=120)
    assert 0 == driver.returncode, said
    lines = [line.split() for line in said.splitlines()]
    nodes = set(Archive(tmp_path / "out").table().collect()["node"])

    assert [["driver,", "head"]] == [line[2:4] for line in lines if "driver," in line]
    assert {line[0] for line in lines if line[2:3] == ["trials"]} == {node[:8] for node in nodes}
    assert 2 == len(nodes)
    assert [0, 0] == [wait_for(process, kind, count=0) for kind in ("PowerMonitor", "Board")]


def test_monitors_end_with_a_driver_that_is_killed(running: tuple[str, psutil.Process], tmp_path: Path) -> None:
    """Ray ends what a driver owns, however it ends: nothing goes on reading."""
    address, process = running
    driver = raystudy_run(address, tmp_path, TEXT.replace("4000", "4_000_000"))
    started = wait_for(process, "PowerMonitor", count=2)
    driver.kill()
    driver.communicate()

    assert (2, 0) == (started, wait_for(process, "PowerMonitor", count=0))


def test_nodes_that_join_and_differ_are_barred(
    running: tuple[str, psutil.Process], holder: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """The preflight did not see them: the first trial on each fails, says why, and all is run by the others."""
    address, process = running
    metadata = tmp_path / "packages" / "polars-0.0.1.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: polars\nVersion: 0.0.1\n")
    patient = "repetitions = 8\nresources = { max_failures = 9 }"
    driver = raystudy_run(address, tmp_path, TEXT.replace("repetitions = 2", patient))
    wait_for(process, "PowerMonitor", count=2)
    assert holder.stdin is not None
    holder.stdin.write(f"PYTHONPATH={metadata.parent.parent}\nRAYSTUDY_CACHE=/proc/none\n")
    holder.stdin.flush()
    said, _ = driver.communicate(timeout=200)
    archive = Archive(tmp_path / "out")
    failures = {failure.node: failure.reason for failure in archive.all_failures()}
    reasons = "\n".join(failures.values())

    assert 0 == driver.returncode, said
    assert (2, 2) == (len(archive.all_failures()), len(failures)), reasons
    assert all(word in reasons for word in (" has polars 0.0.1, not ", " cannot prepare what the trials read: "))
    assert 2 == said.count("It gets no more trials")
    assert 2 == len(set(archive.table().collect()["node"]))


@pytest.mark.usefixtures("ray_cluster")
def test_a_node_that_fits_is_waited_for_in_vain() -> None:
    """Where an autoscaler may start one it is told that it is waited for; and then what would satisfy a trial."""
    told = list[str]()

    with pytest.raises(
        ClusterError, match="A trial needs 64 CPU, 1 raystudy_power on one node; the nodes offer: 2 CPU"
    ):
        refuse_unsatisfiable(study_of(resources__cpus="64").resources, wait_s=0.1, tell=told.append)
    assert ["no node fits a trial yet; waiting up to 0.1 s for one"] == told


def test_a_node_fits_where_it_offers_all() -> None:
    """CPUs, GPUs and, for a trial that has its node to itself, the node's power meters."""
    resources = study_of(resources__gpus="2").resources

    assert [True, False, False] == [
        fits(offered, resources)
        for offered in (
            {"CPU": 8.0, "GPU": 2.0, "raystudy_power": 1.0},
            {"CPU": 8.0, "GPU": 1.0, "raystudy_power": 1.0},
            {"CPU": 8.0, "GPU": 2.0},
        )
    ]


def test_another_ray_is_one_sentence() -> None:
    """Both versions, and what to do."""
    error = RuntimeError(
        "Version mismatch: The cluster was started with:\n    Ray: 2.59.0\n    Python: 3.12.1\n"
        "This process on node 10.0.0.1 was started with:\n    Ray: 2.60.0\n    Python: 3.11.7\n"
    )

    assert (
        "Ray at head:6379 cannot be joined: it is Ray 2.59.0 on Python 3.12.1, here is Ray 2.60.0 on Python 3.11.7. "
        "Use the same on all nodes."
    ) == str(no_answer("head:6379", error))


def test_logs_are_kept_where_trials_failed(tmp_path: Path) -> None:
    """And named; else a Ray of our own leaves nothing."""
    told = list[str]()
    for name in ("kept", "gone"):
        (tmp_path / name).mkdir()
        forget_logs(str(tmp_path / name), failed=name == "kept", tell=told.append)

    assert (["kept"], [f"what Ray logged is kept in {tmp_path}/kept"]) == ([p.name for p in tmp_path.iterdir()], told)


SLEEP = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); print(flush=True); time.sleep(60)"


def test_a_ray_that_is_wiped_leaves_nothing(tmp_path: Path) -> None:
    """What names its folder is ended, with all it has started; other processes of ours are not."""
    folder = tmp_path / "ray"
    folder.mkdir()
    with (
        subprocess.Popen([sys.executable, "-c", SLEEP, str(folder)], stdout=subprocess.PIPE) as ray_process,
        subprocess.Popen(["sleep", "60"]) as other,
    ):
        assert ray_process.stdout is not None
        ray_process.stdout.readline()
        both = [psutil.Process(ray_process.pid), *psutil.Process(ray_process.pid).children()]
        wipe(str(folder))
        left = [each for each in both if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
        lives = other.poll() is None
        other.kill()

    assert ([], False, True) == (left, folder.exists(), lives)


ADDRESSES = {"ray://head:10001": "^ray://head:10001 is .* `raystudy submit` run it there", "": "^--address is empty. "}


@pytest.mark.parametrize(("address", "said"), ADDRESSES.items())
def test_an_address_that_is_none_is_a_sentence_of_its_own(address: str, said: str) -> None:
    """A Ray Client would drive a sweep from where its archive is not."""
    with pytest.raises(ClusterError, match=said):
        _joined(address, {})
