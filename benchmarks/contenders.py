"""Three ways to train one model on the same batches: raystudy's loop, a plain PyTorch loop, Hugging Face Trainer.

Each takes the same sequences in the same order, and gives the loss of each step and when it ended, the device having
finished. What is compared is the median step: nobody's start-up counts.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch.nn import functional

from raystudy.record.outcome import Span
from raystudy.study import Recipe
from raystudy.training.memory import sequences_a_pass
from raystudy.training.optimizer import autocast
from raystudy.training.sequences import DataOrder, Sequences
from raystudy.training.steps import Steps

WARM_UP_STEPS = 3
SEED = 101


@dataclass(frozen=True, kw_only=True)
class Task:
    """A model to train: `recipe.tokens` says how long, `micro_batch` what the two peers are told."""

    model: torch.nn.Module
    sequences: Sequences
    recipe: Recipe
    micro_batch: int

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def n_steps(self) -> int:
        """How many optimizer steps the budget is."""
        return (self.recipe.tokens or 0) // (self.recipe.batch_size * self.recipe.context)

    def batches(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return inputs and targets of each step, on the device."""
        order = DataOrder(len(self.sequences), SEED)
        rows = (self.sequences.rows(order.take(self.recipe.batch_size)) for _ in range(self.n_steps))
        return [(torch.from_numpy(i).to(self.device), torch.from_numpy(t).to(self.device)) for i, t in rows]


@dataclass(frozen=True)
class Taken:
    """What a contender did, step by step."""

    losses: list[float] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)

    def end(self) -> None:
        """Note that a step has ended."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ends_s.append(time.monotonic())

    @property
    def durations_s(self) -> list[float]:
        """How long each step took, the first ones left out."""
        return [after - before for before, after in pairwise(self.ends_s[WARM_UP_STEPS:])]

    @property
    def span(self) -> Span:
        """When the steps that count were taken."""
        return Span(name="train", start_s=self.ends_s[WARM_UP_STEPS], end_s=self.ends_s[-1])


def ours(task: Task) -> Taken:
    """Train with raystudy's steps."""
    done = Taken()
    a_pass, _ = sequences_a_pass(task.recipe, task.device)
    compiled: Any = torch.compile(task.model) if task.recipe.compile else task.model
    steps = Steps(compiled, task.sequences, task.recipe, order_seed=SEED, sequences_a_pass=a_pass)
    if task.recipe.compile or task.device.type == "cuda":
        steps.warm_up()

    def note(now: Steps) -> None:
        done.end()
        done.losses.append(now.progress.loss)

    steps.until(float("inf"), note)
    return done


def plain(task: Task) -> Taken:
    """Train as a tutorial does: a backward pass for each micro-batch, then a step."""
    done, recipe = Taken(), task.recipe
    adamw = torch.optim.AdamW(
        task.model.parameters(),
        lr=recipe.learning_rate,
        betas=(recipe.beta1, recipe.beta2),
        weight_decay=recipe.weight_decay,
    )
    share = task.micro_batch / recipe.batch_size
    for inputs, targets in task.batches():
        total = 0.0
        for some, wanted in zip(inputs.split(task.micro_batch), targets.split(task.micro_batch), strict=True):
            with autocast(recipe, task.device):
                logits = task.model(input_ids=some).logits
            loss = functional.cross_entropy(logits.float().flatten(0, 1), wanted.flatten()) * share
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(task.model.parameters(), recipe.clip_norm)
        adamw.step()
        adamw.zero_grad()
        done.end()
        done.losses.append(total)
    return done


def trainer(task: Task) -> Taken:
    """Train with Hugging Face Trainer."""
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
    from transformers.utils import logging

    logging.set_verbosity_error()
    done, recipe = Taken(), task.recipe
    rows = [
        {"input_ids": one, "labels": wanted, "shift_labels": wanted}
        for inputs, targets in task.batches()
        for one, wanted in zip(inputs.cpu(), targets.cpu(), strict=True)
    ]

    class Note(TrainerCallback):
        """Notes when steps end."""

        def on_step_end(self, *_: object, **__: object) -> None:
            done.end()

    class InOrder(Trainer):
        """Trainer that takes the rows as they come."""

        def _get_train_sampler(self, *_: object) -> torch.utils.data.Sampler[int]:
            return torch.utils.data.SequentialSampler(rows)

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=task.micro_batch,
            gradient_accumulation_steps=recipe.batch_size // task.micro_batch,
            max_steps=task.n_steps,
            learning_rate=recipe.learning_rate,
            lr_scheduler_type="constant",
            adam_beta1=recipe.beta1,
            adam_beta2=recipe.beta2,
            weight_decay=recipe.weight_decay,
            max_grad_norm=recipe.clip_norm,
            bf16=recipe.precision == "bf16",
            save_strategy="no",
            logging_steps=1,
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            use_cpu=task.device.type == "cpu",
        )
        running = InOrder(model=task.model, args=arguments, train_dataset=rows, callbacks=[Note()])
        running.remove_callback(PrinterCallback)
        running.train()
    done.losses.extend(entry["loss"] for entry in running.state.log_history if "loss" in entry)
    return done


CONTENDERS: Mapping[str, Callable[[Task], Taken]] = {
    "raystudy": ours,
    "plain PyTorch": plain,
    "HF Trainer": trainer,
}
