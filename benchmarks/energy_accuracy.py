"""How far joules are off, and whether the stated interval holds the truth: on curves whose energy is known exactly.

    .venv/bin/python benchmarks/energy_accuracy.py                        the random curves, and ours live
    .venv/bin/pip install --target .venv-peers zeus==0.16.0 codecarbon==3.3.2
    .venv/bin/python benchmarks/energy_accuracy.py --peers .venv-peers

The first table reads 1,000 random curves over random windows of 0.5 to 60 s, in no time, as instruments would: NVML's
counter and power, the counter alone, power alone. The second runs tools side by side, live, on sixteen boards of the
stand-in for NVML. Peers have a folder of their own: Zeus brings amdsmi, and beside that Ray cannot be imported.
"""

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from curves import SHAPES, Steps, counted, patchwork, sampled

from raystudy.record.counter import unwrapped
from raystudy.record.energy import energies
from raystudy.record.outcome import Span
from raystudy.record.points import Point
from raystudy.record.trace import Channel, Trace
from tests.fakes.nvml import MAX_SEGMENTS, FakeNvml, compile_stub

Instrument = Callable[[Steps, float, float, random.Random], list[Trace]]

INSTRUMENTS: dict[str, Instrument] = {
    "counter and power": lambda *read: [counted(*read), sampled(*read)],
    "counter alone": lambda *read: [counted(*read)],
    "power alone, 10 Hz": lambda *read: [sampled(*read)],
}
BOARDS, LIVE_S = 16, (0.02, 0.5, 2.0, 10.0)


@dataclass(frozen=True)
class Try:
    """One window: what was found, what is true, and the half-width that was stated."""

    length_s: float
    found_j: float | None
    truth_j: float
    u_j: float | None

    @property
    def error(self) -> float:
        """Return the relative error; a figure that is missing is no error."""
        return 0.0 if self.found_j is None else (self.found_j - self.truth_j) / self.truth_j

    @property
    def held(self) -> bool:
        """Whether the stated interval holds the truth, but for rounding."""
        return self.found_j is not None and abs(self.found_j - self.truth_j) <= (self.u_j or 0.0) + 1e-6 * self.truth_j


def tries(shape: str, instrument: Instrument, n: int, draw: random.Random) -> Iterator[Try]:
    """Yield random windows of random curves of one shape."""
    for _ in range(n):
        curve, length_s = SHAPES[shape](draw), math.exp(draw.uniform(math.log(0.5), math.log(60)))
        start_s = draw.uniform(0, 60 - length_s)
        end_s = start_s + length_s
        span = Span(name="train", start_s=start_s, end_s=end_s)
        (energy,) = energies(instrument(curve, start_s, end_s, draw), [span])
        yield Try(length_s, energy.energy_j, curve.energy_j(end_s) - curve.energy_j(start_s), energy.u_j)


def random_curves(n: int) -> None:
    """Print error and coverage on random curves."""
    print(f"{n} random curves, windows of 0.5 to 60 s. Errors and half-widths in % of the truth.\n")
    head = ("instrument", "curve", "n", "holds", "max error", "max, >= 10 s", "mean signed", "median u")
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for name, instrument in INSTRUMENTS.items():
        draw, everything = random.Random(1), list[Try]()
        for shape in SHAPES:
            everything += (found := list(tries(shape, instrument, math.ceil(n / len(SHAPES)), draw)))
            print(_row(name, shape, found))
        print(_row(name, "all", everything))


def _row(name: str, shape: str, found: Sequence[Try]) -> str:
    errors = [abs(each.error) for each in found]
    cells = (
        name,
        shape,
        str(len(found)),
        f"{sum(each.held for each in found) / len(found):.1%}",
        f"{max(errors):.2%}",
        f"{max((abs(each.error) for each in found if each.length_s >= 10), default=0):.2%}",
        f"{statistics.mean(each.error for each in found):+.3%}",
        f"{statistics.median((each.u_j or 0) / each.truth_j for each in found):.3%}",
    )
    return "| " + " | ".join(cells) + " |"


def laps(n: int = 1_000) -> None:
    """Print how far a counter that goes round a thousand times is off."""
    lap_j, power_w, every_s = 262_143.328850 + 1e-6, 400.0, 300.0
    channel = Channel(name="c", quantity="energy_j", scope="package", device="p", wraps_at_j=lap_j, max_w=500)
    reads = math.ceil(n * lap_j / power_w / every_s) + 1
    found = unwrapped([Point(i * every_s, 0, i * every_s * power_w % lap_j) for i in range(reads)], channel)
    all_j = (reads - 1) * every_s * power_w
    off_j = found.points[-1].value - all_j
    print(f"\n{found.n_wraps} laps of RAPL's counter in one trace: off by {off_j:.1e} J of {all_j:,.0f} J.\n")


def live(peers: Path | None) -> None:
    """Run the tools at the same time on the stand-in, and print how far each is off."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        compile_stub("cc", place)
        (place / "nvidia-smi").write_text("#!/bin/sh\n")  # CodeCarbon asks for it to believe in NVML
        (place / "nvidia-smi").chmod(0o755)
        fake, curves = FakeNvml(place / "control"), _curves()
        fake.set_up(boards=BOARDS, age_s=10)
        epoch_s = fake.epoch_s
        for board, curve in enumerate(curves):
            fake.curve(board, list(zip((0.0, *curve.at_s[1:]), curve.power_w, strict=True)))
        environment = os.environ | {
            "LD_LIBRARY_PATH": folder,
            "FAKE_NVML": str(place / "control"),
            "PATH": f"{folder}:{os.environ['PATH']}",
        }
        tools = ("raystudy", "zeus", "codecarbon") if peers else ("raystudy",)
        words = [str(length_s) for length_s in LIVE_S]
        running = {
            tool: subprocess.Popen(
                [sys.executable, ROOT / "benchmarks/peer_energy.py", tool, *words],
                env=environment | ({"PYTHONPATH": str(peers)} if tool != "raystudy" else {}),
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )
            for tool in tools
        }  # fmt: skip
        print(f"Live, side by side, {BOARDS} boards of the stand-in, counters and power of 100 ms steps.\n")
        print("| tool | window | holds | max error | median error |\n|---|---|---|---|---|")
        for tool, process in running.items():
            _tell(tool, process.communicate()[0], curves, epoch_s)


def _curves() -> list[Steps]:
    """Return a curve for each board, of no more pieces than the stand-in holds: half a minute from 11 s on."""
    draw, curves = random.Random(2), list[Steps]()
    for _ in range(BOARDS):
        whole = patchwork(draw)
        first = sum(at_s <= 11 for at_s in whole.at_s) - 1
        pieces = slice(first, first + MAX_SEGMENTS)
        curves.append(Steps(whole.at_s[pieces], whole.power_w[pieces]))
    return curves


def _tell(tool: str, printed: str, curves: Sequence[Steps], epoch_s: float) -> None:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith(("{", "["))]
    if len(lines) < 2:
        print(f"| {tool} | did not run | | | |")
        return
    for length_s, window in zip(LIVE_S, lines[1:], strict=False):
        found = [
            Try(end_s - start_s, energy_j, curve.energy_j(end_s - epoch_s) - curve.energy_j(start_s - epoch_s), u_j)
            for curve, (start_s, end_s, energy_j, u_j) in zip(curves, window, strict=True)
        ]
        errors = [abs(each.error) for each in found]
        stated = [each.held for each in found if each.u_j is not None]
        holds = f"{sum(stated) / len(stated):.0%}" if stated else "states none"
        name = f"{tool} {lines[0]['version']}"
        print(f"| {name} | {length_s:g} s | {holds} | {max(errors):.1%} | {statistics.median(errors):.2%} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=int, default=1_000, help="random curves for each instrument")
    parser.add_argument("--peers", type=Path, help="a folder that has zeus and codecarbon")
    asked = parser.parse_args()
    random_curves(asked.curves)
    laps()
    live(asked.peers and asked.peers.absolute())


if __name__ == "__main__":
    main()
