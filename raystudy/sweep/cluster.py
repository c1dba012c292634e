"""The Ray cluster of a sweep: started on this machine or joined, and asked beforehand whether it can run a trial."""

import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import ray
from ray.autoscaler.sdk import request_resources
from ray.job_config import JobConfig

from raystudy.errors import ClusterError
from raystudy.power.guard import no_answer, refuse_open
from raystudy.power.monitor import NAMESPACE
from raystudy.power.nodes import probe
from raystudy.study import Resources, Study
from raystudy.sweep.trial import POWER_RESOURCE, bundle
from raystudy.training.hub import hub_environment

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the old output of Tune can be silenced, the new one cannot (ray #38202)
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # a study's relative paths are relative to where `run` was typed
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours: Tune would end as if all had gone well
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
}
_BOUNDED_LOGS = {"RAY_ROTATION_MAX_BYTES": str(16 * 2**20), "RAY_ROTATION_BACKUP_COUNT": "1"}
"""For a Ray of our own; Ray's default is 512 MiB, five times over, for each of its processes."""

_LOOK_EVERY_S = 2.0
_ENDED_S = 1.0
_LONGEST_PLACE = 24
"""The path of a socket has at most 104 bytes (macOS), of which Ray takes 79."""


@contextmanager
def cluster(
    address: str | None,
    study: Study,
    *,
    metadata: Mapping[str, str],
    insecure: bool,
    leave: Callable[[Callable[[], None]], None],
) -> Iterator[str | None]:
    """
    Start Ray on this machine, or join it at `address`; what we have started ends with the context.

    Yields the folder of a Ray of our own, where its logs are: null for one that was joined. A process that has joined
    a Ray already (a notebook, a test) stays in it. `metadata` is what the dashboard shows of this driver; `leave` takes
    what is to be done if this process ends at once.

    Without an address Ray is told to start its own: left to itself it would join whatever cluster happens to run.
    Raises ClusterError where no cluster answers, or where its dashboard lets anybody in, unless `insecure`.
    """
    os.environ.update(_SETTINGS)
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # failures are told by us, from the archive
    quiet: dict[str, Any] = {
        "namespace": NAMESPACE,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "runtime_env": {"env_vars": hub_environment(study.allow_hub) | _SETTINGS},
        "job_config": JobConfig(metadata=dict(metadata)),
    }
    if ray.is_initialized():
        yield None
        return
    folder = None
    with ExitStack() as half_started:
        if address is None:
            quiet["_temp_dir"] = folder = _own_folder()
            half_started.callback(wipe, folder)
            leave(partial(wipe, folder))
        try:
            with _sigterm_ours():
                context = _joined(address, quiet)
        except (OSError, ValueError, RuntimeError) as error:
            raise no_answer(address, error) from error
        half_started.pop_all()
    try:
        if address is not None and (url := context.dashboard_url):
            refuse_open(f"http://{url}", insecure=insecure)
        yield folder
    finally:
        with _sigterm_ours():
            ray.shutdown()


@contextmanager
def _sigterm_ours() -> Iterator[None]:
    """
    Give SIGTERM back to whoever had it before.

    ray.init takes it (2.60): its C++ side prints a trace, and aborts the process three seconds later. ray.shutdown
    leaves it to the system.
    """
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _own_folder() -> str:
    """Make a folder where Ray would make its own; in /tmp, where that is too long for the sockets in it."""
    usual = tempfile.gettempdir()
    place = Path(os.environ.get("RAY_TMPDIR") or (usual if len(usual) <= _LONGEST_PLACE else "/tmp"))  # noqa: S108 - as Ray does
    place.mkdir(parents=True, exist_ok=True)
    return tempfile.mkdtemp(prefix="ray-", dir=place)


def wipe(folder: str) -> None:
    """End the Ray of our own that has its folder here, whether it has started wholly or not, and delete the folder."""
    doomed = list[psutil.Process]()
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # it has ended
            if folder in " ".join(child.cmdline()):
                doomed += [child, *child.children(recursive=True)]  # workers, which say no folder
    for process in doomed:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(doomed, timeout=_ENDED_S)
    shutil.rmtree(folder, ignore_errors=True)


def forget_logs(folder: str | None, *, failed: bool, tell: Callable[[str], None]) -> None:
    """Delete the folder of a Ray of our own that has ended, unless trials failed; do nothing where there is none."""
    if folder and failed:
        tell(f"what Ray logged is kept in {folder}")
    elif folder:
        shutil.rmtree(folder, ignore_errors=True)


def node_ids(resources: Resources) -> list[str]:
    """Return the nodes that are alive and may run a trial."""
    return [node["NodeID"] for node in ray.nodes() if node["Alive"] and fits(node["Resources"], resources)]


def fits(offered: Mapping[str, float], resources: Resources) -> bool:
    """Whether a node that offers this may run a trial."""
    return all(offered.get(name, 0) >= amount for name, amount in bundle(resources).items())


def refuse_unsatisfiable(resources: Resources, *, wait_s: float = 0.0, tell: Callable[[str], None]) -> list[str]:
    """
    Return the nodes that may run a trial; raises ClusterError where none ever could: Ray would let it wait for ever.

    Where `wait_s` is given, an autoscaler is asked for such a node first, and waited for.
    """
    if wait_s > 0 and not node_ids(resources):
        tell(f"no node fits a trial yet; waiting up to {wait_s:g} s for one")
        _wait_for_node(resources, time.monotonic() + wait_s)
    if found := node_ids(resources):
        return found
    wanted = {name: amount for name, amount in bundle(resources).items() if amount > 0}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    offers = "; ".join(", ".join(f"{node.get(name, 0):g} {name}" for name in wanted) for node in nodes)
    raise ClusterError(
        f"A trial needs {', '.join(f'{amount:g} {name}' for name, amount in wanted.items())} on one node; "
        f"the nodes offer: {offers}. Lower [resources] in the study file, or use a machine that has them. "
        f"(On a cluster, nodes offer {POWER_RESOURCE} when started with --resources='{{\"{POWER_RESOURCE}\": 1}}'; "
        "one that starts nodes when they are needed is waited for with --wait-for-nodes.)"
    )


def _wait_for_node(resources: Resources, until_s: float) -> None:
    """Ask for a node that fits a trial until there is one; the trials themselves ask for more."""
    request_resources(bundles=[bundle(resources)])
    try:
        while not node_ids(resources) and time.monotonic() < until_s:
            time.sleep(_LOOK_EVERY_S)
    finally:
        request_resources(bundles=[])


def _joined(address: str | None, quiet: dict[str, Any]) -> Any:
    if address is None:
        os.environ.update(_BOUNDED_LOGS | os.environ)
        here: dict[str, Any] = {"num_cpus": _cores(), "resources": {POWER_RESOURCE: 1}, "include_dashboard": False}
        return ray.init(address="local", **here, **quiet)
    if address.startswith("ray://"):
        raise ClusterError(
            f"{address} is the address of a Ray Client, which cannot run a sweep. Give HOST:6379, or let "
            "`raystudy submit` run it there."
        )
    if not address.strip():
        raise ClusterError("--address is empty. Give `auto` or HOST:6379, or leave it out to use this machine.")
    probe(address)
    return ray.init(address=address, **quiet)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
