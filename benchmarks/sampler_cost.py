"""What sampling power costs: the share of one core that our sampler takes, and two peers, on the same fakes.

    .venv/bin/python benchmarks/sampler_cost.py               12 minutes: a minute each, and 48 h made up
    .venv/bin/python benchmarks/sampler_cost.py --seconds 5 --hours 0.5
    .venv/bin/pip install --target .venv-peers zeus==0.16.0 codecarbon==3.3.2       for the peers

    fake NVML library: 8 boards ─┬─ raystudy: Sampler, counters and power, 8 GPUs + 4 zones
    powercap tree in tmpfs:      ├─ Zeus: PowerMonitor (one domain) + ZeusMonitor's four wrap trackers
       2 packages, 2 memories    └─ CodeCarbon: a tracker told to measure as often

Each is a process of its own with what it starts; its CPU time, user and system, is read from outside. Zeus and
CodeCarbon have their path of RAPL as a constant: it is pointed at the tree, nothing else of them is changed. The last
part lets made readings of 48 h at 10 Hz x 8 GPUs run through the rings and the files on disk, without waiting for them.
"""

import argparse
import importlib
import json
import logging
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from raystudy.power import open_meters
from raystudy.power.ring import Ring
from raystudy.power.sampler import HOLD_S, SPILL_S, Sampler
from raystudy.power.spill import Spill
from raystudy.record.trace import NS_PER_S, Reading
from raystudy.study import Metering
from tests.fakes.nvml import FakeNvml, compile_stub
from tests.fakes.rapl import count, zone

BOARDS, RATES_HZ, SETTLE_S = 8, (10.0, 100.0), 3.0
SELDOM_LINES = 7
"""Energy, temperature, two clocks, limit, reasons and processes of a board, once a second."""
ZONES = {"0": "package-0", "0:0": "dram", "1": "package-1", "1:0": "dram"}


def ours(rate_hz: float, seconds: float, tree: Path) -> dict[str, Any]:
    """Sample all that raystudy samples, and say how late its planned reads began, and which never did."""
    sampler = Sampler(open_meters(Metering(powercap_root=str(tree))).meters, rate_hz=rate_hz, spill=tree / "spill")
    _ready()
    start_s = time.monotonic()
    time.sleep(seconds)
    end_s = time.monotonic()
    traces = [trace for trace in sampler.span(start_s, end_s) if trace.period_s == 1 / rate_hz]
    planned = [[r for r in trace.readings if r.late_s is not None and start_s <= r.at_s <= end_s] for trace in traces]
    late_s = sorted(r.late_s for readings in planned for r in readings if r.late_s is not None)
    ticks = int((end_s - start_s) * rate_hz)
    told = {
        "lost_ticks": max(max(0, ticks - len(readings) - 1) for readings in planned),
        "ticks": ticks,
        "late_p50_ms": 1e3 * late_s[len(late_s) // 2],
        "late_p99_ms": 1e3 * late_s[int(0.99 * len(late_s))],
        "channels": len(sampler.channels),
    }
    sampler.close()
    return told


def zeus(rate_hz: float, seconds: float, tree: Path) -> dict[str, Any]:
    """Poll the boards' power, and watch the zones for wraps, as a window of ZeusMonitor does."""
    importlib.import_module("zeus.device.cpu.rapl").RAPL_DIR = str(tree / "intel-rapl")
    from zeus.monitor import PowerMonitor, ZeusMonitor

    windows = ZeusMonitor(approx_instant_energy=False)
    windows.begin_window("all", sync_execution=False)
    power = PowerMonitor(update_period=1 / rate_hz, power_domains=["device_instant"])
    _ready()
    time.sleep(seconds)
    power.stop()
    windows.end_window("all", sync_execution=False)
    return {"boards": len(windows.gpu_indices), "packages": len(windows.cpu_indices)}


def codecarbon(rate_hz: float, seconds: float, tree: Path) -> dict[str, Any]:
    """Track the whole machine, measuring as often as asked."""
    cpu, hardware = (importlib.import_module(f"codecarbon.{name}") for name in ("core.cpu", "external.hardware"))
    rapl, bases = cpu.IntelRAPL, [str(tree / "intel-rapl"), str(tree)]
    cpu._get_candidate_bases = lambda _: bases  # noqa: SLF001 - its only seam
    hardware.IntelRAPL = lambda **asked: rapl(**asked | {"rapl_dir": bases[0]})
    from codecarbon import OfflineEmissionsTracker

    tracker = OfflineEmissionsTracker(
        measure_power_secs=1 / rate_hz,
        country_iso_code="USA",
        save_to_file=False,
        log_level=logging.CRITICAL,
        allow_multiple_runs=True,
        rapl_include_dram=True,
    )
    tracker.start()
    _ready()
    time.sleep(seconds)
    tracker.stop()
    return {"hardware": [str(part)[:40] for part in tracker._hardware]}  # noqa: SLF001 - to see that it found all


CONTENDERS: Mapping[str, tuple[Callable[[float, float, Path], dict[str, Any]], str]] = {
    "raystudy": (ours, "raystudy"),
    "Zeus": (zeus, "zeus"),
    "CodeCarbon": (codecarbon, "codecarbon"),
}


def _ready() -> None:
    """Say that the start is over, and let what it left behind calm down."""
    print("ready", flush=True)
    time.sleep(SETTLE_S)


@contextmanager
def _instruments(folder: Path) -> Iterator[dict[str, str]]:
    """Set up the fakes, and count the zones up until it ends; gives the environment in which they are found."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        sys.exit("The stand-in for NVML takes a C compiler; there is neither cc nor gcc.")
    compile_stub(compiler, folder)
    control = FakeNvml(folder / "control")
    control.set_up(boards=BOARDS, power_w=300, age_s=1_000)
    for board in range(BOARDS):
        control.curve(board, [(5.0 * step, 250 + 10 * (step % 7)) for step in range(200, 260)])
    places = {
        key: "intel-rapl/" + "/".join(f"intel-rapl:{key[:n]}" for n in range(1, len(key) + 1, 2)) for key in ZONES
    }
    zones = [zone(folder, places[key], name=name) for key, name in ZONES.items()]
    over = threading.Event()

    def drive() -> None:
        while not over.wait(0.02):
            for watts, each in enumerate(zones, start=20):
                count(each, int(watts * 1e6 * time.monotonic()))

    driver = threading.Thread(target=drive)
    driver.start()
    (folder / "nvidia-smi").write_text("#!/bin/sh\n")  # CodeCarbon looks for boards only where it runs
    (folder / "nvidia-smi").chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    try:
        yield os.environ | {"LD_LIBRARY_PATH": str(folder), "FAKE_NVML": str(folder / "control"), "PATH": path}
    finally:
        over.set()
        driver.join()


def _cost(name: str, rate_hz: float, seconds: float, tree: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a contender, and return its CPU share and memory, with what it says itself."""
    words = [sys.executable, __file__, "--contender", name, "--rate-hz", str(rate_hz)]
    words += ["--seconds", str(seconds + 2 * SETTLE_S), "--tree", str(tree)]
    child = subprocess.Popen(
        words, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tree
    )
    assert child.stdout is not None
    lines = iter(child.stdout.readline, "")
    if not any(line.strip() == "ready" for line in lines):
        why = child.communicate()[1].strip().splitlines() or ["it said nothing"]
        return {"skipped": why[-1][:120]}
    time.sleep(SETTLE_S)
    parts = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
    before_s, start_s = _cpu_s(parts), time.monotonic()
    time.sleep(seconds)
    share = (_cpu_s(parts) - before_s) / (time.monotonic() - start_s)
    memory = sum(part.memory_info().rss for part in parts)
    out, _ = child.communicate(timeout=seconds + 60)
    told = next((json.loads(line) for line in reversed(out.splitlines()) if line.startswith("{")), {})
    return {"share": share, "processes": len(parts), "memory_bytes": memory} | told


def _cpu_s(parts: list[psutil.Process]) -> float:
    """Return the CPU seconds of some processes, those of their ended threads included."""
    return sum(part.cpu_times().user + part.cpu_times().system for part in parts)


def long_run(hours: float, folder: Path) -> dict[str, Any]:
    """Let made readings of many hours through rings and spill, minute by minute, and see what they take."""
    names = {f"nvml/GPU-{board}/power_w": 10 for board in range(BOARDS)}
    names |= {f"nvml/GPU-{board}/line{line}": 1 for board in range(BOARDS) for line in range(SELDOM_LINES)}
    rings, spill, made = {name: Ring() for name in names}, Spill(folder / "long"), random.Random(1)
    before, start_s = _rss_bytes(), time.monotonic()
    for minute in range(int(hours * 60)):
        since_s = minute * SPILL_S
        for name, rate in names.items():
            for tick in range(int(SPILL_S * rate)):
                at_ns = int((since_s + tick / rate) * NS_PER_S)
                call_s, late_s, value = (
                    made.uniform(1e-5, 5e-5),
                    made.uniform(1e-4, 1e-3),
                    made.randrange(700_000) / 1e3,
                )
                rings[name].append(Reading(t_mono_ns=at_ns, half_width_s=call_s, late_s=late_s, value=value))
        spill.write({name: ring.piece(ring.before(since_s), len(ring)) for name, ring in rings.items()})
        for ring in rings.values():
            ring.forget(ring.before(since_s + SPILL_S - HOLD_S))
    took_s, grown = time.monotonic() - start_s, _rss_bytes() - before
    read_s = time.monotonic()
    n = sum(map(len, spill.read(hours * 1_800, hours * 1_800 + 3_600).values()))
    read_s = time.monotonic() - read_s
    disk = sum(file.stat().st_size for file in (folder / "long").iterdir())
    spill.clear()
    return {"grown": grown, "disk": disk, "cpu_share": took_s / hours / 3_600, "hour_s": read_s, "hour_n": n}


def _rss_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


def _print(rows: list[tuple[str, ...]]) -> None:
    for row in rows:
        print("| " + " | ".join(row) + " |")


def main() -> None:
    """Print one table of costs, and one line on the long run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long each is watched; 600 for lost ticks")
    parser.add_argument("--hours", type=float, default=48, help="length of the made run; 0 leaves it out")
    parser.add_argument(
        "--only", default=",".join(CONTENDERS), help="comma-separated names; empty for the long run alone"
    )
    parser.add_argument(
        "--peers", type=Path, default=ROOT / ".venv-peers", help="a folder that has zeus and codecarbon"
    )
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--rate-hz", type=float, default=10, help=argparse.SUPPRESS)
    parser.add_argument("--tree", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contender:
        told = CONTENDERS[asked.contender][0](asked.rate_hz, asked.seconds, asked.tree)
        print(json.dumps(told | {"peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}), flush=True)
        return
    tmpfs = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=tmpfs if tmpfs.is_dir() else None) as name, _instruments(Path(name)) as where:
        _print([("contender", "Hz", "share of a core", "processes", "memory", "it says"), ("---",) * 6])
        for rate_hz in RATES_HZ:
            for contender in filter(None, asked.only.split(",")):
                peers = where | {"PYTHONPATH": str(asked.peers.absolute())}
                cost = _cost(contender, rate_hz, asked.seconds, Path(name), where if contender == "raystudy" else peers)
                found = [*distributions(name=CONTENDERS[contender][1], path=[*sys.path, str(asked.peers)])]
                who = f"{contender} {found[0].version if found else ''}"
                if "skipped" in cost:
                    _print([(who, f"{rate_hz:g}", "skipped", "", "", cost["skipped"])])
                    continue
                share, parts, memory = cost.pop("share"), cost.pop("processes"), cost.pop("memory_bytes")
                says = ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in cost.items())
                _print([(who, f"{rate_hz:g}", f"{share:.2%}", str(parts), f"{memory / 1e6:.0f} MB", says)])
    if asked.hours:
        with tempfile.TemporaryDirectory() as name:
            told = long_run(asked.hours, Path(name))
        print(
            f"\n{asked.hours:g} h at 10 Hz x {BOARDS} GPUs: memory grew by {told['grown'] / 1e6:.0f} MB, "
            f"{told['disk'] / 1e6:.0f} MB on disk; keeping it took {told['cpu_share']:.2%} of a core; "
            f"reading an hour back ({told['hour_n']:,} readings) took {told['hour_s']:.1f} s."
        )


if __name__ == "__main__":
    main()
