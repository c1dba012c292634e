"""The Ray cluster of a sweep: started on this machine or joined, and asked beforehand whether it can run a trial."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

from raystudy.errors import ClusterError
from raystudy.power.monitor import NAMESPACE, stop_monitors
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


@contextmanager
def cluster(address: str | None, study: Study) -> Iterator[None]:
    """
    Start Ray on this machine, or join it at `address`; monitors end with the context, and a Ray of ours too.

    A process that has joined a Ray already (a notebook, a test) stays in it.

    Without an address Ray is told to start its own: left to itself it would join whatever cluster happens to run.
    Raises ClusterError where no cluster answers.
    """
    os.environ.update(_SETTINGS)
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # failures are told by us, from the archive
    quiet: dict[str, Any] = {
        "namespace": NAMESPACE,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "runtime_env": {"env_vars": hub_environment(study.allow_hub) | _SETTINGS},
    }
    joined_before = ray.is_initialized()
    try:
        probe(address)
        if joined_before:
            pass
        elif address is None:
            ray.init(
                address="local", num_cpus=_cores(), resources={POWER_RESOURCE: 1}, include_dashboard=False, **quiet
            )
        else:
            ray.init(address=address, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        raise ClusterError(
            f"No Ray cluster answers at {address or 'this machine'}: {str(error).splitlines()[0]} "
            "Start one with `ray start --head`, or leave --address out to run on this machine."
        ) from error
    try:
        stop_monitors(study.name)  # of a driver that was killed; they may meter otherwise
        yield
    finally:
        stop_monitors(study.name)
        if not joined_before:
            ray.shutdown()


def node_ids() -> list[str]:
    """Return the nodes that are alive."""
    return [node["NodeID"] for node in ray.nodes() if node["Alive"]]


def refuse_unsatisfiable(resources: Resources) -> None:
    """Raise ClusterError where no node could ever run a trial: Ray would let it wait for ever without a word."""
    wanted = {name: amount for name, amount in bundle(resources).items() if amount > 0}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if any(all(node.get(name, 0) >= amount for name, amount in wanted.items()) for node in nodes):
        return
    offers = "; ".join(", ".join(f"{node.get(name, 0):g} {name}" for name in wanted) for node in nodes)
    raise ClusterError(
        f"A trial needs {', '.join(f'{amount:g} {name}' for name, amount in wanted.items())} on one node; "
        f"the nodes offer: {offers}. Lower [resources] in the study file, or use a machine that has them. "
        f"(On a cluster, nodes offer {POWER_RESOURCE} when started with --resources='{{\"{POWER_RESOURCE}\": 1}}'.)"
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
