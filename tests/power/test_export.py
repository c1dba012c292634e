"""Joules and watts of a node at Ray's metrics port."""

import os
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from raystudy.power.monitor import monitor_for, stop
from raystudy.study import Metering
from tests.fakes.live_rapl import MEAN_W, SWING_W, LiveRapl

pytestmark = pytest.mark.skipif(
    "RAYSTUDY_SLOW" not in os.environ, reason="Ray hands metrics on every ten seconds; RAYSTUDY_SLOW=1 waits for them."
)

LONGEST_S = 40.0
"""Ray hands metrics on every 10 s."""


@pytest.fixture
def metrics(ray_cluster: None, tmp_path: Path) -> Iterator[str]:
    """Return what the port of a node says of raystudy, once it says joules; package-0 and a nameplate are read."""
    del ray_cluster
    counter = LiveRapl(tmp_path)
    counter.start()
    node = ray.nodes()[0]
    metering = Metering(meters=("rapl", "nameplate"), powercap_root=str(tmp_path))
    monitor = monitor_for(node["NodeID"], metering, study="exported")
    ray.get(monitor.ready.remote())
    url, until_s, said = (
        f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics",
        time.monotonic(),
        "",
    )
    until_s += LONGEST_S
    while "joules_total{" not in said and time.monotonic() < until_s:
        time.sleep(0.5)
        said = urllib.request.urlopen(url).read().decode()
    yield "\n".join(line for line in said.splitlines() if line.startswith("ray_raystudy"))
    stop([monitor])
    counter.end()


def test_watts_and_joules_are_exported(metrics: str) -> None:
    """One line each for the device that is measured, with its device, scope and node; none for the estimate."""
    device = re.escape('device="package-0@intel-rapl:0"')
    node = ray.nodes()[0]["NodeID"][:8]
    watts, joules = (
        re.findall(rf'^{name}{{.*{device}.*node="{node}".*scope="package".*}} ([\d.e+]+)$', metrics, re.MULTILINE)
        for name in ("ray_raystudy_power_watts", "ray_raystudy_energy_joules_total")
    )

    assert 2 == len(metrics.splitlines())
    assert MEAN_W - SWING_W - 1 <= float(watts[0]) <= MEAN_W + SWING_W + 1
    assert float(joules[0]) > 0
