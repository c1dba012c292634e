"""Data sets of the Hugging Face hub, streamed; `tinystories` is one of them under a short name."""

from collections.abc import Iterable, Iterator, Mapping

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora.source import Source
from raystudy.training.hub import asking_hub, require_hub

HUB_IDS: Mapping[str, str] = {"tinystories": "roneneldan/TinyStories"}


def documents(recipe: Recipe, *, allow_hub: bool) -> Iterator[str]:
    """Yield the training split of a data set; raises HubError at once where the hub is off or silent."""
    hub_id = HUB_IDS.get(recipe.corpus, recipe.corpus)
    what = f"the corpus {hub_id}"
    require_hub(what, allow_hub=allow_hub, instead='corpus = "files" with corpus_path, or corpus = "stories"')
    return _streamed(hub_id, what=what, column=recipe.corpus_column)


def _streamed(hub_id: str, *, what: str, column: str) -> Iterator[str]:
    with asking_hub(what):
        from datasets import load_dataset

        yield from texts(load_dataset(hub_id, split="train", streaming=True), column=column, of=hub_id)


def texts(rows: Iterable[Mapping[str, object]], *, column: str, of: str) -> Iterator[str]:
    """Yield one column of rows as text; raises CorpusError where there is none of that name."""
    for row in rows:
        text = row.get(column)
        if isinstance(text, str):
            yield text
        elif column not in row:
            raise CorpusError(
                f"The corpus {of} has no column {column!r}; it has: {', '.join(row)}. Set recipe.corpus_column."
            )


SOURCE = Source(documents=documents)
