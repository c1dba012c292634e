"""How good a model is: held-out loss by document, with an interval by bootstrap over documents."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from raystudy.errors import DivergedError
from raystudy.record.labelled import Answered
from raystudy.study import Recipe
from raystudy.training.optimizer import autocast
from raystudy.training.sequences import Heldout
from raystudy.training.tokens import Corpus

SENTENCE = "The quick brown fox jumps over the lazy dog."
"""P1's whole evaluation set."""

_RESAMPLES = 2000
_LARGEST_LOSS = 700.0  # exp of more is no float
_POSITIONS_AT_ONCE = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """The loss on held-out documents, or examples."""

    loss: float
    """Nats per token."""
    low: float
    """2.5 % bound."""
    high: float
    """97.5 % bound."""
    bits_per_byte: float
    tokens: int
    documents: int
    answers: tuple[Answered, ...] = ()
    """One for each held-out example; none for text."""


def score(model: torch.nn.Module, heldout: Heldout, recipe: Recipe) -> Score:
    """
    Evaluate a model on held-out windows; whatever mode it is in, it is left in training mode.

    Raises DivergedError where the model has become useless.
    """
    losses = _losses(model, heldout, recipe)
    kept = heldout.documents >= 0
    document_losses = np.bincount(heldout.documents[kept], weights=losses[kept], minlength=heldout.n_documents)
    document_tokens = np.bincount(heldout.documents[kept], minlength=heldout.n_documents)
    return ratio_score(document_losses, document_tokens, n_bytes=heldout.n_bytes)


def ratio_score(losses: np.ndarray, tokens: np.ndarray, *, n_bytes: int, answers: tuple[Answered, ...] = ()) -> Score:
    """
    Return the loss over all documents from the nats and the tokens of each.

    Raises DivergedError where the loss is no number, or one whose perplexity is none.
    """
    loss = losses.sum() / tokens.sum()
    if not loss < _LARGEST_LOSS:
        raise DivergedError(f"The held-out loss is {loss:.4g} nats per token. Lower learning_rate or clip_norm.")
    low, high = bootstrap_interval(losses, tokens)
    bits = losses.sum() / math.log(2)
    return Score(
        loss=float(loss),
        low=low,
        high=high,
        bits_per_byte=float(bits / n_bytes),
        tokens=int(tokens.sum()),
        documents=len(tokens),
        answers=answers,
    )


def bootstrap_interval(losses: np.ndarray, tokens: np.ndarray) -> tuple[float, float]:
    """
    Return the 95 % percentile interval of sum(losses) / sum(tokens) over resampled documents.

    Documents, not tokens, are resampled: tokens of one document are not independent. The seed is fixed, so that one
    model on one corpus has one interval.
    """
    rng = np.random.default_rng(0)
    n = len(losses)
    ratios = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(n, size=n)
        ratios.append(losses[drawn].sum() / tokens[drawn].sum())
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def sentence_perplexity(model: torch.nn.Module, corpus: Corpus, recipe: Recipe) -> float:
    """Return exp(mean token cross-entropy) of P1's one sentence; the model is left in training mode."""
    device = next(model.parameters()).device
    ids = torch.tensor([corpus.encode(SENTENCE)], device=device)
    model.eval()
    with torch.inference_mode(), autocast(recipe, device):
        logits = model(input_ids=ids[:, :-1], use_cache=False).logits
    model.train()
    return math.exp(functional.cross_entropy(logits[0].float(), ids[0, 1:]).item())


def _losses(model: torch.nn.Module, heldout: Heldout, recipe: Recipe) -> np.ndarray:
    """Return the loss at each target, nats, shape (windows, context)."""
    device = next(model.parameters()).device
    at_once = max(1, _POSITIONS_AT_ONCE // heldout.inputs.shape[1])
    losses = []
    model.eval()
    with torch.inference_mode(), autocast(recipe, device):
        for start in range(0, len(heldout.inputs), at_once):
            inputs = torch.from_numpy(heldout.inputs[start : start + at_once]).to(device)
            targets = torch.from_numpy(heldout.targets[start : start + at_once]).to(device)
            logits = model(input_ids=inputs, use_cache=False).logits.float()
            losses.append(functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").cpu())
    model.train()
    return torch.cat(losses).view(heldout.targets.shape).double().numpy()
