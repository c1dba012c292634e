"""Watts and joules of a node for Prometheus, through Ray's own metrics port, about once a second.

    raystudy_power_watts{device,scope,node}          what a device draws; no line where its last readings do not tell
    raystudy_energy_joules_total{device,scope,node}  what it drew since the monitor started; it only rises

Ray puts `ray_` before both names, and adds labels of its own. Estimates are not exported. Scopes contain each other (a
board its GPU, psys the package): a sum is taken over one scope.
"""

import contextlib
import math
import threading
import time

from ray.util.metrics import Counter, Gauge

from raystudy.power.sampler import Sampler
from raystudy.power.tally import Tally

EVERY_S = 1.0
LABELS = ("device", "scope", "node")


class Export(threading.Thread):
    """Exports what the meters of a node say, until it is ended; nothing that goes wrong here reaches anybody else."""

    def __init__(self, sampler: Sampler, *, rate_hz: float, node: str) -> None:
        super().__init__(name="raystudy-export", daemon=True)
        self._sampler, self._node = sampler, node
        self._seen_ns: dict[str, int] = {}
        self._tally, self._over = Tally(rate_hz=rate_hz), threading.Event()
        self._power_w = Gauge("raystudy_power_watts", "Power of a device, measured, in watts.", LABELS)
        self._energy_j = Counter(
            "raystudy_energy_joules_total", "Energy of a device since the monitor started, measured, in joules.", LABELS
        )

    def run(self) -> None:
        """Export once a second."""
        while not self._over.wait(EVERY_S):
            with contextlib.suppress(Exception):  # a dashboard must never cost a reading
                self._export()

    def end(self) -> None:
        """Have it end soon."""
        self._over.set()

    def _export(self) -> None:
        for metered in self._tally.take(self._sampler.fresh(self._seen_ns), now_s=time.monotonic()):
            labels = {"device": metered.device, "scope": metered.scope, "node": self._node}
            # Ray keeps the last value of a gauge for ever, and leaves one out that is NaN.
            self._power_w.set(math.nan if metered.power_w is None else metered.power_w, tags=labels)
            if metered.added_j > 0:
                self._energy_j.inc(metered.added_j, tags=labels)
