"""A small task made by hand, for tests of what trains and evaluates on labelled examples."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from raystudy.training.tasks.prepared import Examples, Task
from raystudy.training.tasks.samplers import Sample

EOS = 0

Made = tuple[Sequence[int], Sequence[Sequence[int]], int]
"""Tokens of the prompt, of each choice, and which of them is right."""


def examples_of(*made: Made) -> Examples:
    """Return examples; a token is two bytes long, and a right answer is its own class."""
    prompts, choices, answers = zip(*made, strict=True)
    flat = [each for some in choices for each in some]
    right = [some[answer] for some, answer in zip(choices, answers, strict=True)]
    return Examples(
        prompts=np.concatenate([np.array(each, dtype=np.uint16) for each in prompts]),
        prompt_offsets=ends_of([len(each) for each in prompts]),
        choices=np.concatenate([np.array(each, dtype=np.uint16) for each in flat]),
        choice_offsets=ends_of([len(each) for each in flat]),
        first_choices=ends_of([len(some) for some in choices]),
        answers=np.array(answers),
        answer_classes=np.array(answers),
        prompt_bytes=2 * np.array([len(each) for each in prompts]),
        answer_bytes=2 * np.array([len(each) for each in right]),
        cut=np.zeros(len(made), dtype=np.bool_),
        names=np.array([f"{n:012x}" for n in range(len(made))]),
    )


def ends_of(lengths: Sequence[int]) -> np.ndarray:
    """Return 0, then where each ends."""
    return np.concatenate([[0], np.cumsum(lengths)])


def task_of(train: Sequence[Made], heldout: Sequence[Made] | None = None) -> Task:
    """Return a task; without a side of its own it holds out what it trains on."""
    return Task(
        name="made",
        train=examples_of(*train),
        heldout=examples_of(*(heldout or train)),
        classes=("a", "b", "c"),
        fingerprint="made",
        tokenizer_fingerprint="",
        vocabulary=1024,
        eos=EOS,
        tokenizer_file=Path("tokenizer.json"),
        duplicates=0,
    )


def chosen(*indices: int) -> Sample:
    """Return a sample of which only the examples matter."""
    return Sample(indices=np.array(indices), budget_tokens=0, tokens=0, cut=0, classes=0, sha256="")


def random_examples(n: int, seed: int) -> list[Made]:
    """Return examples of random tokens: prompts of 3 to 30, two to five choices of 1 to 6."""
    rng = np.random.default_rng(seed)

    def tokens(low: int, high: int) -> list[int]:
        return rng.integers(1, 1024, size=rng.integers(low, high + 1)).tolist()

    made = [(tokens(3, 30), [tokens(1, 6) for _ in range(rng.integers(2, 6))]) for _ in range(n)]
    return [(prompt, choices, int(rng.integers(len(choices)))) for prompt, choices in made]
