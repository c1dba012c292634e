"""How long a comparison takes, from a long table to the full record, beside pingouin and statsmodels in the same run.

    .venv/bin/python benchmarks/anova_speed.py [--rounds 7] [--slow]
    .venv/bin/pip install --target .venv-peers pingouin==0.7.0              for the peers; one that is absent is skipped

    polars long table ──cells.design──▶ Design ──comparison.compare──▶ every test of it
    pandas long table ──pingouin.rm_anova, AnovaRM.fit──▶ one table: F, and of pingouin GG and ges

Medians of rounds in which the tools take turns of five calls; every tool has run once before. What raystudy does
besides is in its time: all pairs with max-T, trends, ranks, intervals. AnovaRM fits dummy variables and takes about a
minute and 3.5 GB at 1000 x 20, so that is left out unless --slow. All tools have one thread of BLAS: the
matrices are small, and beside neighbours two threads wait for each other six times as long as they compute. Exits with
1 where a target is missed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import polars as pl
from statistics_peers import FOLDER, anova_rm, present

from raystudy.stats.cells import design
from raystudy.stats.comparison import compare
from raystudy.stats.design import one_way
from raystudy.stats.pairwise import pairwise
from raystudy.stats.resample import permutation, sign_flip
from raystudy.stats.uncertainty import measured

Run = Callable[[], object]
SEED = 1
RESAMPLES = 10_000
CALLS = 5
"""A tool is called so often in its turn: a study tests measure after measure, too."""


@dataclass(frozen=True)
class Row:
    """One thing to be timed, and the time it is allowed."""

    what: str
    target_ms: float
    runs: Mapping[str, Run]
    """By tool."""


def values(n: int, k: int) -> Any:
    """Return random walks of subjects with an offset each, (subjects, levels)."""
    draw = np.random.default_rng(SEED)
    return draw.normal(size=(n, 1)) + draw.normal(size=(n, k)).cumsum(axis=1) / 10


def long(n: int, k: int) -> pl.DataFrame:
    """Return the same as a long table."""
    subject, level = np.divmod(np.arange(n * k), k)
    names = [f"seed{place}" for place in subject]
    return pl.DataFrame({"subject": names, "level": level + 1, "value": values(n, k).ravel()})


def records(n: int, k: int, target_ms: float, *, slow: bool) -> Row:
    """Return the row from a long table to the full record."""
    table = long(n, k)
    frame = table.to_pandas(use_pyarrow_extension_array=False)
    runs: dict[str, Run] = {
        "raystudy": lambda: compare(design(table, subject="subject", within=["level"], value="value")),
        "pingouin": lambda: _pingouin().rm_anova(frame, detailed=True, correction=True, **_NAMES),
    }
    if slow or n * k < 10_000:
        runs["statsmodels"] = lambda: anova_rm(frame, ["level"])
    return Row(f"{n} x {k}, long table to full record", target_ms, runs)


_NAMES = {"dv": "value", "within": "level", "subject": "subject"}


def _pingouin() -> Any:
    import pingouin

    return pingouin


def all_pairs(n: int = 6, k: int = 21) -> Row:
    """Return the row of all pairs of levels."""
    data, frame = one_way(values(n, k)), long(n, k).to_pandas()
    runs: dict[str, Run] = {
        "raystudy": lambda: pairwise(data),
        "pingouin": lambda: _pingouin().pairwise_tests(frame, padjust="holm", effsize="hedges", **_NAMES),
    }
    return Row(f"{k * (k - 1) // 2} pairs, {n} subjects", 5, runs)


def resamples(n: int, k: int) -> list[Row]:
    """Return the rows of resampling."""
    data = one_way(values(n, k))
    half_widths = np.full((n, k), 0.01)
    runs: Mapping[str, Run] = {
        "sign flips": lambda: sign_flip(data, draws=RESAMPLES),
        "permutations": lambda: permutation(data, draws=RESAMPLES),
        "redraws of what instruments state": lambda: measured(data, half_widths, draws=RESAMPLES),
    }
    return [Row(f"{RESAMPLES:,} {name}, {n} x {k}", 1000, {"raystudy": run}) for name, run in runs.items()]


def imports(tools: Mapping[str, str], peers: Path, rounds: int) -> dict[str, float]:
    """Return the median time in ms of each tool's import in a fresh process, the interpreter's own start left out."""
    modules = {
        "raystudy": "raystudy.stats.comparison",
        "pingouin": "pingouin",
        "statsmodels": "statsmodels.stats.anova",
    }
    code = "import sys, time; sys.path.append({!r}); t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    taken: dict[str, list[float]] = {tool: [] for tool in modules if tool == "raystudy" or tool in tools}
    for _ in range(rounds):
        for tool, times in taken.items():
            words = [sys.executable, "-W", "ignore", "-c", code.format(str(peers), modules[tool])]
            times.append(float(subprocess.run(words, check=True, capture_output=True, text=True).stdout))
    return {tool: 1e3 * statistics.median(times) for tool, times in taken.items()}


def medians(row: Row, tools: Mapping[str, str], rounds: int) -> dict[str, float]:
    """Return the median time in ms of each tool that is there; the tools take turns."""
    runs = {tool: run for tool, run in row.runs.items() if tool == "raystudy" or tool in tools}
    for tool, run in runs.items():
        if tool == "raystudy" or "1000 x" not in row.what:
            run()
    taken: dict[str, list[float]] = {tool: [] for tool in runs}
    for _ in range(rounds):
        for tool, run in runs.items():
            if tool == "statsmodels" and taken[tool] and taken[tool][0] > 10:
                continue
            for _ in range(CALLS):
                start = time.perf_counter()
                run()
                taken[tool].append(time.perf_counter() - start)
    return {tool: 1e3 * statistics.median(times) for tool, times in taken.items()}


def show(what: str, target_ms: float, found_ms: Mapping[str, float]) -> bool:
    """Print one row, and return whether the target is kept."""
    ours, kept = found_ms["raystudy"], found_ms["raystudy"] <= target_ms
    cells = [what, f"{ours:,.1f}", f"{target_ms:g}", "yes" if kept else "NO"]
    for tool in ("pingouin", "statsmodels"):
        told = found_ms.get(tool)
        cells += ["-", "-"] if told is None else [f"{told:,.1f}", f"{told / ours:,.1f}"]
    print("| " + " | ".join(cells) + " |", flush=True)
    return kept


def main() -> None:
    """Print the table; exit with 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slow", action="store_true", help="AnovaRM at 1000 x 20 too: a minute a round, 3.5 GB")
    parser.add_argument("--peers", type=Path, default=FOLDER, help="a folder that has pingouin")
    asked = parser.parse_args()
    tools = present(asked.peers)
    absent = sorted({"pingouin", "statsmodels"} - set(tools))
    print(f"Medians of {asked.rounds} rounds, ms. Absent: {', '.join(absent) or 'nothing'}.\n")
    head = ("what", "raystudy", "target", "kept", "pingouin", "ratio", "statsmodels", "ratio")
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    sizes = ((50, 3, 5.0), (6, 21, 5.0), (1000, 20, 25.0))
    rows = [records(*size, slow=asked.slow) for size in sizes] + [all_pairs(), *resamples(20, 25)]
    kept = [show(row.what, row.target_ms, medians(row, tools, asked.rounds)) for row in rows]
    kept.append(show("import, fresh process", 600, imports(tools, asked.peers, min(asked.rounds, 5))))
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
