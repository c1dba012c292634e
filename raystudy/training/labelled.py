"""What a training on labelled examples took, and what its observation tells of it besides.

recipe, seeds, sample, weights ──▶ Taken ──with the answers before and after──▶ Labelled
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from raystudy.record.labelled import Answered, HeldoutAnswer, Labelled
from raystudy.record.schema import Float32
from raystudy.stats.proportion import wilson
from raystudy.study import Recipe
from raystudy.study.recipe import CORPUS_FIELDS
from raystudy.training.evaluate import Score, bootstrap_interval
from raystudy.training.sequences import Sequences, sequences_of_examples
from raystudy.training.tasks.prepared import Task
from raystudy.training.tasks.samplers import Sample, sample

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_TOLD_OTHERWISE = {
    *("model", "pretrained", "tokenizer", "heldout_fraction", *CORPUS_FIELDS),  # by the sums of what they lead to
    *("sampler", "unique_tokens", "unique_fraction", "group_column"),  # by the tokens of the sample
    *("prompt", "answer_as", "loss_on"),  # by these tokens, and by how many of them are not learnt
    *("init_seed", "order_seed", "epochs"),  # by what is in force
    *("packing", "sentence_perplexity"),  # not read with examples
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What a training starts from."""

    task: Task
    sample: Sample
    sequences: Sequences = field(repr=False)
    """Of the sample."""
    base_sha256: str
    """Of the weights before adapters and training."""
    ran_sha256: str
    """Of all that decides what it becomes."""


def taken(task: Task, recipe: Recipe, model: "PreTrainedModel", *, init_seed: int, order_seed: int) -> Taken:
    """
    Choose the examples by the order seed, and name what will run; the model has no adapters yet.

    Two trainings have one `ran_sha256` where nothing that they read differs: the same sequences in the same order, the
    same weights at the start, and the same settings, of those in force. Trials that agree in it are copies.
    """
    chosen, base_sha256 = sample(task.train, recipe, seed=order_seed, name=task.name), weights_sha256(model)
    sequences = sequences_of_examples(task, chosen, recipe)
    decides = {
        "settings": settings_in_force(recipe),
        "sequences": _sequences_sha256(sequences),
        "order_seed": order_seed,  # a set of sequences is seen in one order at one seed: they stand sorted
        "init_seed": init_seed if recipe.finetuning == "lora" or _has_dropout(model) else None,
        "weights": base_sha256,
        "corpus": task.fingerprint,
        "tokenizer": task.tokenizer_fingerprint,
    }
    ran_sha256 = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    return Taken(task=task, sample=chosen, sequences=sequences, base_sha256=base_sha256, ran_sha256=ran_sha256)


def settings_in_force(recipe: Recipe) -> dict[str, object]:
    """Return the settings that a training on examples reads, where sequences, seeds and weights are known."""
    unread = {
        "lora_rank": recipe.finetuning != "lora",
        "lora_alpha": recipe.finetuning != "lora",
        "stop_patience": recipe.stop == "budget",
        "stop_j_per_nat": recipe.stop != "energy",
        "eval_tokens": recipe.stop == "budget",  # what only evaluates changes no weight
        "eval_every_tokens": recipe.stop == "budget",
        "decay_fraction": recipe.schedule != "wsd",
        "final_learning_rate_fraction": recipe.schedule == "constant",
    }
    settings = recipe.model_dump(exclude=_TOLD_OTHERWISE | {name for name in unread if unread[name]})
    return settings | {"epochs": None if recipe.tokens else recipe.epochs or 1}


def _sequences_sha256(sequences: Sequences) -> str:
    """Return the sha256 over the tokens of all sequences, their lengths, and which of them are learnt."""
    told = hashlib.sha256()
    for array in (sequences.tokens, sequences.lengths, sequences.unlearnt):
        told.update(b"all" if array is None else np.asarray(array, dtype="<i8").tobytes())
    return told.hexdigest()


def _has_dropout(model: "PreTrainedModel") -> bool:
    """Whether a training draws at random what it leaves out; only then is the initial seed read after the weights."""
    rates = [value for name, value in model.config.to_dict().items() if "drop" in name]
    return any(isinstance(rate, float) and rate > 0 for rate in rates)


def weights_sha256(model: torch.nn.Module) -> str:
    """Return the sha256 over name and bytes of each parameter on the CPU; 135 M of them take 0.4 s."""
    told = hashlib.sha256()
    for name, weight in model.named_parameters():
        told.update(name.encode())
        told.update(weight.detach().contiguous().view(torch.uint8).numpy().data)
    return told.hexdigest()


def labelled(took: Taken, model: torch.nn.Module, *, before: Sequence[Answered], after: Score) -> Labelled:
    """Tell which examples were trained on, and how those are answered that were held out, after and before."""
    chosen, heldout, n = took.sample, took.task.heldout, len(after.answers)
    correct, logliks = _correct(after.answers), np.array([each.loglik for each in after.answers])
    low, high = wilson(sum(correct), n)
    loglik_low, loglik_high = bootstrap_interval(logliks, np.ones(n))
    return Labelled(
        ran_sha256=took.ran_sha256,
        base_sha256=took.base_sha256,
        parameters_trained=sum(each.numel() for each in model.parameters() if each.requires_grad),
        train_examples=len(took.task.train),
        sample_budget_tokens=chosen.budget_tokens,
        sample_examples=chosen.examples,
        sample_mean_tokens=chosen.mean_tokens,
        sample_tokens=chosen.tokens,
        sample_distinct=chosen.distinct,
        sample_cut=chosen.cut,
        sample_classes=chosen.classes,
        sample_sha256=chosen.sha256,
        classes=len(took.task.classes),
        heldout_examples=n,
        heldout_cut=int(heldout.cut[:n].sum()),
        accuracy=sum(correct) / n,
        accuracy_low=low,
        accuracy_high=high,
        accuracy_zero_shot=sum(_correct(before)) / n,
        accuracy_majority=_majority(took.task, n),
        accuracy_constant=float(np.bincount(heldout.answer_classes[:n]).max() / n),
        accuracy_chance=float((1 / heldout.n_choices[:n]).mean()),
        answer_loglik=float(logliks.mean()),
        answer_loglik_low=loglik_low,
        answer_loglik_high=loglik_high,
        answer_loglik_zero_shot=sum(each.loglik for each in before) / n,
        heldout_answers=_paired(heldout.names[:n].tolist(), before, after.answers),
    )


def _correct(answers: Sequence[Answered]) -> list[bool]:
    return [each.correct for each in answers]


def _majority(task: Task, n: int) -> float:
    """Return the accuracy of always giving the commonest answer of the training side, the first of equally common."""
    commonest = np.bincount(task.train.answer_classes).argmax()
    return float((task.heldout.answer_classes[:n] == commonest).mean())


def _paired(names: list[str], before: Sequence[Answered], after: Sequence[Answered]) -> tuple[HeldoutAnswer, ...]:
    return tuple(
        HeldoutAnswer(
            example=name,
            correct=then.correct,
            loglik=Float32(then.loglik),
            correct_before=first.correct,
            loglik_before=Float32(first.loglik),
        )
        for name, first, then in zip(names, before, after, strict=True)
    )
