"""Which documents are trained on and which are kept for evaluation: decided by each document's own hash.

    documents ──hash──▶ duplicates dropped ──sorted by hash──▶ │ held out │ training                        │
                                                               0          heldout_fraction                  1

The hash is of the text with case and white space levelled, so no document crosses the split in another dress, and a
document stays on its side whatever else the corpus holds. Sorting by hash is also the one shuffle of the corpus: any
prefix of either side is a fair sample of it, on every machine.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from raystudy.errors import CorpusError

_HASHES = 2**64


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """The documents of both sides, in the order in which they are used."""

    train: list[str]
    heldout: list[str]
    duplicates: int
    """Documents left out because the corpus held them already."""

    @property
    def fingerprint(self) -> str:
        """The sha256 over the ordered documents, each with its length before it; not affected by where the split is."""
        digest = hashlib.sha256()
        for side in (self.heldout, self.train):
            for text in side:
                encoded = text.encode()
                digest.update(len(encoded).to_bytes(8, "big"))
                digest.update(encoded)
        return digest.hexdigest()


def split(documents: Iterable[str], *, heldout_fraction: float, corpus: str) -> Split:
    """Divide documents; raises CorpusError where one side would be too small to be of use."""
    unique: dict[bytes, str] = {}
    n_documents = 0
    for text in documents:
        n_documents += 1
        unique.setdefault(_hash(text), text)
    hashes = sorted(unique)
    n_heldout = sum(_place(digest) < heldout_fraction for digest in hashes)
    _check(corpus, n_documents, len(hashes), n_heldout, heldout_fraction)
    ordered = [unique[digest] for digest in hashes]
    return Split(train=ordered[n_heldout:], heldout=ordered[:n_heldout], duplicates=n_documents - len(hashes))


def _hash(text: str) -> bytes:
    return hashlib.sha256(" ".join(text.split()).casefold().encode()).digest()


def _place(digest: bytes) -> float:
    """Return where a hash lies between 0 and 1."""
    return int.from_bytes(digest[:8], "big") / _HASHES


def _check(corpus: str, n_documents: int, n_unique: int, n_heldout: int, heldout_fraction: float) -> None:
    if n_unique - n_heldout >= 1 and n_heldout >= 2:
        return
    of_them = f"{n_documents:,} documents" + (f" ({n_unique:,} distinct)" if n_unique < n_documents else "")
    raise CorpusError(
        f"The corpus {corpus} holds {of_them}; with heldout_fraction = {heldout_fraction:g}, {n_heldout:,} would "
        f"be kept for evaluation and {n_unique - n_heldout:,} trained on. At least 2 and 1 are needed: "
        "give more documents (a .txt is split at <|endoftext|>), or another heldout_fraction."
    )
