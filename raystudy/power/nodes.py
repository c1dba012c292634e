"""The sources of each node of a Ray cluster: a task a node asks what is there.

driver ──task──▶ node: sources() ──▶ Node
"""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raystudy.power.guard import no_answer, refuse_open
from raystudy.power.sources import Source, sources
from raystudy.study import Metering

PROBE_S = 5.0
ANSWER_S = 60.0
"""A node has to start a worker, and to import."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """What one node can be measured with."""

    node_id: str
    host: str
    sources: tuple[Source, ...]
    error: str | None
    """Why the node did not answer."""


def nodes(address: str, metering: Metering, *, insecure: bool = False) -> tuple[Node, ...]:
    """Ask every node of the cluster at `address`; raises ClusterError where none answers, or it lets anybody in."""
    with _joined(address, insecure=insecure):
        alive = {node["NodeID"]: node["NodeManagerHostname"] for node in ray.nodes() if node["Alive"]}
        told = answers({each: task_on(each, sources).remote(metering) for each in alive}, ANSWER_S)
        return tuple(_node(each, host, told[each]) for each, host in alive.items())


def probe(address: str) -> None:
    """Raise OSError where nothing listens at HOST:PORT; Ray itself would try for long, and say much."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=PROBE_S).close()


@contextmanager
def _joined(address: str, *, insecure: bool) -> Iterator[None]:
    """Join a cluster; a process that has joined one already stays in it."""
    joined_before = ray.is_initialized()
    try:
        probe(address)
        if not joined_before:
            context = ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise no_answer(address, error) from error
    try:
        if url := None if joined_before else context.dashboard_url:
            refuse_open(f"http://{url}", insecure=insecure)
        yield
    finally:
        if not joined_before:
            ray.shutdown()


def task_on(node_id: str, function: Callable[..., object]) -> Any:
    """Return a function as a task of one node, and of no other."""
    return ray.remote(num_cpus=0, max_retries=0)(function).options(
        scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False)
    )


def answers(asked: dict[str, Any], limit_s: float) -> dict[str, Any]:
    """Return what each node answers, or in a word why it does not."""
    if asked:
        ray.wait(list(asked.values()), num_returns=len(asked), timeout=limit_s)
    return {node_id: _answer(question, limit_s) for node_id, question in asked.items()}


def _answer(question: Any, limit_s: float) -> Any:
    try:
        return ray.get(question, timeout=0)
    except ray.exceptions.GetTimeoutError:
        return f"did not answer within {limit_s:.0f} s"
    except ray.exceptions.RayError as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        return f"cannot be asked: {said[-1].strip()}"


def _node(node_id: str, host: str, told: tuple[Source, ...] | str) -> Node:
    if isinstance(told, str):
        return Node(node_id=node_id, host=host, sources=(), error=told)
    return Node(node_id=node_id, host=host, sources=told, error=None)
