"""Tokens per second on a CPU: our loop, a plain PyTorch loop and Hugging Face Trainer, on the same model and batches.

    .venv/bin/python benchmarks/train_cpu.py [--steps 20] [--rounds 3] [--threads 2]

The setting is P2's: llama-4m, context 128, micro-batch 2 x accumulation 8, fp32, AdamW, clip 1.0. The two others do as
they are told, eight passes a step; ours does one pass of sixteen, which is the same sum. The contenders take turns, so
that a noisy machine is noisy for all; the table gives medians, ratios to Trainer, and the loss each ends at.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from rich.console import Console
from rich.table import Table
from torch.nn import functional

from raystudy.study import Recipe
from raystudy.training import models
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
Batches = list[tuple[torch.Tensor, torch.Tensor]]


def ours(model: torch.nn.Module, sequences: Sequences, batches: Batches) -> list[float]:
    """Train with raystudy's steps; returns the loss of each."""
    recipe = RECIPE.model_copy(update={"tokens": len(batches) * RECIPE.batch_size * RECIPE.context})
    losses: list[float] = []
    steps = Steps(model, sequences, recipe, seed=SEED, sequences_a_pass=recipe.batch_size)
    steps.until(float("inf"), lambda now: losses.append(now.progress.loss))
    return losses


def plain(model: torch.nn.Module, _: Sequences, batches: Batches) -> list[float]:
    """Train as a tutorial does: eight backward passes, then a step."""
    adamw = torch.optim.AdamW(model.parameters(), lr=RECIPE.learning_rate, betas=(0.9, 0.95), weight_decay=0.0)
    losses = []
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
    return losses


def trainer(model: torch.nn.Module, _: Sequences, batches: Batches) -> list[float]:
    """Train with Hugging Face Trainer."""
    from transformers import Trainer, TrainingArguments
    from transformers.utils import logging

    logging.set_verbosity_error()
    rows = [
        {"input_ids": one, "labels": wanted, "shift_labels": wanted}
        for inputs, targets in batches
        for one, wanted in zip(inputs, targets, strict=True)
    ]

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
        running = InOrder(model=model, args=arguments, train_dataset=rows)
        running.remove_callback(__import__("transformers").PrinterCallback)
        running.train()
        return [entry["loss"] for entry in running.state.log_history if "loss" in entry]


CONTENDERS: dict[str, Callable[[torch.nn.Module, Sequences, Batches], list[float]]] = {
    "raystudy": ours,
    "plain PyTorch": plain,
    "HF Trainer": trainer,
}


def main() -> None:
    """Run all contenders in turn and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20, help="optimizer steps of 2,048 tokens a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    corpus = prepare(RECIPE, tokenizer="bpe-4096")
    sequences = sequences_of(corpus, RECIPE)
    order = DataOrder(len(sequences), SEED)
    batches = [
        (torch.from_numpy(inputs), torch.from_numpy(targets))
        for inputs, targets in (sequences.rows(order.take(RECIPE.batch_size)) for _ in range(asked.steps + 1))
    ]
    probe, batches = batches[-1], batches[:-1]
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    losses: dict[str, list[float]] = {}
    ends: dict[str, float] = {}
    source = models.source_of(RECIPE, allow_hub=False)
    for _ in range(asked.rounds):
        for name, contender in CONTENDERS.items():
            model = models.load(RECIPE, source, vocabulary=corpus.vocabulary, seed=SEED)
            started_s = time.perf_counter()
            losses[name] = contender(model, sequences, batches)
            rates[name].append(asked.steps * RECIPE.batch_size * RECIPE.context / (time.perf_counter() - started_s))
            with torch.inference_mode():
                logits = model(input_ids=probe[0]).logits
            ends[name] = functional.cross_entropy(logits.flatten(0, 1), probe[1].flatten()).item()
    show(rates, losses, ends, asked.threads)


def show(rates: dict[str, list[float]], losses: dict[str, list[float]], ends: dict[str, float], threads: int) -> None:
    """Print medians, their spread, and ratios."""
    table = Table(title=f"llama-4m, fp32, 2 x 8 x 128 tokens a step, {threads} threads")
    for column in ("contender", "tokens/s, median", "range", "ratio to Trainer", "last step's loss", "loss after"):
        table.add_column(column, justify="left" if column == "contender" else "right")
    base = statistics.median(rates["HF Trainer"])
    for name, seen in rates.items():
        middle = statistics.median(seen)
        table.add_row(
            name,
            f"{middle:,.0f}",
            f"{min(seen):,.0f}-{max(seen):,.0f}",
            f"{middle / base:.2f}",
            f"{losses[name][-1]:.6f}",
            f"{ends[name]:.6f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
