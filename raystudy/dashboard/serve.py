"""The site as an app of Ray Serve, on the node that runs this process, until it is ended.

places ──▶ Site in a replica ◀──proxy at HOST:PORT◀── readers        the Serve tab shows both
"""

import logging
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ray
from ray import serve
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from raystudy.dashboard.door import Door
from raystudy.dashboard.site import Site
from raystudy.dashboard.studies import Studies
from raystudy.errors import ClusterError
from raystudy.power.guard import no_answer, refuse_open
from raystudy.power.nodes import probe

if TYPE_CHECKING:
    from ray._private.worker import BaseContext
    from ray.serve.deployment import Application

NAME = "raystudy"
AT_ONCE, WAITING = 4, 32
"""Requests; what comes on top is refused by Serve."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
    """Where readers come."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """The Ray to serve from."""

    address: str | None
    """Null for one of our own."""
    insecure: bool
    """Whether it may be one that lets anybody in."""


class Replica:
    """The site, as Serve calls it."""

    def __init__(self, places: Sequence[str], door: Door) -> None:
        self._site = Site(Studies(places), door)

    async def __call__(self, request: Request) -> Response:
        """Answer a request in a thread of its own."""
        return await run_in_threadpool(self._site.answer, request)


@contextmanager
def serving(places: Sequence[str], *, door: Door, listen: Listen, cluster: Cluster) -> Iterator[str | None]:
    """
    Serve studies until the context ends, and yield where the dashboard is; then take down what was started.

    Raises ClusterError where no cluster answers, where it lets anybody in, or its Serve listens elsewhere already.
    """
    joined = _join(cluster.address)
    try:
        if joined.dashboard_url:
            refuse_open(f"http://{joined.dashboard_url}", insecure=cluster.insecure)
        # Serve on a cluster has one host and port: started by others, it would not listen where we were told to.
        if serve.status().proxies:
            raise ClusterError(
                "Ray Serve runs on this cluster already, at an address of its own. Leave --address out to serve "
                "from a Ray of this machine, or end the other with `serve shutdown`."
            )
        try:
            _start(_app(places, door), listen)
            yield joined.dashboard_url or None
        finally:
            _end(ours=cluster.address is None)
    finally:
        ray.shutdown()
        if cluster.address is None:
            shutil.rmtree(joined.address_info["session_dir"], ignore_errors=True)


def _end(*, ours: bool) -> None:
    """Take the app down; a second Ctrl-C must leave nothing, be it on the cluster or of a Ray of our own."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if not ours:  # a Ray of our own takes it along
        serve.shutdown()


def _start(app: "Application", listen: Listen) -> None:
    try:
        serve.start(proxy_location="HeadOnly", http_options={"host": listen.host, "port": listen.port})
        serve.run(app, name=NAME, route_prefix="/")
    except (ray.exceptions.RayError, RuntimeError) as error:
        said = str(getattr(error, "cause", error)).strip().splitlines()[-1]
        raise ClusterError(
            f"Ray Serve cannot listen at {listen.host}:{listen.port}: {said} Give another --port, or end what is there."
        ) from error


def _join(address: str | None) -> "BaseContext":
    """Start Ray on this machine, or join it; returns what it says of itself."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    try:
        if address is None:
            return ray.init(
                address="local",
                include_dashboard=True,
                dashboard_host="127.0.0.1",
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        probe(address)
        return ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise no_answer(address, error) from error


def _app(places: Sequence[str], door: Door) -> "Application":
    """Keep the replica where the places are: on this node."""
    here = f"node:{ray.util.get_node_ip_address()}"
    deployment = serve.deployment(
        name="Studies",
        num_replicas=1,
        max_ongoing_requests=AT_ONCE,
        max_queued_requests=WAITING,
        ray_actor_options={"num_cpus": 0, "resources": {here: 0.001}},
    )(Replica)
    return deployment.bind(list(places), door)
