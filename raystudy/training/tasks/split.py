"""Which examples are trained on and which are kept for evaluation: decided by the hash of each example's group.

examples ──hash──▶ duplicates dropped ──hash of the group──▶ training side, held out, each sorted by the example's hash

As corpora/split.py does with documents; here the examples of one group (a module, a source) stay together. An example
that comes again with another answer is a duplicate as well: the first is kept.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from raystudy.errors import CorpusError
from raystudy.training.corpora.split import Sides, digest, divided
from raystudy.training.tasks.example import Example

_NAMED_CHARACTERS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """The examples of both sides, in the order of their hashes."""

    train: list[Example]
    heldout: list[Example]
    duplicates: int
    told: tuple[str, ...]
    """Doubts about the corpus, a short sentence each."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The right answers that there are: labels, or letters of choices."""
        return tuple(sorted({example.answer_class for example in (*self.train, *self.heldout)}))

    @property
    def fingerprint(self) -> str:
        """
        The sha256 over value, choices and answer of all examples, each with its length before it.

        They are in the order of their hashes: where the split is makes no difference, as for text.
        """
        seen = hashlib.sha256()
        for example in sorted((*self.train, *self.heldout), key=lambda each: digest(each.identity)):
            for text in (example.value, *example.choices, example.answer):
                encoded = text.encode()
                seen.update(len(encoded).to_bytes(8, "big"))
                seen.update(encoded)
        return seen.hexdigest()


def name_of(example: Example) -> str:
    """Return the first 12 digits of the example's sha256, case and white space levelled."""
    return digest(example.identity).hex()[:12]


def split(examples: Iterable[Example], *, heldout_fraction: float, corpus: str) -> Split:
    """
    Divide examples; `corpus` is their name for messages.

    Raises CorpusError where a side would be too small to be of use, where all answers are of one class, or where a
    label has no example to train on: its held-out examples could only be answered wrongly, whatever the recipe, and
    accuracy would tell how the split fell. What is no mistake, and yet a doubt, is told.
    """
    given = list(examples)
    sides = divided(
        given,
        heldout_fraction=heldout_fraction,
        text=lambda example: example.identity,
        group=lambda example: example.group,
    )
    told = tuple(f"{corpus}: {doubt}" for doubt in (*_other_answers(given, sides), *_not_asked(sides)))
    parts = Split(train=sides.train, heldout=sides.heldout, duplicates=sides.duplicates, told=told)
    _check_sizes(parts, heldout_fraction, corpus)
    _check_classes(parts, corpus)
    return parts


def _other_answers(given: list[Example], sides: Sides[Example]) -> Iterator[str]:
    """Tell of examples that came again with another answer: one of the two is wrong."""
    kept = {digest(each.identity): each.answer_class for each in (*sides.train, *sides.heldout)}
    others = sum(kept[digest(each.identity)] != each.answer_class for each in given)
    if others:
        yield f"{sides.duplicates:,} duplicates left out, {others:,} of them with another answer than the first"


def _not_asked(sides: Sides[Example]) -> Iterator[str]:
    """Tell of labels that are learnt and not held out: accuracy is that of the others."""
    learnt, asked = ({each.answer for each in side if not each.choices} for side in (sides.train, sides.heldout))
    if learnt - asked:
        yield f"no held-out example of: {_named(learnt - asked)}; accuracy says nothing of it"


def _check_sizes(parts: Split, heldout_fraction: float, corpus: str) -> None:
    n_train, n_heldout = len(parts.train), len(parts.heldout)
    if n_train >= 1 and n_heldout >= 2:
        return
    n_unique = n_train + n_heldout
    n_groups = len({example.group for example in (*parts.train, *parts.heldout)})
    raise CorpusError(
        f"The corpus {corpus} is too small (examples: {n_unique + parts.duplicates:,}, distinct: {n_unique:,}, groups: "
        f"{n_groups:,}); with heldout_fraction = {heldout_fraction:g}, {n_heldout:,} would be kept for evaluation and "
        f"{n_train:,} trained on. At least 2 and 1 are needed: give more examples, or another heldout_fraction."
    )


def _check_classes(parts: Split, corpus: str) -> None:
    if len(parts.classes) == 1:
        raise CorpusError(
            f"Every right answer of the corpus {corpus} is {parts.classes[0]!r}, so there is nothing to tell apart. "
            "Give examples of two labels, or questions whose right choice is not always at one place."
        )
    if parts.train[0].choices:
        return  # a letter is the place of a choice; that none is right at some place is no fault of a small corpus
    learnt, asked = ({example.answer for example in side} for side in (parts.train, parts.heldout))
    if asked - learnt:
        raise CorpusError(
            f"The corpus {corpus} has no example to train on of: {_named(asked - learnt)}; all of them are held out. "
            "Give more examples or groups of it, leave it out, or choose another heldout_fraction."
        )


def _named(labels: set[str]) -> str:
    """Return the first few of some labels, each cut where it is a whole text: the wrong column was named."""
    first = ", ".join(_quoted(label) for label in sorted(labels)[:5])
    return first if len(labels) <= 5 else f"{first} and {len(labels) - 5} more"


def _quoted(label: str) -> str:
    return repr(label if len(label) <= _NAMED_CHARACTERS else f"{label[:_NAMED_CHARACTERS]}...")
