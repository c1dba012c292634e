"""What an example is to the rest: something to read, and answers of which one is right.

A question brings its own choices; a text chooses among the labels of all texts.
"""

import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from raystudy.errors import CorpusError
from raystudy.study import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One example, before any tokenizer has seen it."""

    value: str
    """What `{text}` or `{question}` stands for."""
    answer: str
    """The label, or the right one of the choices."""
    choices: tuple[str, ...] = ()
    """Of a question; a text has none of its own."""
    group: str
    """Examples that are equal in it stay on one side of the split."""

    @property
    def identity(self) -> str:
        """What makes two examples one and the same, whatever their answers."""
        return "\n".join((self.value, *self.choices))

    @property
    def answer_class(self) -> str:
        """The label, or the letter of the right choice."""
        return string.ascii_uppercase[self.choices.index(self.answer)] if self.choices else self.answer


class ReadExamples(Protocol):
    """Yields the examples of a corpus in an order of its own: all questions, or all texts."""

    def __call__(self, recipe: Recipe, *, allow_hub: bool) -> Iterator[Example]:
        """Yield examples; raises CorpusError or HubError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One labelled corpus: where its examples come from."""

    examples: ReadExamples
    identity: Callable[[Recipe], Mapping[str, object]]
    """What, besides the recipe, decides which examples come: file sizes, a Python version. Cheap; JSON values."""
    text_prompt: str = "{text}\nLabel:"
    """What a model reads of a text where the recipe does not say."""


def labelled_text(value: str, label: str, *, group: str | None, where: str) -> Example:
    """Return a text with its label; raises CorpusError where one of them is empty. `where` is file and line."""
    text, answer = value.strip(), label.strip()
    if not text or not answer:
        raise CorpusError(f"{where} has an empty {'label' if text else 'text'}. Fill it in, or remove the row.")
    return Example(value=text, answer=answer, group=group or text)


def question(value: str, choices: tuple[str, ...], right: int, *, group: str | None, where: str) -> Example:
    """Return a question whose choice number `right`, counted from 0, is its answer; raises CorpusError as above."""
    asked = value.strip()
    if not asked:
        raise CorpusError(f"{where} has an empty question. Fill it in, or remove the row.")
    return Example(value=asked, answer=choices[right], choices=choices, group=group or asked)


def distinct(choices: Iterable[str], *, where: str) -> tuple[str, ...]:
    """Return the choices of a question, stripped; raises CorpusError where one is empty, or like another."""
    texts = tuple(choice.strip() for choice in choices)
    if not 2 <= len(texts) <= len(string.ascii_uppercase):
        raise CorpusError(f"{where} has {len(texts)} of 2 to 26 choices that a question may have. Correct the row.")
    for letter, text in zip(string.ascii_uppercase, texts, strict=False):
        first = string.ascii_uppercase[texts.index(text)]
        if not text:
            raise CorpusError(f"{where} has an empty choice {letter}. Fill it in, or remove the row.")
        if first != letter:
            raise CorpusError(
                f"{where} has two equal choices: {first} and {letter} are {text!r}. Correct one, or remove the row."
            )
    return texts


def place_of_letter(letter: str, n_choices: int, *, where: str) -> int:
    """Return which choice a letter names, counted from 0; raises CorpusError where it names none."""
    letters = string.ascii_uppercase[:n_choices]
    if len(letter) != 1 or letter not in letters:
        raise CorpusError(
            f"{where} has the answer {letter!r}; a question with {n_choices} choices takes {letters[0]} to "
            f"{letters[-1]}. Correct the letter."
        )
    return letters.index(letter)
