"""How well a model answers held-out examples: the log-likelihood of each choice after its prompt; the greatest wins.

Examples ──laid out──▶ batches ──model──▶ log-likelihoods of choices and prompts ──score_by──▶ answers, loss
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from raystudy.record.labelled import Answered
from raystudy.study import Recipe
from raystudy.training.corpora.prepared import Counts
from raystudy.training.evaluate import Score, ratio_score
from raystudy.training.optimizer import autocast
from raystudy.training.questions import PROMPT, Batch, laid_out, n_evaluated
from raystudy.training.tasks.prepared import Task

Logliks = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """The held-out examples that a training is evaluated on."""

    task: Task
    n: int
    """The first so many; they stand in the order of their hashes, so they are a fair sample."""
    batches: tuple[Batch, ...] = field(repr=False)
    shared: bool
    """Whether the choices of an example share one sequence."""


def questions_of(task: Task, recipe: Recipe, model: torch.nn.Module) -> Questions:
    """Take the first held-out examples that hold `eval_tokens` tokens, laid out as the model takes them."""
    n, shared = n_evaluated(task.heldout, recipe.eval_tokens), _takes_masks(model, task)
    with_prompts = recipe.loss_on == "all" or recipe.score_by == "whole"
    batches = laid_out(task, range(n), shared=shared, with_prompts=with_prompts)
    return Questions(task=task, n=n, batches=batches, shared=shared)


def score_answers(model: torch.nn.Module, questions: Questions, recipe: Recipe) -> Score:
    """
    Evaluate a model on held-out examples; whatever mode it is in, it is left in training mode.

    The loss is that of the tokens which are learnt, of right answers or of all. Raises DivergedError as for text.
    """
    examples, n = questions.task.heldout, questions.n
    device = next(model.parameters()).device
    with autocast(recipe, device):
        choices, prompts = logliks(model, questions.task, questions.batches)
    right = choices[examples.right[:n]]
    tokens, n_bytes = examples.choice_lengths[examples.right[:n]], examples.answer_bytes[:n]
    losses = -right
    if recipe.loss_on == "all":
        losses, tokens = losses - prompts[:n], examples.lengths[:n]
        n_bytes = n_bytes + examples.prompt_bytes[:n]
    correct = _chosen(questions, recipe, choices, prompts) == examples.answers[:n]
    told = zip(correct.tolist(), right.tolist(), strict=True)
    answers = tuple(Answered(correct=is_right, loglik=loglik) for is_right, loglik in told)
    return ratio_score(losses, tokens, n_bytes=int(n_bytes.sum()), answers=answers)


def logliks(model: torch.nn.Module, task: Task, batches: tuple[Batch, ...]) -> tuple[Logliks, Logliks]:
    """
    Return the log-likelihood of each choice (all choices,) and of each prompt (held-out examples,), nats.

    What is in no batch stays 0. The model is left in training mode.
    """
    n_choices = int(task.heldout.first_choices[-1])
    sums = np.zeros(n_choices + len(task.heldout))
    model.eval()
    try:
        with torch.inference_mode():
            for batch in batches:
                sums += np.bincount(batch.sums, weights=_logliks(model, batch), minlength=len(sums))
    finally:
        model.train()
    return sums[:n_choices], sums[n_choices:]


def _logliks(model: torch.nn.Module, batch: Batch) -> Logliks:
    """Return the log-probability of each target of a batch, nats."""
    device = next(model.parameters()).device
    logits = model(**_inputs(batch, device), use_cache=False).logits
    rows, places, targets = (torch.from_numpy(each).to(device) for each in (batch.rows, batch.places, batch.targets))
    losses = functional.cross_entropy(logits[rows, places].float(), targets, reduction="none")
    return -losses.double().cpu().numpy()


def _inputs(batch: Batch, device: torch.device) -> dict[str, torch.Tensor]:
    """
    Return what a model reads; a mask only where choices share a sequence.

    The mask is added to the attention's logits. For models of the Llama family transformers 4.50 to 5.23 pass one of
    four dimensions on as it is, the earlier of these no bool. No row is -inf throughout: each position sees itself.
    """
    told = {"input_ids": torch.from_numpy(batch.inputs).to(device)}
    if (batch.parts <= PROMPT).all():
        return told
    parts = torch.from_numpy(batch.parts).to(device)
    of_prompt, same = (parts == PROMPT)[:, None, :], parts[:, None, :] == parts[:, :, None]
    sees = torch.ones_like(same[0]).tril() & (of_prompt | same)
    return told | {
        "attention_mask": torch.zeros(sees.shape, device=device).masked_fill(~sees, -math.inf)[:, None],
        "position_ids": torch.from_numpy(batch.positions).to(device),
    }


def _takes_masks(model: torch.nn.Module, task: Task) -> bool:
    """Whether choices that share a sequence do not see each other; tried with the example that has the longest ones."""
    of_example = np.add.reduceat(task.heldout.choice_lengths, task.heldout.first_choices[:-1])
    widest = [int(of_example.argmax())]
    apart, _ = logliks(model, task, laid_out(task, widest, shared=False, with_prompts=False))
    try:
        shared, _ = logliks(model, task, laid_out(task, widest, shared=True, with_prompts=False))
    except (TypeError, ValueError, RuntimeError):  # no such argument, or none of this shape
        return False
    return bool(np.allclose(shared, apart, rtol=1e-4, atol=1e-4))


def _chosen(questions: Questions, recipe: Recipe, choices: Logliks, prompts: Logliks) -> Counts:
    """Return the choice of each example that the model finds likeliest, of equals the first."""
    examples = questions.task.heldout
    ranked = choices
    if recipe.score_by == "mean":
        ranked = choices / examples.choice_lengths
    elif recipe.score_by == "whole":
        of_prompt = np.repeat(np.stack([prompts, examples.prompt_lengths]), examples.n_choices, axis=1)
        ranked = (choices + of_prompt[0]) / (examples.choice_lengths + of_prompt[1])
    first = examples.first_choices
    return np.array([ranked[first[i] : first[i + 1]].argmax() for i in range(questions.n)])
