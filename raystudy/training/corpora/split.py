"""Which documents are trained on and which are kept for evaluation: decided by each document's own hash.

    documents ──hash──▶ duplicates dropped ──sorted by hash──▶ │ held out │ training                        │
                                                               0          heldout_fraction                  1

The hash is of the text with case and white space levelled, so no document crosses the split in another dress, and a
document stays on its side whatever else the corpus holds. Sorting by hash is also the one shuffle of the corpus: any
prefix of either side is a fair sample of it, on every machine.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from raystudy.errors import CorpusError

_HASHES = 2**64
Item = TypeVar("Item")


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
        seen = hashlib.sha256()
        for side in (self.heldout, self.train):
            for text in side:
                encoded = text.encode()
                seen.update(len(encoded).to_bytes(8, "big"))
                seen.update(encoded)
        return seen.hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides(Generic[Item]):
    """Anything that has a text, divided as documents are."""

    train: list[Item]
    heldout: list[Item]
    duplicates: int


def split(documents: Iterable[str], *, heldout_fraction: float, corpus: str) -> Split:
    """Divide documents; raises CorpusError where one side would be too small to be of use."""
    sides = divided(documents, heldout_fraction=heldout_fraction, text=str)
    n_train, n_heldout = len(sides.train), len(sides.heldout)
    _check(corpus, n_train + n_heldout + sides.duplicates, n_train + n_heldout, n_heldout, heldout_fraction)
    return Split(train=sides.train, heldout=sides.heldout, duplicates=sides.duplicates)


def divided(
    items: Iterable[Item],
    *,
    heldout_fraction: float,
    text: Callable[[Item], str],
    group: Callable[[Item], str] | None = None,
) -> Sides[Item]:
    """Divide items by the hash of their group, by default of their text; of equal texts the first is kept."""
    unique: dict[bytes, Item] = {}
    n_items = 0
    for item in items:
        n_items += 1
        unique.setdefault(digest(text(item)), item)
    train: list[Item] = []
    heldout: list[Item] = []
    for key in sorted(unique):
        item = unique[key]
        of_group = digest(group(item)) if group else key
        (heldout if _place(of_group) < heldout_fraction else train).append(item)
    return Sides(train=train, heldout=heldout, duplicates=n_items - len(unique))


def digest(text: str) -> bytes:
    """Return the sha256 of a text, case and white space levelled."""
    return hashlib.sha256(" ".join(text.split()).casefold().encode()).digest()


def _place(hashed: bytes) -> float:
    """Return where a hash lies between 0 and 1."""
    return int.from_bytes(hashed[:8], "big") / _HASHES


def _check(corpus: str, n_documents: int, n_unique: int, n_heldout: int, heldout_fraction: float) -> None:
    if n_unique - n_heldout >= 1 and n_heldout >= 2:
        return
    of_them = f"{n_documents:,} documents" + (f" ({n_unique:,} distinct)" if n_unique < n_documents else "")
    raise CorpusError(
        f"The corpus {corpus} holds {of_them}; with heldout_fraction = {heldout_fraction:g}, {n_heldout:,} would "
        f"be kept for evaluation and {n_unique - n_heldout:,} trained on. At least 2 and 1 are needed: "
        "give more documents (a .txt is split at <|endoftext|>), or another heldout_fraction."
    )
