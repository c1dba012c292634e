"""The models of a study, pretrained or not: with [pretraining], a built model has the tokenizer of that corpus.

[pretraining] ──prepare──▶ tokenizer.json ──▶ Source of a built model, before its weights are there
"""

from collections.abc import Callable

from raystudy.errors import ModelError
from raystudy.study import Recipe, Study
from raystudy.training.models import Source, refuse_misfit, source_of
from raystudy.training.shapes import SHAPES
from raystudy.training.tokens import prepare


def source_in(study: Study, recipe: Recipe, *, allow_hub: bool, tell: Callable[[str], None] = lambda _: None) -> Source:
    """
    Find the model of a recipe of a study's trials; whether it is pretrained already makes no difference.

    Raises ModelError where there is none, or where it cannot be pretrained; HubError where the hub would be needed.
    """
    if study.pretraining is None:
        return source_of(recipe, allow_hub=allow_hub, tell=tell)
    if recipe.model not in SHAPES:
        raise ModelError(
            f"{recipe.model} brings weights of its own, and [pretraining] gives weights to built models "
            f"({', '.join(SHAPES)}). Take one of these, or leave [pretraining] out."
        )
    if recipe.tokenizer is not None:
        raise ModelError(
            f"[recipe] gives tokenizer = {recipe.tokenizer!r}, but pretrained weights come with their tokenizer. "
            "Move the key to [pretraining]."
        )
    pretraining = study.pretraining.model_copy(update={"model": recipe.model})
    built = source_of(pretraining, allow_hub=allow_hub)
    corpus = prepare(pretraining, tokenizer=built.tokenizer, allow_hub=allow_hub, tell=tell)
    refuse_misfit(pretraining, built, vocabulary=corpus.vocabulary)
    return Source(shape=built.shape, folder=None, tokenizer="model", tokenizer_file=corpus.tokenizer_file)
