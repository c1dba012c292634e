"""Tokens per second on a CPU: our loop, a plain PyTorch loop and Hugging Face Trainer, on the same model and batches.

    .venv/bin/python benchmarks/train_cpu.py [--steps 20] [--rounds 5] [--threads 2]

The setting is P2's: llama-4m, context 128, micro-batch 2 x accumulation 8, fp32, AdamW, clip 1.0. The two others do as
they are told, eight passes a step; ours merges them into one of sixteen sequences, which is the same sum. Contenders
take turns, each in a process of its own, so that a noisy machine is noisy for all and no setting leaks; the losses show
that all compute the same thing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from contenders import CONTENDERS, SEED, Task
from rich.console import Console
from rich.table import Table

from raystudy.study import Recipe, Resources
from raystudy.training import models
from raystudy.training.placement import place
from raystudy.training.sequences import sequences_of
from raystudy.training.tokens import prepare

RECIPE = Recipe(
    model="llama-4m",
    tokenizer="bpe-4096",
    context=128,
    batch_size=16,
    learning_rate=4e-4,
    schedule="constant",
    warmup_fraction=0.0,
    weight_decay=0.0,  # Trainer spares some parameters from decay; without it all three do the same arithmetic
)
MICRO_BATCH = 2
STEP_TOKENS = RECIPE.batch_size * RECIPE.context


def run_one(name: str, steps: int, threads: int) -> None:
    """Let one contender train in this process, and print what it did as JSON."""
    torch.set_num_threads(threads)
    if name == "raystudy":
        place(Resources(cpus=threads, exclusive=False))
    recipe = RECIPE.model_copy(update={"tokens": steps * STEP_TOKENS})
    corpus = prepare(recipe, tokenizer="bpe-4096")
    source = models.source_of(recipe, allow_hub=False)
    model = models.load(recipe, source, vocabulary=corpus.vocabulary, seed=SEED)
    task = Task(model=model, sequences=sequences_of(corpus, recipe), recipe=recipe, micro_batch=MICRO_BATCH)
    taken = CONTENDERS[name](task)
    print(json.dumps({"losses": taken.losses, "durations_s": taken.durations_s}))


def main() -> None:
    """Run all contenders in turn and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20, help="optimizer steps of 2,048 tokens a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contender:
        run_one(asked.contender, asked.steps, asked.threads)
        return
    durations_s: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    losses: dict[str, list[float]] = {}
    for _ in range(asked.rounds):
        for name in CONTENDERS:
            words = [
                sys.executable,
                __file__,
                "--contender",
                name,
                f"--steps={asked.steps}",
                f"--threads={asked.threads}",
            ]
            said = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
            told = json.loads(said.splitlines()[-1])
            losses[name] = told["losses"]
            durations_s[name] += told["durations_s"]
    show(durations_s, losses, asked.threads)


def show(durations_s: dict[str, list[float]], losses: dict[str, list[float]], threads: int) -> None:
    """Print rates, ratios, and how far the losses are apart."""
    table = Table(title=f"llama-4m, fp32, 2 x 8 x 128 tokens a step, {threads} threads")
    for column in ("contender", "tokens/s, median step", "quartiles", "ratio to Trainer", "last loss", "largest gap"):
        table.add_column(column, justify="left" if column == "contender" else "right")
    base = statistics.median(durations_s["HF Trainer"])
    for name, seen_s in durations_s.items():
        low, middle, high = statistics.quantiles(seen_s, n=4)
        gap = max(abs(a - b) for a, b in zip(losses[name], losses["HF Trainer"], strict=True))
        table.add_row(
            name,
            f"{STEP_TOKENS / middle:,.0f}",
            f"{STEP_TOKENS / high:,.0f} - {STEP_TOKENS / low:,.0f}",
            f"{base / middle:.2f}",
            f"{losses[name][-1]:.6f}",
            f"{gap:.1e}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
