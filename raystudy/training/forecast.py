"""What a recipe will take, told without training it: tokens, repetition, evaluations, FLOPs. Imports no torch."""

import math
from dataclasses import dataclass

from raystudy.study import Recipe
from raystudy.training.models import Source, refuse_misfit
from raystudy.training.sequences import sequences_of
from raystudy.training.shapes import shape_of
from raystudy.training.tokens import Corpus


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What a recipe will take; null where only running it tells."""

    tokens: int
    """That will be trained on, padding not counted, rounded up to whole steps."""
    padding_share: float
    """Of the positions computed on."""
    steps: int
    evaluations: int
    """Before the first token, where the recipe asks for them, and at the end."""
    unique_tokens: int
    """Distinct training tokens that will be seen."""
    epochs: float
    heldout_tokens: int
    """That the corpus holds for evaluation."""
    flops: float | None
    """Of the training."""


def forecast(recipe: Recipe, corpus: Corpus, source: Source) -> Forecast:
    """Work out what a recipe will take on a prepared corpus; raises ModelError where the two do not fit."""
    sequences = sequences_of(corpus, recipe)
    tokens_a_step = recipe.batch_size * sequences.tokens_in_set / len(sequences)
    budget = sequences.budget_tokens(recipe)
    steps = math.ceil(budget / tokens_a_step)
    tokens = round(steps * tokens_a_step) if recipe.tokens else budget
    positions = tokens * len(sequences) * recipe.context / sequences.tokens_in_set
    refuse_misfit(recipe, source, vocabulary=corpus.vocabulary)
    shape = source.shape or shape_of(str(source.folder))
    return Forecast(
        tokens=tokens,
        padding_share=1 - tokens / positions,
        steps=steps,
        evaluations=1 + min(steps, math.ceil(budget / (recipe.eval_every_tokens or budget))),
        unique_tokens=min(tokens, sequences.tokens_in_set),
        epochs=tokens / sequences.tokens_in_set,
        heldout_tokens=int(corpus.heldout_offsets[-1]),
        flops=shape.flops_per_position(recipe.context) * positions if shape else None,
    )
