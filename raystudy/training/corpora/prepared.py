"""A corpus as the training reads it: tokens of both sides as memory maps, in one folder that is written once.

stdlib-1f0c…/manifest.json                   counts and fingerprints
             tokenizer.json                  of every tokenizer, also the built-in ones
             train.npy, heldout.npy          tokens, an end-of-text token after each document
             train_offsets.npy, heldout_…    where each document starts, and where the last one ends
             heldout_bytes.npy               UTF-8 bytes of each held-out document
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from raystudy.errors import CorpusError

Tokens = npt.NDArray[np.uint16 | np.uint32]
Counts = npt.NDArray[np.int64]

ARRAYS = ("train", "train_offsets", "heldout", "heldout_offsets", "heldout_bytes")


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """Text ready for training: tokens of both sides, split by document."""

    name: str
    train: Tokens = field(repr=False)
    train_offsets: Counts = field(repr=False)
    """Start of each training document in `train`, then its end: one more than there are documents."""
    heldout: Tokens = field(repr=False)
    heldout_offsets: Counts = field(repr=False)
    heldout_bytes: Counts = field(repr=False)
    """UTF-8 bytes of each held-out document, the end-of-text token not counted."""
    fingerprint: str
    """The sha256 over the ordered documents of both sides."""
    tokenizer_fingerprint: str
    vocabulary: int
    """Entries of the tokenizer, the end of text among them."""
    eos: int
    tokenizer_file: Path
    duplicates: int
    """Documents left out because the corpus held them already."""

    @property
    def train_documents(self) -> int:
        """How many documents there are to train on."""
        return len(self.train_offsets) - 1

    @property
    def heldout_documents(self) -> int:
        """How many documents are kept for evaluation."""
        return len(self.heldout_offsets) - 1

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, as the tokenizer gives them: no end of text is added."""
        from tokenizers import Tokenizer

        return list(Tokenizer.from_file(str(self.tokenizer_file)).encode(text).ids)


def write(folder: Path, *, arrays: Mapping[str, Tokens | Counts], manifest: Mapping[str, object]) -> None:
    """Write a prepared corpus into a folder that nobody reads yet; its tokenizer.json is there already."""
    assert set(arrays) == set(ARRAYS)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def open_corpus(folder: Path) -> Corpus:
    """Open a prepared corpus; raises CorpusError where somebody has damaged it."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
        return Corpus(
            name=manifest["corpus"],
            fingerprint=manifest["fingerprint"],
            tokenizer_fingerprint=manifest["tokenizer_fingerprint"],
            vocabulary=manifest["vocabulary"],
            eos=manifest["eos"],
            duplicates=manifest["duplicates"],
            tokenizer_file=folder / "tokenizer.json",
            **arrays,
        )
    except (OSError, ValueError, KeyError) as error:
        raise CorpusError(
            f"The prepared corpus in {folder} is damaged ({error}). Remove that folder; it is made again."
        ) from error
