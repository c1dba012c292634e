"""From text to tokens, once: a corpus is collected, split, encoded and kept; the next trial opens it in milliseconds.

recipe ──collect──▶ documents ──split──▶ train, held out ──tokenizer──▶ memory maps in the cache ──open──▶ Corpus
"""

import hashlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from filelock import FileLock

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training import corpora
from raystudy.training.corpora.prepared import Corpus, Counts, Tokens, open_corpus, write
from raystudy.training.corpora.split import split
from raystudy.training.corpora.vocabulary import Vocabulary, check_name, vocabulary

__all__ = ["Corpus", "cache_folder", "prepare"]

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
    folder = _folder(recipe, tokenizer, tokenizer_file, cache)
    if not folder.exists():
        with _alone(folder):
            if not folder.exists():
                documents = corpora.documents(recipe, allow_hub=allow_hub)
                _make(folder, recipe, documents, partial(vocabulary, tokenizer, file=tokenizer_file), tell=tell)
    return open_corpus(folder)


def cache_folder() -> Path:
    """Return where prepared corpora are kept: $RAYSTUDY_CACHE, by default ~/.cache/raystudy."""
    return Path(os.environ.get("RAYSTUDY_CACHE") or "~/.cache/raystudy").expanduser()


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
        "tokenizer_file": _file_sha256(tokenizer_file) if tokenizer_file else None,
    }
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
    name = re.sub(r"[^A-Za-z0-9.]+", "_", recipe.corpus)
    return (cache or cache_folder()) / "corpora" / f"{name}-{key}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from preparing the same corpus meanwhile, and remove what one that was killed left behind."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            for leftover in folder.parent.glob(f".{folder.name}.*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield
    except OSError as error:
        raise CorpusError(
            f"The corpus cannot be kept in {folder.parent}: {error.strerror or error}. "
            "Set RAYSTUDY_CACHE to a folder that can be written."
        ) from error


def _make(
    folder: Path,
    recipe: Recipe,
    documents: Iterable[str],
    build: Callable[[Iterable[str]], Vocabulary],
    *,
    tell: Callable[[str], None],
) -> None:
    """Prepare a corpus under a temporary name, then rename it: a reader sees all of it or nothing."""
    tell(f"collecting {recipe.corpus}")
    sides = split(documents, heldout_fraction=recipe.heldout_fraction, corpus=recipe.corpus)
    tell(f"building the tokenizer on {len(sides.train):,} documents")
    tokens = build(sides.train)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        making = Path(scratch) / folder.name
        making.mkdir()
        tokens.tokenizer.save(str(making / "tokenizer.json"))
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
            "tokenizer_fingerprint": _file_sha256(making / "tokenizer.json"),
            "vocabulary": tokens.size,
            "eos": tokens.eos,
            "duplicates": sides.duplicates,
            "train_documents": len(sides.train),
            "train_tokens": len(train),
            "heldout_documents": len(sides.heldout),
            "heldout_tokens": len(heldout),
        }
        write(making, arrays=arrays, manifest=manifest)
        making.rename(folder)


def _encoded(texts: list[str], tokens: Vocabulary) -> tuple[Tokens, Counts]:
    """Return the tokens of all documents, each ended by the end of text, and where each starts."""
    dtype: type[np.uint16 | np.uint32] = np.uint16 if tokens.size <= 2**16 else np.uint32
    pieces: list[Tokens] = []
    for start in range(0, len(texts), _DOCUMENTS_AT_ONCE):
        for encoding in tokens.tokenizer.encode_batch_fast(texts[start : start + _DOCUMENTS_AT_ONCE]):
            ids = encoding.ids
            pieces.append(np.array(ids if ids[-1:] == [tokens.eos] else [*ids, tokens.eos], dtype=dtype))
    offsets = list(itertools.accumulate((len(piece) for piece in pieces), initial=0))
    return np.concatenate(pieces), np.array(offsets, dtype=np.int64)


def _file_sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
