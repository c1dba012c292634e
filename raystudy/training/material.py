"""What a recipe trains on, ready for training: a corpus of text, or a task of labelled examples."""

from collections.abc import Callable

from raystudy.study import Recipe
from raystudy.training.models import Source
from raystudy.training.tasks import prepare_task
from raystudy.training.tasks.prepared import Task
from raystudy.training.tokens import Corpus, prepare

Material = Corpus | Task


def material(
    recipe: Recipe, source: Source, *, allow_hub: bool = False, tell: Callable[[str], None] = lambda _: None
) -> Material:
    """Return the text or the examples of a recipe, made now or before; raises CorpusError, ModelError, HubError."""
    make = prepare_task if recipe.labelled else prepare
    return make(
        recipe, tokenizer=source.tokenizer, tokenizer_file=source.tokenizer_file, allow_hub=allow_hub, tell=tell
    )
