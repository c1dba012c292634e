"""The faults on which tools of the field go wrong, each driven live: the real meters and sampler, on fake instruments.

One run of some seconds covers the faults of boards and zones, each on a device of its own; a second one covers what
only a process of its own can show. The truth of each is known exactly.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pynvml
import pytest

from raystudy.record.energy import Energy
from tests.fakes import faults
from tests.fakes.faults import Run
from tests.fakes.nvml import FakeNvml, compile_stub
from tests.fakes.rapl import count, zone

MEASURE = [sys.executable, "-c", "from raystudy.cli import main; main()", "measure", "--json", "--"]
CLOCK = """
import os, time
now, now_ns = time.time, time.time_ns
set_back = lambda: 3600 * os.path.exists(os.environ["SET_BACK"])
time.time = lambda: now() - set_back()
time.time_ns = lambda: now_ns() - set_back() * 10**9
"""
"""Python's wall clock, an hour back as soon as a file is there."""


def holds(figure: Energy, truth_j: float, *, within: float = 1.0) -> tuple[bool, bool]:
    """Return whether the stated interval holds the truth, and whether the value is near it."""
    if figure.energy_j is None or figure.u_j is None:
        return False, False
    off_j = abs(figure.energy_j - truth_j)
    return off_j <= figure.u_j + 1e-6, off_j <= within * truth_j


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the stand-in for NVML."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("The stand-in for NVML takes a C compiler; there is neither cc nor gcc.")
    return compile_stub(compiler, tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def control(library: Path) -> Iterator[FakeNvml]:
    """Ten boards, whose curves began ten seconds ago, behind pynvml."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKE_NVML", str(library.with_name("control")))
        patch.setattr(pynvml, "nvmlLib", ctypes.CDLL(str(library)))
        patch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
        control = FakeNvml(library.with_name("control"))
        control.set_up(boards=10, power_w=300, age_s=10)
        for index, power_w in faults.POWER_W.items():
            control.curve(index, ((0, power_w),))
        control.fail(faults.NO_COUNTER, "ENERGY", faults.NOT_SUPPORTED)
        yield control


@pytest.fixture(scope="module")
def run(control: FakeNvml, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Drive every fault once, beside each other."""
    return faults.drive(control, tmp_path_factory.mktemp("powercap"))


def test_a_window_of_half_a_second_keeps_its_edges(run: Run) -> None:
    """Sampled power at 10 Hz, 0.5 s at 300 W: 150 J. Zeus cuts the edges off and says 120 J."""
    figure = run.half_second.board(faults.NO_COUNTER)

    assert ("integrated", (True, True)) == (figure.method, holds(figure, 300 * run.half_second.duration_s, within=1e-3))


def test_power_that_never_changes_is_not_0(run: Run) -> None:
    """Exactly constant 100 W. Zeus drops readings that repeat, and says 0 J."""
    assert (True, True) == holds(run.whole.board(faults.STEADY), 100 * run.whole.duration_s, within=2e-2)


def test_energy_is_the_mean_not_the_rms(run: Run) -> None:
    """400 W for a sixth of the time, then 60 W. perun says RMS x T, a sixth too much."""
    truth_j = faults.STEP_W * faults.STEP_S + 60 * (run.whole.duration_s - faults.STEP_S)

    assert (True, True) == holds(run.whole.board(faults.STEP), truth_j, within=5e-2)


def test_a_window_shorter_than_the_counters_step_is_not_0(run: Run) -> None:
    """20 ms at 400 W on a counter of 100 ms steps: 8 J. Zeus says 0 J most times, up to five times too much else."""
    figure = run.short.board(faults.SHORT)

    assert (True, True) == ((figure.energy_j or 0) > 0, holds(figure, 400 * run.short.duration_s)[0])


def test_a_burst_that_no_sample_saw_is_within_the_interval(run: Run) -> None:
    """The same 8 J on a board that draws 60 W before and after: its counter rose by more than its samples tell."""
    truth_j = faults.STEP_W * faults.BURST_S + 60 * (run.short.duration_s - faults.BURST_S)

    assert holds(run.short.board(faults.BURST), truth_j)[0]


def test_a_driver_that_is_loaded_anew_takes_no_joule_back(run: Run) -> None:
    """The counter starts again. Zeus says -760 J, CodeCarbon 62 kJ more: a reset is no wrap."""
    figure, truth_j = run.whole.board(faults.RELOADED), 300 * run.whole.duration_s

    assert figure.energy_j is None or holds(figure, truth_j, within=0.5) == (True, True)
    assert figure.energy_j is not None or figure.reason


def test_wraps_are_exact(run: Run) -> None:
    """A package that goes round six times. Zeus says -64 kJ for a while, carbontracker 0 W."""
    figure = run.whole.figures["package-0@intel-rapl:0"]

    assert ("counter", (True, True)) == (
        figure.method,
        holds(figure, faults.PACKAGE_W * run.whole.duration_s, within=1e-2),
    )


def test_one_failed_read_costs_nothing(run: Run) -> None:
    """It is no reading of 0, nor of the error's code. perun says 263 times the truth."""
    figure = run.whole.board(faults.ONE_FAILURE)

    assert (True, True) == holds(figure, 300 * run.whole.duration_s, within=1e-2)


def test_a_lost_board_is_null_with_its_reason(run: Run) -> None:
    """What it drew after it was lost, nobody knows."""
    figure = run.whole.board(faults.GONE)

    assert (None, None) == (figure.energy_j, figure.u_j)
    assert "NVMLError_GpuIsLost" in (figure.reason or "")
    assert {"NVMLError_GpuIsLost"} == {error.code for error in figure.quality.errors}


def test_a_board_that_hangs_is_null_with_its_reason(run: Run) -> None:
    """It has not answered since; a call that comes back after seconds is no reading of its time."""
    figure = run.whole.board(faults.HANGING)

    assert (None, True) == (figure.energy_j, "timeout" in (figure.reason or ""))


def test_a_lost_and_a_hanging_board_harm_no_other(run: Run) -> None:
    """Zeus loses 72 % of all where one board is lost. The others are read as before."""
    others = [
        run.whole.board(index)
        for index in (faults.STEADY, faults.STEP, faults.ONE_FAILURE, faults.NO_COUNTER, faults.SHORT)
    ]
    truth_j = 300 * run.whole.duration_s

    assert (True, True) == holds(run.whole.board(faults.NO_COUNTER), truth_j, within=1e-2)
    assert min(figure.quality.rate_hz or 0 for figure in others) > 8


def test_an_edge_waits_for_no_board_that_hangs(run: Run) -> None:
    """The trial goes on within half a second."""
    assert run.mark_s < 0.6


def test_a_counter_bridges_reads_that_fail_for_a_while(run: Run) -> None:
    """The joules of the second are there, and the gap is listed."""
    figure = run.whole.board(faults.PAUSED)

    assert ("counter", (True, True)) == (figure.method, holds(figure, 300 * run.whole.duration_s, within=2e-2))
    assert 1 == len(figure.quality.gaps)
    assert 0.6 < sum(gap.end_s - gap.start_s for gap in figure.quality.gaps) < 1.4


def test_all_figures_stay_below_what_the_boards_can_draw(run: Run) -> None:
    """Nothing negative, nothing absurd, whatever fails."""
    powers_w = [energy.power_mean_w for energy in run.whole.figures.values() if energy.power_mean_w is not None]

    assert all(0 <= power_w <= 700 for power_w in powers_w)


@pytest.fixture(scope="module")
def measured(library: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Measure half a second by the command line: no GPU is visible, zones overlap, and the wall clock is set back."""
    folder = tmp_path_factory.mktemp("measured")
    boards, root, over = FakeNvml(folder / "control"), folder / "powercap", threading.Event()
    boards.set_up(boards=2, power_w=300, age_s=10)
    zones = {
        zone(root, "intel-rapl:0", name="package-0"): 50,
        zone(root, "intel-rapl:0/intel-rapl:0:0", name="core"): 30,
        zone(root, "intel-rapl:0/intel-rapl:0:1", name="uncore"): 5,
        zone(root, "intel-rapl:0/intel-rapl:0:2", name="dram"): 10,
        zone(root, "intel-rapl:1", name="psys"): 100,
        zone(root, "intel-rapl-mmio:0", name="package-0"): 50,
    }

    def drive() -> None:
        while not over.wait(0.001):
            for each, watts in zones.items():
                count(each, int(watts * 1e6 * time.monotonic()) % 262_143_328_851)

    (folder / "sitecustomize.py").write_text(CLOCK)
    environment = {
        "LD_LIBRARY_PATH": str(library.parent),
        "FAKE_NVML": str(folder / "control"),
        "RAYSTUDY_POWERCAP": str(root),
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(folder),
        "SET_BACK": str(folder / "set-back"),
    }
    words = ["sh", "-c", 'sleep 0.2; touch "$SET_BACK"; sleep 0.3']
    driver = threading.Thread(target=drive)
    driver.start()
    try:
        done = subprocess.run(
            [*MEASURE, *words], env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60
        )
    finally:
        over.set()
        driver.join()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_boards_are_found_whatever_is_visible(measured: dict[str, Any]) -> None:
    """CUDA_VISIBLE_DEVICES is the trial's, not the monitor's. Zeus and CodeCarbon find no board, and say nothing."""
    boards = {entry["device"]: entry for entry in measured["energies"] if entry["scope"] == "gpu"}

    assert {faults.uuid(0), faults.uuid(1)} == boards.keys()
    assert [pytest.approx(300, rel=2e-2)] * 2 == [entry["mean_w"] for entry in boards.values()]


def test_each_joule_is_counted_once(measured: dict[str, Any]) -> None:
    """The zone psys holds the package, which holds core and uncore; the memory-mapped zone is the package again."""
    zones = [(entry["scope"], entry["name"]) for entry in measured["energies"] if entry["scope"] != "gpu"]

    assert [("package", "package-0"), ("dram", "package-0/dram")] == zones
    assert pytest.approx(50, rel=0.3) == measured["total"]["package"]["mean_w"]
    assert {"gpu", "package", "dram"} == measured["total"].keys()


def test_a_wall_clock_that_is_set_back_changes_nothing(measured: dict[str, Any]) -> None:
    """Set back by an hour within the window of half a second. Zeus says -3599.5 s."""
    total = measured["total"]["gpu"]

    assert 0.5 <= measured["duration_s"] < 1.5
    assert abs(total["energy_j"] - 600 * measured["duration_s"]) <= total["u_j"]
