"""Tokens per second on a CPU: our loop, a plain PyTorch loop and Hugging Face Trainer, on the same model and batches.

    .venv/bin/python benchmarks/train_cpu.py [--steps 20] [--rounds 5] [--threads 2]

The setting is P2's: llama-4m, context 128, micro-batch 2 x accumulation 8, fp32, AdamW, clip 1.0. The two others do as
they are told, eight passes a step; ours merges them into one of sixteen sequences, which is the same sum. Contenders
take turns, each in a process of its own, so that a noisy machine is noisy for all and no setting leaks. The rate is
that of the median step, the first three of a process left out; the losses show that all compute the same thing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from rich.console import Console
from rich.table import Table
from torch.nn import functional

from raystudy.study import Recipe, Resources
from raystudy.training import models
from raystudy.training.memory import sequences_a_pass
from raystudy.training.placement import place
from raystudy.training.sequences import DataOrder, Sequences, sequences_of
from raystudy.training.steps import Steps
from raystudy.training.tokens import prepare

MICRO_BATCH, ACCUMULATION, SEED = 2, 8, 101
RECIPE = Recipe(
    model="llama-4m",
    tokenizer="bpe-4096",
    context=128,
    batch_size=MICRO_BATCH * ACCUMULATION,
    learning_rate=4e-4,
    schedule="constant",
    warmup_fraction=0.0,
    weight_decay=0.0,  # Trainer spares some parameters from decay; without it all three do the same arithmetic
)
WARM_UP_STEPS = 3
Batches = list[tuple[torch.Tensor, torch.Tensor]]
Trained = tuple[list[float], list[float]]
"""The loss of each step, and when it ended, seconds."""


def ours(model: torch.nn.Module, sequences: Sequences, batches: Batches) -> Trained:
    """Train with raystudy's steps, placed as a trial is."""
    place(Resources(cpus=torch.get_num_threads(), exclusive=False))
    recipe = RECIPE.model_copy(update={"tokens": len(batches) * RECIPE.batch_size * RECIPE.context})
    losses: list[float] = []
    ends_s: list[float] = []

    def note(steps: Steps) -> None:
        losses.append(steps.progress.loss)
        ends_s.append(time.perf_counter())

    a_pass, _ = sequences_a_pass(recipe, torch.device("cpu"))
    Steps(model, sequences, recipe, seed=SEED, sequences_a_pass=a_pass).until(float("inf"), note)
    return losses, ends_s


def plain(model: torch.nn.Module, _: Sequences, batches: Batches) -> Trained:
    """Train as a tutorial does: eight backward passes, then a step."""
    adamw = torch.optim.AdamW(model.parameters(), lr=RECIPE.learning_rate, betas=(0.9, 0.95), weight_decay=0.0)
    losses, ends_s = [], []
    for inputs, targets in batches:
        total = 0.0
        for some, wanted in zip(inputs.split(MICRO_BATCH), targets.split(MICRO_BATCH), strict=True):
            logits = model(input_ids=some).logits
            loss = functional.cross_entropy(logits.flatten(0, 1), wanted.flatten()) / ACCUMULATION
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE.clip_norm)
        adamw.step()
        adamw.zero_grad()
        losses.append(total)
        ends_s.append(time.perf_counter())
    return losses, ends_s


def trainer(model: torch.nn.Module, _: Sequences, batches: Batches) -> Trained:
    """Train with Hugging Face Trainer."""
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
    from transformers.utils import logging

    logging.set_verbosity_error()
    ends_s: list[float] = []
    rows = [
        {"input_ids": one, "labels": wanted, "shift_labels": wanted}
        for inputs, targets in batches
        for one, wanted in zip(inputs, targets, strict=True)
    ]

    class Note(TrainerCallback):
        """Notes when steps end."""

        def on_step_end(self, *_: object, **__: object) -> None:
            ends_s.append(time.perf_counter())

    class InOrder(Trainer):
        """Trainer that takes the rows as they come."""

        def _get_train_sampler(self, *_: object) -> torch.utils.data.Sampler[int]:
            return torch.utils.data.SequentialSampler(rows)

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=MICRO_BATCH,
            gradient_accumulation_steps=ACCUMULATION,
            max_steps=len(batches),
            learning_rate=RECIPE.learning_rate,
            lr_scheduler_type="constant",
            adam_beta2=0.95,
            weight_decay=0.0,
            max_grad_norm=RECIPE.clip_norm,
            save_strategy="no",
            logging_steps=1,
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            use_cpu=True,
        )
        running = InOrder(model=model, args=arguments, train_dataset=rows, callbacks=[Note()])
        running.remove_callback(PrinterCallback)
        running.train()
        return [entry["loss"] for entry in running.state.log_history if "loss" in entry], ends_s


CONTENDERS: dict[str, Callable[[torch.nn.Module, Sequences, Batches], Trained]] = {
    "raystudy": ours,
    "plain PyTorch": plain,
    "HF Trainer": trainer,
}


def run_one(name: str, steps: int, threads: int) -> None:
    """Let one contender train in this process, and print what it did as JSON."""
    torch.set_num_threads(threads)
    corpus = prepare(RECIPE, tokenizer="bpe-4096")
    sequences = sequences_of(corpus, RECIPE)
    order = DataOrder(len(sequences), SEED)
    batches = [
        (torch.from_numpy(inputs), torch.from_numpy(targets))
        for inputs, targets in (sequences.rows(order.take(RECIPE.batch_size)) for _ in range(steps))
    ]
    source = models.source_of(RECIPE, allow_hub=False)
    model = models.load(RECIPE, source, vocabulary=corpus.vocabulary, seed=SEED)
    losses, ends_s = CONTENDERS[name](model, sequences, batches)
    durations_s = [after - before for before, after in pairwise(ends_s[WARM_UP_STEPS:])]
    print(json.dumps({"losses": losses, "durations_s": durations_s}))


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
            told = json.loads(
                subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
            )
            losses[name] = told["losses"]
            durations_s[name] += told["durations_s"]
    show(durations_s, losses, asked.threads)


def show(durations_s: dict[str, list[float]], losses: dict[str, list[float]], threads: int) -> None:
    """Print rates, ratios, and how far the losses are apart."""
    table = Table(title=f"llama-4m, fp32, 2 x 8 x 128 tokens a step, {threads} threads")
    for column in ("contender", "tokens/s, median step", "quartiles", "ratio to Trainer", "last loss", "largest gap"):
        table.add_column(column, justify="left" if column == "contender" else "right")
    tokens, base = RECIPE.batch_size * RECIPE.context, statistics.median(durations_s["HF Trainer"])
    for name, seen_s in durations_s.items():
        low, middle, high = statistics.quantiles(seen_s, n=4)
        gap = max(abs(a - b) for a, b in zip(losses[name], losses["HF Trainer"], strict=True))
        table.add_row(
            name,
            f"{tokens / middle:,.0f}",
            f"{tokens / high:,.0f} - {tokens / low:,.0f}",
            f"{base / middle:.2f}",
            f"{losses[name][-1]:.6f}",
            f"{gap:.1e}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
