"""All that a training works on, made ready before its first step: corpus, model, optimizer, the device's ceiling."""

from dataclasses import dataclass
from typing import Any

import torch

from raystudy.study import Recipe
from raystudy.training import memory, models
from raystudy.training.ceiling import flops_ceiling_per_s
from raystudy.training.checkpoint import Since, open_state
from raystudy.training.optimizer import DTYPES
from raystudy.training.placement import Placement
from raystudy.training.sequences import Heldout, Sequences, heldout_windows, sequences_of
from raystudy.training.steps import Steps
from raystudy.training.tokens import Corpus, prepare


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """All that a training works on."""

    model: torch.nn.Module
    corpus: Corpus
    sequences: Sequences
    heldout: Heldout
    steps: Steps
    flops_per_position: float
    flops_ceiling_per_s: float
    reasons: dict[str, str]


def load(recipe: Recipe, *, seed: int, placement: Placement, allow_hub: bool, since: Since | None) -> Loaded:
    """
    Prepare corpus, model and optimizer, and measure the ceiling; a training that goes on starts from its state.

    Weights and dropout come from the recipe's init_seed, the order of the data from its order_seed; where it does not
    give one, from `seed`.
    """
    init_seed = seed if recipe.init_seed is None else recipe.init_seed
    order_seed = seed if recipe.order_seed is None else recipe.order_seed
    torch.use_deterministic_algorithms(recipe.deterministic)
    source = models.source_of(recipe, allow_hub=allow_hub)
    corpus = prepare(recipe, tokenizer=source.tokenizer, tokenizer_file=source.tokenizer_file, allow_hub=allow_hub)
    model = models.load(recipe, source, vocabulary=corpus.vocabulary, seed=init_seed).to(placement.device)
    model.train()
    sequences = sequences_of(corpus, recipe)
    a_pass, why = memory.sequences_a_pass(recipe, placement.device)
    trained: Any = torch.compile(model) if recipe.compile else model
    steps = Steps(trained, sequences, recipe, order_seed=order_seed, sequences_a_pass=a_pass)
    if recipe.compile or placement.device.type == "cuda":
        steps.warm_up()
    ceiling = flops_ceiling_per_s(placement.device, DTYPES[recipe.precision], placement.threads)
    # Dropout starts here, whatever was drawn before: warm-up, a ceiling measured or remembered.
    torch.manual_seed(init_seed)
    if since is not None:
        steps.restore(open_state(since.state_file, fingerprint=corpus.fingerprint))
    memory.forget_peak(placement.device)
    return Loaded(
        model=model,
        corpus=corpus,
        sequences=sequences,
        heldout=heldout_windows(corpus, recipe.context, recipe.eval_tokens),
        steps=steps,
        flops_per_position=models.flops_per_position(model, recipe.context),
        flops_ceiling_per_s=ceiling,
        reasons=placement.reasons
        | {"tokenizer": source.tokenizer, "sequences a pass": f"{steps.sequences_a_pass}: {why}"},
    )
