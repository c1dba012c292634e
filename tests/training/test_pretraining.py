"""The models of a study that pretrains: known before their weights are, and never mixed with weights of others."""

import pytest

from raystudy.errors import ModelError
from raystudy.study import Recipe, Study
from raystudy.training.models import source_of
from raystudy.training.preparing import Preparing
from raystudy.training.pretraining import source_in
from raystudy.training.tokens import prepare
from tests.composed import composed

STORIES = {"pretraining__corpus": '"stories"', "pretraining__corpus_documents": "200"}


def pretrained(**keys: str) -> Study:
    """Return a study that pretrains on stories, byte by byte."""
    return composed(pretraining__tokenizer='"byte"', **STORIES, **keys)


def recipe_of(study: Study) -> Recipe:
    """Return the recipe of the first trial."""
    return next(study.trials()).recipe


def test_a_model_has_the_tokenizer_of_its_pretraining() -> None:
    """Before its weights exist: the one of the corpus that it will be trained on."""
    study = pretrained()
    source = source_in(study, recipe_of(study), allow_hub=False)
    corpus = prepare(next(study.pretrainings()).recipe, tokenizer="byte")

    assert (corpus.tokenizer_file, "model") == (source.tokenizer_file, source.tokenizer)
    assert source.shape is not None


def test_without_pretraining_nothing_changes() -> None:
    """A built model then has the tokenizer that the recipe says."""
    study = composed()
    recipe = recipe_of(study)

    assert source_of(recipe, allow_hub=False) == source_in(study, recipe, allow_hub=False)


def test_a_model_with_weights_of_its_own_is_refused() -> None:
    """It would be trained from random weights, or its own be lost."""
    study = pretrained(recipe__model='"owner/name"')
    recipe = recipe_of(study).model_copy(update={"model": "owner/name"})

    with pytest.raises(ModelError, match=r"^owner/name brings weights of its own, and \[pretraining\] gives"):
        source_in(study, recipe, allow_hub=False)


def test_a_tokenizer_beside_pretraining_is_refused() -> None:
    """Its weights come with theirs; the key has its place there."""
    study = pretrained(recipe__tokenizer='"bpe-512"')

    with pytest.raises(ModelError, match=r"Move the key to \[pretraining\]"):
        source_in(study, recipe_of(study), allow_hub=False)


def test_a_text_is_opened_once_for_all_that_read_it() -> None:
    """Recipes that differ in budget, seed or model share the material."""
    study = pretrained()
    preparing = Preparing(study, allow_hub=False, tell=lambda _: None)
    ready = [preparing.pretraining(pretraining.recipe) for pretraining in study.pretrainings()]

    assert 2 == len(ready)
    assert ready[0].material is ready[1].material


def test_another_split_is_another_material() -> None:
    """What is split otherwise is not shared."""
    study = pretrained()
    preparing = Preparing(study, allow_hub=False, tell=lambda _: None)
    recipe = next(study.pretrainings()).recipe
    other = recipe.model_copy(update={"heldout_fraction": 0.5})

    assert preparing.pretraining(recipe).material is not preparing.pretraining(other).material
