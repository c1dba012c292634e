"""One energy tool over some windows, as a process of its own: the tool's joules for each board, as JSON lines.

    python benchmarks/peer_energy.py TOOL SECONDS ...        TOOL: raystudy, zeus or codecarbon

Needs raystudy, Zeus or CodeCarbon, whichever is asked for, and nothing else of this project.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

Window = list[tuple[float, float, float | None, float | None]]
"""For each board: start and end on the monotonic clock, joules, and their half-width where the tool states any."""


def raystudy(seconds: list[float]) -> Iterator[Window]:
    """Sampler at 10 Hz on the boards of NVML."""
    from raystudy.power.nvml import Nvml
    from raystudy.power.sampler import Sampler
    from raystudy.record.energy import energies
    from raystudy.record.outcome import Span

    sampler = Sampler([Nvml()], rate_hz=10)
    for length_s in seconds:
        sampler.mark()
        start_s = time.monotonic()
        time.sleep(length_s)
        end_s = time.monotonic()
        found = energies(sampler.span(start_s, end_s), [Span(name="train", start_s=start_s, end_s=end_s)])
        yield [(start_s, end_s, energy.energy_j, energy.u_j) for energy in found]
    sampler.close()


def zeus(seconds: list[float]) -> Iterator[Window]:
    """ZeusMonitor with its defaults."""
    from zeus.monitor import ZeusMonitor

    monitor = ZeusMonitor()
    for length_s in seconds:
        monitor.begin_window("w", sync_execution=False)
        start_s = time.monotonic()
        time.sleep(length_s)
        end_s = time.monotonic()
        found = monitor.end_window("w", sync_execution=False).gpu_energy
        yield [(start_s, end_s, found[board], None) for board in sorted(found)]


def codecarbon(seconds: list[float]) -> Iterator[Window]:
    """One EmissionsTracker a board, reading once a second."""
    import pynvml
    from codecarbon import OfflineEmissionsTracker

    settings: dict[str, Any] = {"save_to_file": False, "log_level": "critical", "allow_multiple_runs": True}
    for length_s in seconds:
        trackers = [
            OfflineEmissionsTracker(country_iso_code="USA", measure_power_secs=1, gpu_ids=[board], **settings)
            for board in range(pynvml.nvmlDeviceGetCount())
        ]
        edges = [[_timed(tracker.start)[1] for tracker in trackers]]
        time.sleep(length_s)
        edges.append([_timed(tracker.stop)[0] for tracker in trackers])
        joules = [tracker.final_emissions_data.gpu_energy * 3.6e6 for tracker in trackers]
        yield [(start_s, end_s, energy_j, None) for start_s, end_s, energy_j in zip(*edges, joules, strict=True)]


def _timed(call: Callable[[], Any]) -> tuple[float, float]:
    """Call, and return when it began and ended."""
    began_s = time.monotonic()
    call()
    return began_s, time.monotonic()


TOOLS = {"raystudy": raystudy, "zeus": zeus, "codecarbon": codecarbon}


def main() -> None:
    """Print the version, then a line for each window."""
    tool, seconds = sys.argv[1], [float(word) for word in sys.argv[2:]]
    print(json.dumps({"tool": tool, "version": version(tool)}), flush=True)
    for window in TOOLS[tool](seconds):
        print(json.dumps(window), flush=True)


if __name__ == "__main__":
    main()
