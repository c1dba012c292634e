"""The items of `gpu_evidence` that need no training: what NVML does, and what `raystudy measure` says beside it.

probe and measure run as processes of their own, for what is measured must not share an interpreter with who measures.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MEASURE = [sys.executable, "-c", "from raystudy.cli import main; main()", "measure", "--json", "--"]
LOAD = """
import sys, time, torch
seconds, on_s, off_s = map(float, sys.argv[1:])
gpu = torch.cuda.is_available()
size = 8192 if gpu else 256
factor = torch.randn(size, size, device="cuda" if gpu else "cpu", dtype=torch.bfloat16)
product = torch.empty_like(factor)
synchronize = torch.cuda.synchronize if gpu else (lambda: None)
torch.matmul(factor, factor, out=product)
synchronize()
print("started", flush=True)
end_s = time.monotonic() + seconds
while time.monotonic() < end_s:
    off_at_s = min(time.monotonic() + on_s, end_s)
    while time.monotonic() < off_at_s:
        torch.matmul(factor, factor, out=product)
        synchronize()
    time.sleep(off_s)
"""
"""Products of random matrices, never zeros; SECONDS ON_S OFF_S."""


def load(seconds: float, *, on_s: float = 1e9, off_s: float = 0.0) -> list[str]:
    """Return the command of a load: matrix products, on and off in turn."""
    return [sys.executable, "-c", LOAD, str(seconds), str(on_s), str(off_s)]


def probe(*, tiny: bool) -> Iterator[dict[str, Any]]:
    """Ask NVML what it does, idle and beside matrix products."""
    scale = 0.05 if tiny else 1.0
    words = [sys.executable, str(HERE / "probe_nvml.py"), "--scale", str(scale)]
    yield {"beside": "nothing"} | _said(words)
    busy = subprocess.Popen(load(600), stdout=subprocess.PIPE, text=True)
    try:
        assert busy.stdout is not None
        busy.stdout.readline()
        yield {"beside": "bf16 products of random matrices, 8192^3 on a GPU"} | _said(words)
    finally:
        busy.kill()
        busy.communicate()


def measure(*, tiny: bool) -> Iterator[dict[str, Any]]:
    """Let `raystudy measure` stand around products, around idleness, and around bursts shorter than its sampling."""
    long_s, bursts_s = (2.0, 2.0) if tiny else (55.0, 20.0)
    commands = {
        f"{long_s:g} s of matrix products": load(long_s),
        f"{long_s:g} s idle": ["sleep", str(long_s)],
        f"{bursts_s:g} s of bursts, 0.1 s on and 0.37 s off": load(bursts_s, on_s=0.1, off_s=0.37),
    }
    for name, words in commands.items():
        told = _said(MEASURE + words)
        told.pop("command", None)
        yield {"around": name} | told | {"precision": _precision(told)}


def _precision(told: dict[str, Any]) -> dict[str, float]:
    """Return the stated interval of each device, relative to its joules."""
    return {
        entry["device"]: entry["u_j"] / entry["energy_j"]
        for entry in told.get("energies", ())
        if entry["energy_j"] and entry["u_j"] is not None
    }


def _said(words: list[str]) -> dict[str, Any]:
    """Run a command that prints one object; what it says instead is the reason why there is none."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        return {"skipped": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    return found
