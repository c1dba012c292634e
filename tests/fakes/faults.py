"""One run in which everything fails that fails in the field: boards and zones, each with a fault of its own."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from raystudy.power.meter import Line
from raystudy.power.nvml import Nvml
from raystudy.power.rapl import Rapl
from raystudy.power.sampler import Sampler
from raystudy.record.energy import Energy, energies
from raystudy.record.outcome import Span
from tests.fakes.nvml import FakeNvml
from tests.fakes.rapl import count, zone

STEADY, STEP, RELOADED, GONE, HANGING, PAUSED, ONE_FAILURE, NO_COUNTER, SHORT, BURST = range(10)
POWER_W = {STEADY: 100, STEP: 60, SHORT: 400, BURST: 60}
"""What each board draws; 300 W where nothing is said."""

STEP_W, STEP_S, BURST_S = 400, 0.5, 0.02
PACKAGE_W, RANGE_UJ = 400, 199_999_999
"""The package goes round twice a second."""

NOT_SUPPORTED, GPU_IS_LOST, UNKNOWN = 3, 15, 999
READS = ("POWER", "ENERGY", "FIELD")
ALL = (*READS, "LIMIT", "PROCS", "TEMP")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One window: how long it was, and the figure of each device."""

    duration_s: float
    figures: Mapping[str, Energy]

    def board(self, index: int) -> Energy:
        """Return the figure of a board."""
        return self.figures[uuid(index)]


@dataclass(frozen=True, kw_only=True)
class Run:
    """Three windows of one run: 3 s, and in it 0.5 s and 20 ms; and how long an edge beside a hanging board took."""

    whole: Scene
    half_second: Scene
    short: Scene
    mark_s: float


class Counted:
    """The real meter of RAPL, whose files are counted up just before each read."""

    def __init__(self, root: Path) -> None:
        self._real, self._root = Rapl(root), root
        self._born_s = time.monotonic()
        self.lines = tuple(self._counted(line) for line in self._real.lines)

    def close(self) -> None:
        """Close the real one."""
        self._real.close()

    def _counted(self, line: Line) -> Line:
        return dataclasses.replace(line, ask=partial(self._ask, line))

    def _ask(self, line: Line) -> float:
        uj = int(PACKAGE_W * 1e6 * (time.monotonic() - self._born_s)) % (RANGE_UJ + 1)
        count(self._root / line.channel.device.partition("@")[2], uj)
        return line.ask()


def uuid(index: int) -> str:
    """Return the identity of a board of the stand-in."""
    return f"GPU-{index:08d}-0000-0000-0000-000000000000"


def delay(control: FakeNvml, index: int, latency_s: float) -> None:
    """Let each read of a board take so long."""
    for function in READS:
        control.delay(index, function, latency_s)


def load_anew(control: FakeNvml, index: int, counted_j: float) -> None:
    """Let the counter of a board that has counted so far start again."""
    control._control.boards[index].energy_base_mj = 2**64 - int(counted_j * 1e3)


def fail(control: FakeNvml, index: int, functions: Sequence[str], code: int) -> None:
    """Let several functions of a board fail; 0 heals them."""
    for function in functions:
        control.fail(index, function, code)


def drive(control: FakeNvml, root: Path) -> Run:
    """Drive every fault once, beside each other, on boards whose curves began ten seconds ago and a zone that wraps."""
    zone(root, "intel-rapl:0", name="package-0", range_uj=RANGE_UJ)
    epoch_s = control.epoch_s
    sampler = Sampler((Nvml(), Counted(root)), rate_hz=10)
    time.sleep(1.2)
    start_s = time.monotonic() + 0.5
    for index, duration_s in ((STEP, STEP_S), (BURST, BURST_S)):
        control.curve(index, ((0, 60), (start_s - epoch_s, STEP_W), (start_s - epoch_s + duration_s, 60)))
    sampler.mark()
    time.sleep(max(start_s + BURST_S - time.monotonic(), 0.0))
    short_end_s = time.monotonic()
    sampler.mark()
    half_s = time.monotonic()
    time.sleep(0.5)
    half_end_s = time.monotonic()
    sampler.mark()
    fail(control, GONE, ALL, GPU_IS_LOST)
    fail(control, PAUSED, ALL, UNKNOWN)
    delay(control, HANGING, 3)
    load_anew(control, RELOADED, 300 * (time.monotonic() - epoch_s))
    fail(control, ONE_FAILURE, READS, UNKNOWN)
    time.sleep(0.09)
    fail(control, ONE_FAILURE, READS, 0)
    time.sleep(0.9)
    fail(control, PAUSED, ALL, 0)
    time.sleep(1.0)
    end_s = time.monotonic()
    sampler.mark()
    mark_s = time.monotonic() - end_s
    edges = ((start_s, end_s), (half_s, half_end_s), (start_s, short_end_s))
    whole, half_second, short = (_scene(sampler, *edge) for edge in edges)
    delay(control, HANGING, 0)
    sampler.close()
    return Run(whole=whole, half_second=half_second, short=short, mark_s=mark_s)


def _scene(sampler: Sampler, start_s: float, end_s: float) -> Scene:
    figures = energies(sampler.span(start_s, end_s), [Span(name="train", start_s=start_s, end_s=end_s)])
    return Scene(duration_s=end_s - start_s, figures={figure.device: figure for figure in figures})
