"""What must be seen on a real GPU, item by item, each bounded in time, its result written as soon as it is there.

    .venv/bin/python benchmarks/gpu_evidence.py --only mfu,p1-setting --out benchmarks/results/gpu
    .venv/bin/python benchmarks/gpu_evidence.py --tiny            the same on a CPU, at toy sizes, to see that it runs

    probe       update periods of NVML, cost of its calls, whether polling disturbs the counter; idle and under load
    measure     `raystudy measure` around matrix products, around idleness, around bursts: counter against integral
    mfu         tokens/s, MFU and J/token of tinyllama-1b, bf16, 2048 packed; beside a plain loop and HF Trainer
    p1-setting  joules per processed token of P1's batch 1 x 64 under fp16 autocast, beside a packed setting
    p1-small    P1 in small, 500K / 1M / 2M tokens x 5 shuffled blocks: a full archive with real traces, and its report
    p2-whole    P2 whole, 6 seeds x 20M tokens of repeated stories, then of fresh ones: joules of each interval

Needs no network and no Ray. An item that cannot run is skipped with a reason, and the rest goes on. Results are JSON
files with machine, versions and command, or the folder of a study. The board's clocks and limits are left as they are.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

os.environ.update({"HF_HUB_OFFLINE": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"})

import evidence_power
import evidence_studies
import numpy as np
import torch
from contenders import CONTENDERS, Task

from raystudy.power import Opened, open_meters
from raystudy.power.sampler import Sampler
from raystudy.record.energy import belongs, energies
from raystudy.record.outcome import Span
from raystudy.record.totals import totals
from raystudy.study import Metering, Recipe, Resources
from raystudy.sweep.provenance import versions
from raystudy.training import models
from raystudy.training.ceiling import flops_ceiling_per_s
from raystudy.training.loop import train
from raystudy.training.optimizer import DTYPES
from raystudy.training.placement import Placement, place
from raystudy.training.sequences import Sequences


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where an item runs, and how large; instruments are opened when first asked for: others may be probing them."""

    out: Path
    tiny: bool
    until_s: float
    """When it is ended, monotonic clock."""

    @cached_property
    def placement(self) -> Placement:
        """The GPU where there is one, else the CPU."""
        gpu = torch.cuda.is_available()
        return place(Resources(gpus=int(gpu), cpus=len(os.sched_getaffinity(0)), exclusive=False))

    @cached_property
    def opened(self) -> Opened:
        """The instruments of this machine."""
        return open_meters(Metering())

    @cached_property
    def sampler(self) -> Sampler:
        """What reads them; asked for before what it is to measure."""
        return Sampler(self.opened.meters, rate_hz=10)

    @property
    def place(self) -> evidence_studies.Place:
        """Placement, sampler and time, as a study takes them."""
        return evidence_studies.Place(placement=self.placement, sampler=self.sampler, until_s=self.until_s)

    @property
    def model(self) -> str:
        """Name the model under test."""
        return "tiny-0.1m" if self.tiny else "tinyllama-1b"

    def joules(self, span: Span) -> dict[str, float | str | None]:
        """Return the energy figure of a span, and how it was had."""
        gpus = frozenset({self.placement.identity} - {"cpu"})
        traces = self.sampler.span(span.start_s, span.end_s, wanted=lambda channel: belongs(channel, gpus))
        figures = energies(traces, [span], exclusive=not gpus)
        total = totals(figures, [span])
        return {
            "energy_j": total.energy_j,
            "energy_u_j": total.energy_u_j,
            "energy_estimated_j": total.energy_estimated_j,
            "scopes": total.energy_scopes,
            "reasons": "; ".join(figure.reason for figure in figures if figure.reason) or None,
        }


def mfu(bench: Bench) -> Iterator[dict[str, Any]]:
    """Time optimizer steps of packed sequences at several batch sizes, compiled or not, and of two peers."""
    bench.sampler.mark()
    context, steps = (64, 6) if bench.tiny else (2048, 12)
    for batch_size in (1, 2) if bench.tiny else (1, 2, 4, 8):
        recipe = Recipe(
            model=bench.model,
            context=context,
            batch_size=batch_size,
            tokens=steps * batch_size * context,
            precision="bf16",
            schedule="constant",
            deterministic=False,
        )
        yield _timed(bench, recipe.model_copy(update={"compile": True}), "raystudy")
        for name in CONTENDERS:
            yield _timed(bench, recipe, name)


def p1_setting(bench: Bench) -> Iterator[dict[str, Any]]:
    """Compare joules per processed token of the published setting with a packed one."""
    bench.sampler.mark()
    tokens = 2_000 if bench.tiny else 40_000
    stories = {"corpus": "stories", "corpus_documents": 300 if bench.tiny else 2_000, "eval_tokens": 2_000}
    common = {"model": bench.model, "tokens": tokens, "schedule": "constant", "warmup_fraction": 0.0} | stories
    settings = {
        "P1: truncated to 64, batch 1, fp16 autocast, lr 1e-6": {
            "packing": "truncated", "context": 64, "batch_size": 1, "precision": "fp16", "learning_rate": 1e-6,
        },
        "packed, 512 x 8, bf16": {"context": 64 if bench.tiny else 512, "batch_size": 8, "precision": "bf16"},
    }  # fmt: skip
    for name, setting in settings.items():
        outcome = train(Recipe.model_validate(common | setting), seed=1, placement=bench.placement)
        spans = [span for span in outcome.spans if span.name == "train"]
        energy = bench.joules(spans[0])
        joules = energy["energy_j"] or energy["energy_estimated_j"]
        yield {
            "setting": name,
            "tokens_seen": outcome.tokens_seen,
            "tokens_padding": outcome.tokens_padding,
            "tokens_per_s": outcome.tokens_seen / outcome.train_s,
            "mfu": outcome.mfu,
            **energy,
            "j_per_token": joules / outcome.tokens_seen if isinstance(joules, float) else None,
        }


def p1_small(bench: Bench) -> Iterator[dict[str, Any]]:
    """Run P1 in small, and conclude."""
    text = evidence_studies.p1_small(bench.place, model=bench.model, tiny=bench.tiny)
    return evidence_studies.run(text, bench.out / "p1-small", bench.place)


def p2_whole(bench: Bench) -> Iterator[dict[str, Any]]:
    """Run P2 whole, and conclude; its archive is small, and meant for data/example/."""
    text = evidence_studies.p2_whole(bench.place, tiny=bench.tiny)
    return evidence_studies.run(text, bench.out / "p2-whole", bench.place)


def probe(bench: Bench) -> Iterator[dict[str, Any]]:
    """Ask NVML what it does."""
    return evidence_power.probe(tiny=bench.tiny)


def measure(bench: Bench) -> Iterator[dict[str, Any]]:
    """See what `raystudy measure` says of known loads."""
    return evidence_power.measure(tiny=bench.tiny)


ITEMS: dict[str, tuple[Callable[[Bench], Iterator[dict[str, Any]]], float]] = {
    "probe": (probe, 3),
    "measure": (measure, 4),
    "mfu": (mfu, 6),
    "p1-setting": (p1_setting, 3),
    "p1-small": (p1_small, 9),
    "p2-whole": (p2_whole, 9),
}
"""What can be asked for, and its limit in minutes."""


def _timed(bench: Bench, recipe: Recipe, name: str) -> dict[str, Any]:
    """Build the model, let a contender take its steps, and work out rates; a failure is a result too."""
    told: dict[str, Any] = {"who": name, "compile": recipe.compile, "batch_size": recipe.batch_size}
    told |= {"context": recipe.context, "tokens": recipe.tokens}
    device = bench.placement.device
    try:
        source = models.source_of(recipe, allow_hub=False)
        model = models.load(recipe, source, vocabulary=1024, seed=1).to(device)
        task = Task(model=model, sequences=_random_sequences(recipe), recipe=recipe, micro_batch=recipe.batch_size)
        taken = CONTENDERS[name](task)
        rate = recipe.batch_size * recipe.context / statistics.median(taken.durations_s)
        ceiling = flops_ceiling_per_s(device, DTYPES[recipe.precision], bench.placement.threads)
        told |= {
            "tokens_per_s": rate,
            "mfu": rate * models.flops_per_position(model, recipe.context) / ceiling,
            "ceiling_flops_per_s": ceiling,
            "energy_of_steps": len(taken.durations_s),
            **bench.joules(taken.span),
        }
    except Exception as error:  # noqa: BLE001 - out of memory, no compiler: said in the result, and the rest goes on
        told["skipped"] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return told


def _random_sequences(recipe: Recipe) -> Sequences:
    """Return sequences of random tokens: never zeros, which compute faster than data."""
    n = max(64, recipe.batch_size)
    tokens = np.random.default_rng(0).integers(1024, size=n * recipe.context + 1, dtype=np.uint16)
    return Sequences(
        tokens=tokens,
        starts=np.arange(n, dtype=np.int64) * recipe.context,
        lengths=np.full(n, recipe.context + 1, dtype=np.int64),
        context=recipe.context,
        padding=0,
    )


def _run_item(name: str, out: Path, *, tiny: bool) -> None:
    """Run one item in this process; what it has is on disk after each step of it."""
    bench = Bench(out=out, tiny=tiny, until_s=time.monotonic() + 60 * ITEMS[name][1])
    record: dict[str, Any] = {
        "item": name,
        "command": " ".join(["benchmarks/gpu_evidence.py", *sys.argv[1:]]),
        "machine": {key: getattr(bench.placement, key) for key in ("identity", "gpu_name", "threads")},
        "versions": versions(),
        "tiny": tiny,
        "rows": [],
    }
    for row in ITEMS[name][0](bench):
        record["rows"].append(row)
        (out / f"{name}.json").write_text(json.dumps(record, indent=1))
        print(json.dumps(row), flush=True)
    if "sampler" in vars(bench):
        record["meters_not_read"] = dict(bench.opened.reasons)
        bench.sampler.close()
        (out / f"{name}.json").write_text(json.dumps(record, indent=1))


def main() -> None:
    """Run the items asked for, each in a process of its own that is ended at its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(ITEMS), help=f"comma-separated, of {', '.join(ITEMS)}")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/gpu"))
    parser.add_argument("--tiny", action="store_true", help="toy sizes, for a CPU")
    parser.add_argument("--item", choices=ITEMS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.item:
        _run_item(asked.item, asked.out, tiny=asked.tiny)
        return
    for name in asked.only.split(","):
        words = [sys.executable, __file__, "--item", name, "--out", str(asked.out), *(["--tiny"] if asked.tiny else [])]
        try:
            subprocess.run(words, timeout=ITEMS[name][1] * 60, check=True)
        except (subprocess.SubprocessError, KeyError):
            print(f"{name} skipped or cut short: {traceback.format_exc().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
