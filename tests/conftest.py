"""What all tests share: one cache of corpora, and one Ray cluster, started by the first test that asks for it."""

import logging
import os
import tempfile
from collections.abc import Iterator

import pytest

os.environ["RAYSTUDY_CACHE"] = tempfile.mkdtemp(prefix="raystudy-tests-")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts Ray."""
    for item in items:
        if "ray_cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """Return a local Ray of 2 CPUs, one of whose nodes offers its power meters."""
    import ray

    from raystudy.power.monitor import NAMESPACE
    from raystudy.sweep.cluster import POWER_RESOURCE

    ray.init(
        address="local",
        num_cpus=2,
        resources={POWER_RESOURCE: 1},
        include_dashboard=False,
        namespace=NAMESPACE,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    yield
    ray.shutdown()
