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
        alive = [node for node in ray.nodes() if node["Alive"]]
        answers = [task_on(node["NodeID"], sources).remote(metering) for node in alive]
        ray.wait(answers, num_returns=len(answers), timeout=ANSWER_S)
        return tuple(
            _node(node["NodeID"], node["NodeManagerHostname"], answer)
            for node, answer in zip(alive, answers, strict=True)
        )


def probe(address: str | None) -> None:
    """Raise OSError where nothing listens at HOST:PORT; Ray itself would try for long, and say much."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
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


def _node(node_id: str, host: str, answer: ray.ObjectRef) -> Node:
    try:
        return Node(node_id=node_id, host=host, sources=ray.get(answer, timeout=0), error=None)
    except ray.exceptions.RayError as error:
        why = str(error).strip().splitlines() or [type(error).__name__]
        return Node(node_id=node_id, host=host, sources=(), error=why[-1])
