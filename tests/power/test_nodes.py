"""The sources of each node of a cluster."""

import socket

import pytest
import ray

from raystudy.errors import ClusterError
from raystudy.power import METERS
from raystudy.power.nodes import nodes
from raystudy.study import Metering


@pytest.mark.usefixtures("ray_cluster")
def test_each_node_answers_for_itself() -> None:
    """Its id and its host come with its sources."""
    (node,) = nodes("auto", Metering())

    assert (ray.nodes()[0]["NodeID"], None) == (node.node_id, node.error)
    assert list(METERS) == [source.name for source in node.sources]


def test_no_cluster_is_one_helpful_sentence() -> None:
    """Nobody waits for Ray where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"

        with pytest.raises(ClusterError, match=f"No Ray cluster answers at {address}"):
            nodes(address, Metering())
