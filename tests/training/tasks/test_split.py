import pytest

from raystudy.errors import CorpusError
from raystudy.training.tasks.example import Example
from raystudy.training.tasks.split import Split, name_of, split


def text(value: str, *, answer: str = "", group: str = "") -> Example:
    """Return a text; by default its label is its last letter, and it stands alone."""
    return Example(value=value, answer=answer or value[-1], group=group or value)


TEXTS = [text(f"text {number} {letter}") for number in range(200) for letter in "xyz"]


def divided(examples: list[Example], *, heldout_fraction: float = 0.2) -> Split:
    """Divide examples."""
    return split(examples, heldout_fraction=heldout_fraction, corpus="words")


def test_a_group_stays_on_one_side() -> None:
    """Whatever their text, examples of one group are trained on together or held out together."""
    parts = divided([text(f"{group} {number % 3}", group=f"g{group}") for group in range(50) for number in range(3)])
    groups = [{example.group for example in side} for side in (parts.train, parts.heldout)]

    assert (groups[0] & groups[1], len(groups[0] | groups[1]), len(parts.heldout) >= 2) == (set(), 50, True)


def test_the_first_of_equal_texts_is_kept() -> None:
    """The same text in other dress, or with another label, is a duplicate."""
    again = [text(example.value.upper().replace(" ", "\n"), answer="other") for example in TEXTS]
    parts = divided([*TEXTS, *again])

    assert (len(parts.train) + len(parts.heldout), parts.duplicates, parts.classes) == (600, 600, ("x", "y", "z"))


def test_a_question_with_other_choices_is_another_question() -> None:
    """A question such as "Which is true?" is asked more than once; only its whole is looked at."""
    asked = [
        Example(value="Which is true?", choices=("no", f"{number}"), answer=("no", f"{number}")[number % 2], group="g")
        for number in range(10)
    ]
    parts = divided([*asked, *TEXTS])

    assert (len(parts.train) + len(parts.heldout), parts.duplicates) == (610, 0)


def test_the_order_in_which_examples_come_does_not_matter() -> None:
    """Both sides are sorted by hash, so any prefix of them is a fair sample, on every machine."""
    forth, back = divided(TEXTS), divided(TEXTS[::-1])

    assert (forth, forth.fingerprint) == (back, back.fingerprint)


@pytest.mark.parametrize("other", [text("text 0 x", answer="y"), text("text 0 q", answer="x")])
def test_the_fingerprint_sees_texts_and_labels(other: Example) -> None:
    """Another text or another label is another task."""
    assert divided([other, *TEXTS[1:]]).fingerprint != divided(TEXTS).fingerprint


def test_a_name_is_that_of_the_text() -> None:
    """Twelve digits of the sha256 of "text 0 x", whatever its case or label."""
    assert name_of(text("Text  0 X", answer="y")) == "7bb1aefb7076"


def test_too_few_examples_are_refused_with_numbers() -> None:
    """Two held-out examples are the least that an interval can be made of."""
    with pytest.raises(CorpusError) as refused:
        divided([text("a x", group="g"), text("A X", group="g"), text("b y", group="g")])

    assert str(refused.value) == (
        "The corpus words is too small (examples: 3, distinct: 2, groups: 1); with heldout_fraction = 0.2, 0 would be "
        "kept for evaluation and 2 trained on. At least 2 and 1 are needed: give more examples, or another "
        "heldout_fraction."
    )


def test_one_class_is_refused() -> None:
    """Where all answers are one, nothing can be learnt."""
    with pytest.raises(CorpusError, match="Every right answer of the corpus words is 'x'"):
        divided([example for example in TEXTS if example.answer == "x"])


def test_a_label_without_examples_to_train_on_is_refused() -> None:
    """Its held-out examples could only be answered wrongly; accuracy would tell how the split fell."""
    held_out = divided(TEXTS).heldout[0]

    with pytest.raises(CorpusError, match="no example to train on of: 'rare'"):
        divided([*TEXTS, text("another", answer="rare", group=held_out.group)])


def test_a_label_that_is_not_held_out_is_told() -> None:
    """It can be learnt, but accuracy is that of the others."""
    rare = text("another", answer="rare", group=divided(TEXTS).train[0].group)

    assert divided([*TEXTS, rare]).told == ("words: no held-out example of: 'rare'; accuracy says nothing of it",)


def test_an_equal_text_with_another_answer_is_told() -> None:
    """One of the two is wrong; an equal text with the same answer is a mere duplicate."""
    same, other = text(TEXTS[0].value.upper(), answer=TEXTS[0].answer), text(TEXTS[1].value, answer=TEXTS[0].answer)

    assert divided([*TEXTS, same]).told == ()
    assert divided([*TEXTS, same, other]).told == (
        "words: 2 duplicates left out, 1 of them with another answer than the first",
    )


def test_whole_texts_are_cut_where_labels_are_listed() -> None:
    """Whoever named the column of the texts as that of the labels reads a short sentence."""
    (doubt,) = divided([*TEXTS, text("another", answer="word " * 100, group=divided(TEXTS).train[0].group)]).told

    assert f"'{'word ' * 8}...'" in doubt


def test_a_letter_that_is_never_right_is_no_fault() -> None:
    """A small subject may have no right answer D."""
    choices = ("a", "b", "c", "d")
    asked = [Example(value=f"{n}?", choices=choices, answer=choices[n % 3], group=f"{n}") for n in range(50)]

    assert divided(asked).classes == ("A", "B", "C")
