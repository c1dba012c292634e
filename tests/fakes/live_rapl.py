"""A powercap zone whose counter counts in real time, and the exact truth of it."""

import math
import os
import threading
import time
from pathlib import Path

from tests.fakes.rapl import zone

RANGE_UJ = 262_143_328_850
MEAN_W, SWING_W, TURN_S = 80.0, 30.0, 3.0
LAG_S = 0.02
"""The thread that counts may be late by so much on a busy machine: what is read is the truth of so long ago."""


def truth_j(start_s: float, end_s: float) -> float:
    """Return the joules between two times of the monotonic clock: a sine of 30 W around 80 W."""
    turn = 2 * math.pi / TURN_S
    return MEAN_W * (end_s - start_s) + SWING_W / turn * (math.cos(turn * start_s) - math.cos(turn * end_s))


class LiveRapl(threading.Thread):
    """Counts on in the file of package-0, about every millisecond, until it is ended; its range is near."""

    def __init__(self, root: Path, *, wraps_after_j: float = 100.0) -> None:
        super().__init__(daemon=True)
        self._start_s = time.monotonic()
        self._start_uj = RANGE_UJ - int(wraps_after_j * 1e6)
        self._folder = zone(root, "intel-rapl:0", name="package-0", energy_uj=self._start_uj, range_uj=RANGE_UJ)
        self._over = threading.Event()

    def run(self) -> None:
        """Write where the counter stands; one write of one length, so that nobody reads half of it."""
        file = os.open(self._folder / "energy_uj", os.O_RDWR)
        while not self._over.wait(0.001):
            counted_uj = self._start_uj + int(1e6 * truth_j(self._start_s, time.monotonic()))
            os.pwrite(file, b"%-20d\n" % (counted_uj % (RANGE_UJ + 1)), 0)
        os.close(file)

    def end(self) -> None:
        """Stand still."""
        self._over.set()
        self.join()
