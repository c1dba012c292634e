"""What a recipe will take, told without training it: tokens, repetition, evaluations, FLOPs. Imports no torch."""

import math
from dataclasses import dataclass
from functools import partial

from raystudy.study import Recipe
from raystudy.training.corpora.prepared import Corpus
from raystudy.training.material import Material
from raystudy.training.models import Source, refuse_misfit
from raystudy.training.sequences import DataOrder, Sequences, sequences_of, sequences_of_examples
from raystudy.training.shapes import training_flops
from raystudy.training.tasks.samplers import Sample, sample


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
    sample: Sample | None
    """The examples that will be trained on; null for text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Steps:
    """What the steps of a training add up to; of text as expected, of examples as counted."""

    taken: int
    tokens: int
    positions: float
    pairs: float
    """Positions times the width of their sequence."""


def forecast(recipe: Recipe, material: Material, source: Source, *, seed: int) -> Forecast:
    """
    Work out what a recipe will take on prepared material, whose examples are sampled and ordered from the seed.

    Raises ModelError where recipe and model do not fit, CorpusError where the material does not fill the recipe.
    """
    refuse_misfit(recipe, source, vocabulary=material.vocabulary)
    if isinstance(material, Corpus):
        chosen, sequences = None, sequences_of(material, recipe)
        steps, heldout_tokens = _expected(recipe, sequences), int(material.heldout_offsets[-1])
    else:
        order_seed = seed if recipe.order_seed is None else recipe.order_seed
        chosen = sample(material.train, recipe, seed=order_seed, name=material.name)
        sequences = sequences_of_examples(material, chosen, recipe)
        steps, heldout_tokens = _counted(recipe, sequences, order_seed), int(material.heldout.lengths.sum())
    budget = sequences.budget_tokens(recipe)
    return Forecast(
        tokens=steps.tokens,
        padding_share=1 - steps.tokens / steps.positions,
        steps=steps.taken,
        evaluations=1 + min(steps.taken, math.ceil(budget / (recipe.eval_every_tokens or budget))),
        unique_tokens=min(steps.tokens, sequences.tokens_in_set),
        epochs=steps.tokens / sequences.tokens_in_set,
        heldout_tokens=heldout_tokens,
        flops=_flops(recipe, source, steps),
        sample=chosen,
    )


def _expected(recipe: Recipe, sequences: Sequences) -> _Steps:
    """Work out the steps on sequences of text: as many tokens each as they hold on average."""
    tokens_a_step = recipe.batch_size * sequences.tokens_in_set / len(sequences)
    budget = sequences.budget_tokens(recipe)
    taken = math.ceil(budget / tokens_a_step)
    tokens = round(taken * tokens_a_step) if recipe.tokens else budget
    positions = tokens * len(sequences) * recipe.context / sequences.tokens_in_set
    return _Steps(taken=taken, tokens=tokens, positions=positions, pairs=positions * recipe.context)


def _counted(recipe: Recipe, sequences: Sequences, order_seed: int) -> _Steps:
    """Take the steps without a model: each batch of examples has a width of its own."""
    order, budget = DataOrder(len(sequences), order_seed), sequences.budget_tokens(recipe)
    taken = tokens = positions = pairs = 0
    left = None if recipe.tokens else (recipe.epochs or 1) * len(sequences)
    while tokens < budget:
        indices = order.take(recipe.batch_size if left is None else min(recipe.batch_size, left))
        left = None if left is None else left - len(indices)
        width = sequences.width(indices)
        taken, tokens = taken + 1, tokens + sequences.n_targets(indices)
        positions, pairs = positions + len(indices) * width, pairs + len(indices) * width**2
    return _Steps(taken=taken, tokens=tokens, positions=positions, pairs=pairs)


def _flops(recipe: Recipe, source: Source, steps: _Steps) -> float | None:
    """Return the FLOPs of the steps; null where the shape of the model is not known without loading it."""
    shape = source.known_shape
    if shape is None:
        return None
    rank = recipe.lora_rank if recipe.finetuning == "lora" else None
    per_position = partial(shape.flops_per_position, adapter_rank=rank)
    return training_flops(per_position, positions=steps.positions, pairs=steps.pairs)
