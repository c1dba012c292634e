"""From examples to the tokens of their prompts and choices, each prompt cut so that any of its answers fits behind it.

Example ──writing──▶ prompt, answers ──tokenizer, each apart──▶ tokens ──text or question cut at its end──▶ Examples
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from raystudy.errors import CorpusError
from raystudy.training.corpora.prepared import Counts, Tokens
from raystudy.training.corpora.vocabulary import Vocabulary
from raystudy.training.tasks.example import Example
from raystudy.training.tasks.prepared import Examples
from raystudy.training.tasks.prompts import Writing
from raystudy.training.tasks.split import name_of

_PROMPTS_AT_ONCE = 1000
Ids = Sequence[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prompt:
    """A prompt that fits."""

    text: str
    ids: Ids
    cut: bool


def encoded(examples: list[Example], writing: Writing, tokens: Vocabulary, *, context: int) -> Examples:
    """Return the tokens of one side's examples; raises CorpusError where the context has no room for some."""

    @functools.cache
    def ids_of(text: str) -> Ids:
        return tuple(tokens.tokenizer.encode(text, add_special_tokens=False).ids)

    written = [writing.answers(example) for example in examples]
    offered = [[ids_of(answer) for answer in each] for each in written]
    rooms = _rooms(examples, offered, writing, ids_of, context=context)
    prompts = list(_prompts(examples, rooms, writing, tokens))
    right = [writing.right(example) for example in examples]
    answers = [each[place] for each, place in zip(written, right, strict=True)]
    choices = list(itertools.chain.from_iterable(offered))
    return Examples(
        prompts=_joined((prompt.ids for prompt in prompts), tokens),
        prompt_offsets=_offsets(len(prompt.ids) for prompt in prompts),
        choices=_joined(choices, tokens),
        choice_offsets=_offsets(len(ids) for ids in choices),
        first_choices=_offsets(len(each) for each in offered),
        answers=_counts(right),
        answer_classes=_counts(writing.classes.index(example.answer_class) for example in examples),
        prompt_bytes=_counts(len(prompt.text.encode()) for prompt in prompts),
        answer_bytes=_counts(len(answer.encode()) for answer in answers),
        cut=np.array([prompt.cut for prompt in prompts], dtype=np.bool_),
        names=np.array([name_of(example) for example in examples], dtype=np.str_),
    )


def _rooms(
    examples: list[Example], offered: list[list[Ids]], writing: Writing, ids_of: Callable[[str], Ids], *, context: int
) -> list[int]:
    """Return how many tokens the prompt of each example may take beside its longest answer."""
    longest = [max(map(len, each)) for each in offered]
    least = [len(ids_of(writing.prompt(example, ""))) for example in examples]
    needed = [prompt + answer for prompt, answer in zip(least, longest, strict=True)]
    too_long = sum(tokens > context for tokens in needed)
    if too_long:
        raise CorpusError(
            f"recipe.context = {context:,} has no room for {too_long:,} of {len(examples):,} examples: prompt and "
            f"longest answer take up to {max(needed):,} tokens, even without any text or question. "
            "Raise it to more than that, or shorten recipe.prompt."
        )
    return [context - answer for answer in longest]


def _prompts(examples: list[Example], rooms: list[int], writing: Writing, tokens: Vocabulary) -> Iterator[_Prompt]:
    for start in range(0, len(examples), _PROMPTS_AT_ONCE):
        some = examples[start : start + _PROMPTS_AT_ONCE]
        texts = [writing.prompt(example, example.value) for example in some]
        encodings = tokens.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        for example, room, text, encoding in zip(some, rooms[start:], texts, encodings, strict=False):
            if len(encoding.ids) <= room:
                yield _Prompt(text=text, ids=encoding.ids, cut=False)
            else:
                yield _shortened(example, writing, tokens, room=room, length=len(encoding.ids))


def _shortened(example: Example, writing: Writing, tokens: Vocabulary, *, room: int, length: int) -> _Prompt:
    """
    Cut the value of an example at its end, by whole characters of whole tokens, until the prompt fits.

    What the template says after it stays. A cut may change how the tokens beside it are merged, so the prompt is
    encoded again.
    """
    offsets = tokens.tokenizer.encode(example.value, add_special_tokens=False).offsets
    kept = len(offsets)
    while length > room:
        assert kept > 0, "without any value it fits"
        kept = max(kept - (length - room), 0)
        text = writing.prompt(example, example.value[: offsets[kept][0] if kept else 0])
        ids = tokens.tokenizer.encode(text, add_special_tokens=False).ids
        length = len(ids)
    return _Prompt(text=text, ids=ids, cut=True)


def _joined(pieces: Iterable[Ids], tokens: Vocabulary) -> Tokens:
    return np.fromiter(itertools.chain.from_iterable(pieces), dtype=tokens.dtype)


def _offsets(lengths: Iterable[int]) -> Counts:
    return _counts(itertools.accumulate(lengths, initial=0))


def _counts(values: Iterable[int]) -> Counts:
    return np.fromiter(values, dtype=np.int64)
