"""Where labelled examples come from, and the way from there to tokens: one file for each corpus, one table of names.

recipe ──source──▶ examples ──split──▶ train, held out ──prompts, tokenizer──▶ arrays in the cache ──open──▶ Task
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from raystudy.study import Recipe
from raystudy.training.cache import cache_folder, keyed, made, sha256_of
from raystudy.training.corpora.vocabulary import Vocabulary, check_name, vocabulary
from raystudy.training.tasks import areas, mmlu, table
from raystudy.training.tasks.encode import encoded
from raystudy.training.tasks.example import Source
from raystudy.training.tasks.prepared import Task, open_task, write
from raystudy.training.tasks.prompts import writing
from raystudy.training.tasks.split import split

__all__ = ["TASKS", "Task", "prepare_task"]

TASKS: Mapping[str, Source] = {
    "stdlib-areas": areas.SOURCE,
    "mmlu": mmlu.SOURCE,
    "labelled": table.SOURCE,
}
FORMAT = 3
"""Version of the folder's layout and of the way to it; another version is prepared anew."""


def prepare_task(
    recipe: Recipe,
    *,
    tokenizer: str,
    tokenizer_file: Path | None = None,
    allow_hub: bool = False,
    cache: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Task:
    """
    Return the examples of a recipe, ready for training; reads and encodes them where the cache does not hold them yet.

    `tokenizer` is `byte` or `bpe-N`, trained on prompts and right answers of the training side; with a
    `tokenizer_file` (a tokenizer.json) it is a mere name. `tell` is given a short sentence at each stage, and for each
    doubt about the corpus. Raises CorpusError, HubError, ModelError.
    """
    build = partial(vocabulary, tokenizer, file=tokenizer_file)
    make = partial(_make, recipe=recipe, allow_hub=allow_hub, build=build, tell=tell)
    task = open_task(made(_folder(recipe, tokenizer, tokenizer_file, cache), make))
    for doubt in task.told:
        tell(doubt)
    return task


def _folder(recipe: Recipe, tokenizer: str, tokenizer_file: Path | None, cache: Path | None) -> Path:
    """Return the folder of a task; its name changes with all that decides what lies in it."""
    if tokenizer_file is None:
        check_name(tokenizer)
    fields = ("corpus", "corpus_column", "label_column", "group_column", "corpus_documents", "heldout_fraction",
              "prompt", "answer_as", "context")  # fmt: skip
    decides = {name: getattr(recipe, name) for name in fields} | {
        "format": FORMAT,
        "identity": dict(TASKS[recipe.corpus].identity(recipe)),
        "tokenizer": tokenizer,
        "tokenizer_file": sha256_of(tokenizer_file) if tokenizer_file else None,
    }
    return keyed((cache or cache_folder()) / "tasks", recipe.corpus, decides)


def _make(
    folder: Path,
    *,
    recipe: Recipe,
    allow_hub: bool,
    build: Callable[[Iterable[str]], Vocabulary],
    tell: Callable[[str], None],
) -> None:
    """Prepare a task in an empty folder."""
    source = TASKS[recipe.corpus]
    name = " ".join(filter(None, (recipe.corpus, recipe.corpus_subject)))
    examples = source.examples(recipe, allow_hub=allow_hub)
    tell(f"reading {name}")
    first = itertools.islice(examples, recipe.corpus_documents)
    sides = split(first, heldout_fraction=recipe.heldout_fraction, corpus=name)
    of_questions = bool(sides.train[0].choices)
    written = writing(recipe, sides.classes, of_questions=of_questions, text_prompt=source.text_prompt)
    tell(f"encoding {len(sides.train) + len(sides.heldout):,} examples")
    tokens = build(written.texts(sides.train))
    tokens.tokenizer.save(str(folder / "tokenizer.json"))
    train, heldout = (encoded(side, written, tokens, context=recipe.context) for side in (sides.train, sides.heldout))
    manifest = {
        "format": FORMAT,
        "corpus": name,
        "classes": sides.classes,
        "fingerprint": sides.fingerprint,
        "tokenizer_fingerprint": sha256_of(folder / "tokenizer.json"),
        "vocabulary": tokens.size,
        "eos": tokens.eos,
        "duplicates": sides.duplicates,
        "told": sides.told,
        "train_examples": len(train),
        "train_tokens": int(train.lengths.sum()),
        "train_cut": int(train.cut.sum()),
        "heldout_examples": len(heldout),
        "heldout_cut": int(heldout.cut.sum()),
    }
    write(folder, train=train, heldout=heldout, manifest=manifest)
