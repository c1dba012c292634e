r"""How an example is written for a model: the prompt from the recipe's template, and the answers that may follow it.

"{question}\n{choices}\nAnswer:" ──example──▶ "Which bone ...?\nA. the skull\nB. ...\nAnswer:"  and  " A", " B", ...
"""

import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.tasks.example import Example

Parts = tuple[tuple[str, str | None], ...]
"""A template cut at its fields: literal text, and the field that comes after it, null after the last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Writing:
    """How the examples of a task are written."""

    parts: Parts
    classes: tuple[str, ...]
    """The right answers that there are; of texts, what each of them may be answered with."""
    as_letters: bool

    def prompt(self, example: Example, value: str) -> str:
        """Return the prompt of an example with that value, its own or what is left of it, in it."""
        listed = zip(string.ascii_uppercase, example.choices, strict=False)
        choices = "\n".join(f"{letter}. {choice}" for letter, choice in listed)
        fields = {"text": value, "question": value, "choices": choices}
        return "".join(literal + (fields[field] if field else "") for literal, field in self.parts)

    def answers(self, example: Example) -> list[str]:
        """Return what may follow the prompt: its choices, or their letters."""
        choices = example.choices or self.classes
        return [f" {said}" for said in (string.ascii_uppercase[: len(choices)] if self.as_letters else choices)]

    def right(self, example: Example) -> int:
        """Return which of its answers is right, counted from 0."""
        return (example.choices or self.classes).index(example.answer)

    def texts(self, examples: Iterable[Example]) -> Iterator[str]:
        """Yield prompts with their right answers: what a tokenizer is trained on."""
        for example in examples:
            yield self.prompt(example, example.value) + self.answers(example)[self.right(example)]


def writing(recipe: Recipe, classes: tuple[str, ...], *, of_questions: bool, text_prompt: str) -> Writing:
    """
    Read the recipe's prompt, or the default one; `text_prompt` is that of texts.

    Raises CorpusError where a prompt has a field that examples do not have, or lacks the one that they are about.
    """
    as_letters = recipe.answer_as == "letter"
    if as_letters and not of_questions:
        raise CorpusError(
            'recipe.answer_as = "letter", but the examples are texts with labels, which have no letters. '
            'Leave it out, or write "text".'
        )
    default = (
        ("{question}\n{choices}\nAnswer:" if as_letters else "{question}\nAnswer:") if of_questions else text_prompt
    )
    prompt = default if recipe.prompt is None else recipe.prompt
    parts = _parts(prompt, allowed=("question", "choices") if of_questions else ("text",))
    if as_letters and not any(field == "choices" for _, field in parts):
        raise CorpusError(
            f"recipe.prompt = {prompt!r} does not show the choices, so their letters mean nothing. "
            'Put {choices} into it, or set answer_as = "text".'
        )
    return Writing(parts=parts, classes=classes, as_letters=as_letters)


def _parts(prompt: str, *, allowed: tuple[str, ...]) -> Parts:
    """Cut a template at its fields; the first of those that are allowed must be there, once."""
    said, value = f"recipe.prompt = {prompt!r}", allowed[0]
    try:
        parsed = list(string.Formatter().parse(prompt))
    except ValueError as error:
        raise CorpusError(f"{said} is no template: {error}. Write a brace that is meant as one twice.") from error
    for _, field, form, conversion in parsed:
        if field is not None and (field not in allowed or form or conversion):
            whole = field + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            takes = ", ".join(f"{{{name}}}" for name in allowed)
            raise CorpusError(f"{said} has the field {{{whole}}}; it takes: {takes}.")
    times = sum(field == value for _, field, _, _ in parsed)
    if times != 1:
        raise CorpusError(f"{said} has {{{value}}} {times} times; it needs it once.")
    return tuple((literal, field) for literal, field, _, _ in parsed)
