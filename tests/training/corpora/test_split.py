import pytest

from raystudy.errors import CorpusError
from raystudy.training.corpora.split import split

WORDS = [f"word {number}" for number in range(1000)]


def test_nothing_crosses_the_split() -> None:
    """A text with other case and white space is the same text: one copy is kept, on one side."""
    parts = split([*WORDS, *(text.upper().replace(" ", "\n ") for text in WORDS)], heldout_fraction=0.2, corpus="words")
    levelled = [text.casefold().split() for text in [*parts.train, *parts.heldout]]

    assert (len(levelled), parts.duplicates) == (1000, 1000)


def test_the_fraction_is_kept_about() -> None:
    """Sides are drawn document by document: of 1,000 about 200 are held out (sd 13)."""
    parts = split(WORDS, heldout_fraction=0.2, corpus="words")

    assert 160 < len(parts.heldout) < 240


def test_a_document_keeps_its_side_when_others_come_and_go() -> None:
    """The side depends on the document and the fraction alone."""
    few = split(WORDS[:100], heldout_fraction=0.2, corpus="words")
    all_of_them = split(WORDS, heldout_fraction=0.2, corpus="words")

    assert set(few.heldout) == set(all_of_them.heldout) & set(WORDS[:100])


def test_the_order_in_which_documents_come_does_not_matter() -> None:
    """Order and fingerprint of the split depend on the set of documents, not on how a file system lists them."""
    forth, back = (split(words, heldout_fraction=0.2, corpus="words") for words in (WORDS, WORDS[::-1]))

    assert (forth, forth.fingerprint) == (back, back.fingerprint)


def test_the_fingerprint_sees_every_letter() -> None:
    """One other letter is another corpus."""
    one, other = (split([*WORDS, extra], heldout_fraction=0.2, corpus="words") for extra in ("word a", "word b"))

    assert one.fingerprint != other.fingerprint


def test_too_few_documents_are_refused_with_numbers() -> None:
    """Two held-out documents are the least that an interval over documents can be made of."""
    with pytest.raises(CorpusError) as refused:
        split(["a", "A", "b"], heldout_fraction=0.01, corpus="words")

    assert str(refused.value) == (
        "The corpus words holds 3 documents (2 distinct); with heldout_fraction = 0.01, 0 would be kept for evaluation "
        "and 2 trained on. At least 2 and 1 are needed: give more documents (a .txt is split at <|endoftext|>), or "
        "another heldout_fraction."
    )
