"""From text to tokens, once: a corpus is collected, split, encoded and kept; the next trial opens it in milliseconds.

recipe ──collect──▶ documents ──split──▶ train, held out ──tokenizer──▶ memory maps in the cache ──open──▶ Corpus
"""

import itertools
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from raystudy.study import Recipe
from raystudy.training import corpora
from raystudy.training.cache import cache_folder, keyed, made, sha256_of
from raystudy.training.corpora.prepared import Corpus, Counts, Tokens, open_corpus, write
from raystudy.training.corpora.split import split
from raystudy.training.corpora.vocabulary import Vocabulary, check_name, vocabulary

__all__ = ["Corpus", "prepare"]

FORMAT = 1
"""Version of the folder's layout and of the way to it; another version is prepared anew."""
_DOCUMENTS_AT_ONCE = 1000


def prepare(
    recipe: Recipe,
    *,
    tokenizer: str,
    tokenizer_file: Path | None = None,
    allow_hub: bool = False,
    cache: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Corpus:
    """
    Return the corpus of a recipe, ready for training; collects and encodes it where the cache does not hold it yet.

    `tokenizer` is `byte` or `bpe-N`; with a `tokenizer_file` (a tokenizer.json) it is a mere name. `tell` is given a
    short sentence at each stage. Raises CorpusError, HubError, ModelError.
    """
    build = partial(vocabulary, tokenizer, file=tokenizer_file)
    make = partial(_make, recipe=recipe, allow_hub=allow_hub, build=build, tell=tell)
    return open_corpus(made(_folder(recipe, tokenizer, tokenizer_file, cache), make))


def _folder(recipe: Recipe, tokenizer: str, tokenizer_file: Path | None, cache: Path | None) -> Path:
    """Return the folder of a corpus; its name changes with all that decides what lies in it."""
    if tokenizer_file is None:
        check_name(tokenizer)
    decides = {
        "format": FORMAT,
        "corpus": recipe.corpus,
        "identity": dict(corpora.source(recipe.corpus).identity(recipe)),
        "column": recipe.corpus_column,
        "documents": recipe.corpus_documents,
        "heldout_fraction": recipe.heldout_fraction,
        "tokenizer": tokenizer,
        "tokenizer_file": sha256_of(tokenizer_file) if tokenizer_file else None,
    }
    return keyed((cache or cache_folder()) / "corpora", recipe.corpus, decides)


def _make(
    folder: Path,
    *,
    recipe: Recipe,
    allow_hub: bool,
    build: Callable[[Iterable[str]], Vocabulary],
    tell: Callable[[str], None],
) -> None:
    """Prepare a corpus in an empty folder."""
    documents = corpora.documents(recipe, allow_hub=allow_hub)
    tell(f"collecting {recipe.corpus}")
    sides = split(documents, heldout_fraction=recipe.heldout_fraction, corpus=recipe.corpus)
    tell(f"building the tokenizer on {len(sides.train):,} documents")
    tokens = build(sides.train)
    tokens.tokenizer.save(str(folder / "tokenizer.json"))
    tell(f"encoding {len(sides.train) + len(sides.heldout):,} documents")
    train, train_offsets = _encoded(sides.train, tokens)
    heldout, heldout_offsets = _encoded(sides.heldout, tokens)
    arrays: dict[str, Tokens | Counts] = {
        "train": train,
        "train_offsets": train_offsets,
        "heldout": heldout,
        "heldout_offsets": heldout_offsets,
        "heldout_bytes": np.array([len(text.encode()) for text in sides.heldout], dtype=np.int64),
    }
    manifest = {
        "format": FORMAT,
        "corpus": recipe.corpus,
        "fingerprint": sides.fingerprint,
        "tokenizer_fingerprint": sha256_of(folder / "tokenizer.json"),
        "vocabulary": tokens.size,
        "eos": tokens.eos,
        "duplicates": sides.duplicates,
        "train_documents": len(sides.train),
        "train_tokens": len(train),
        "heldout_documents": len(sides.heldout),
        "heldout_tokens": len(heldout),
    }
    write(folder, arrays=arrays, manifest=manifest)


def _encoded(texts: list[str], tokens: Vocabulary) -> tuple[Tokens, Counts]:
    """Return the tokens of all documents, each ended by the end of text, and where each starts."""
    pieces: list[Tokens] = []
    dtype = tokens.dtype  # which walks through the vocabulary
    for start in range(0, len(texts), _DOCUMENTS_AT_ONCE):
        for encoding in tokens.tokenizer.encode_batch_fast(texts[start : start + _DOCUMENTS_AT_ONCE]):
            ids = encoding.ids
            pieces.append(np.array(ids if ids[-1:] == [tokens.eos] else [*ids, tokens.eos], dtype=dtype))
    offsets = list(itertools.accumulate((len(piece) for piece in pieces), initial=0))
    return np.concatenate(pieces), np.array(offsets, dtype=np.int64)
