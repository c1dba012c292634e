"""Held-out examples laid out for scoring: prompts with their choices, in as few sequences as may be; numpy only.

    shared      eos prompt choice1 choice2 ...     each choice sees the prompt and itself, at the positions after it
    apart       eos prompt choice1 | eos prompt choice2 | ...

The last token of a choice is no input, for nothing follows it: choices of one token cost nothing beside their prompt.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from raystudy.training.corpora.prepared import Counts
from raystudy.training.tasks.prepared import Examples, Task

PROMPT, PADDING = 0, -1
"""Parts of a row that are no choice; those are counted from 1."""
_POSITIONS_AT_ONCE = 2048
_FEWEST = 2
"""Examples to evaluate on: one alone has no interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Some rows, and which of their log-probabilities are summed to what."""

    inputs: Counts = field(repr=False)
    """(rows, width)."""
    positions: Counts = field(repr=False)
    """Of each input, from 0; those of each choice go on after the prompt. As inputs."""
    parts: Counts = field(repr=False)
    """`PROMPT`, the choice from 1 on, or `PADDING`. As inputs."""
    rows: Counts = field(repr=False)
    """Where each target is predicted, with `places`."""
    places: Counts = field(repr=False)
    targets: Counts = field(repr=False)
    sums: Counts = field(repr=False)
    """Which sum each target is part of: its choice among all choices, or, after those, the prompt of its example."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """One sequence before it is padded."""

    inputs: Counts
    positions: Counts
    parts: Counts
    places: Counts
    targets: Counts
    sums: Counts


def n_evaluated(examples: Examples, max_tokens: int) -> int:
    """Return how many of the first examples hold `max_tokens` tokens of prompt and right answer, at least two."""
    ends = np.cumsum(examples.lengths)
    return min(max(int(np.searchsorted(ends, max_tokens)) + 1, _FEWEST), len(examples))


def laid_out(task: Task, indices: Sequence[int], *, shared: bool, with_prompts: bool) -> tuple[Batch, ...]:
    """Lay out some held-out examples, those of like width together; `with_prompts` asks for the sums of prompts too."""
    rows = [row for i in indices for row in _rows(task, i, shared=shared, with_prompts=with_prompts)]
    return tuple(_padded(some, task.eos) for some in _of_like_width(rows))


def _rows(task: Task, index: int, *, shared: bool, with_prompts: bool) -> Iterator[_Row]:
    """Yield the one row of an example, or one for each of its choices."""
    examples = task.heldout
    prompt = examples.prompts[examples.prompt_offsets[index] : examples.prompt_offsets[index + 1]].astype(np.int64)
    first, end = examples.first_choices[index : index + 2].tolist()
    offsets = examples.choice_offsets
    choices = [(c, examples.choices[offsets[c] : offsets[c + 1]].astype(np.int64)) for c in range(first, end)]
    of_prompt = int(examples.first_choices[-1]) + index
    for n, some in enumerate([choices] if shared else [[each] for each in choices]):
        yield _row(task.eos, prompt, some, prompt_sum=of_prompt if with_prompts and n == 0 else None)


def _row(eos: int, prompt: Counts, choices: Sequence[tuple[int, Counts]], *, prompt_sum: int | None) -> _Row:
    """Put a prompt and choices into one sequence; where that is one choice, it is a plain one, all of it prompt."""
    start, n_prompt = len(prompt) + 1, len(prompt) if prompt_sum is not None else 0
    inputs, positions, parts = [np.array([eos]), prompt], [np.arange(start)], [np.full(start, PROMPT)]
    places, targets = [np.arange(n_prompt)], [prompt[:n_prompt]]
    sums = [np.full(n_prompt, prompt_sum or 0)]
    for part, (choice, tokens) in enumerate(choices, start=1):
        here, follows = sum(map(len, inputs)), np.arange(len(tokens) - 1)
        inputs.append(tokens[:-1])
        positions.append(start + follows)
        parts.append(np.full(len(follows), part if len(choices) > 1 else PROMPT))
        places.append(np.concatenate([[start - 1], here + follows]))
        targets.append(tokens)
        sums.append(np.full(len(tokens), choice))
    told = {
        "inputs": inputs,
        "positions": positions,
        "parts": parts,
        "places": places,
        "targets": targets,
        "sums": sums,
    }
    return _Row(**{name: np.concatenate(pieces) for name, pieces in told.items()})


def _of_like_width(rows: list[_Row]) -> Iterator[list[_Row]]:
    """Yield the rows from the narrowest on, as many at once as hold so many positions."""
    some: list[_Row] = []
    for row in sorted(rows, key=lambda row: len(row.inputs)):
        if some and (len(some) + 1) * len(row.inputs) > _POSITIONS_AT_ONCE:
            yield some
            some = []
        some.append(row)
    yield some


def _padded(rows: list[_Row], eos: int) -> Batch:
    width = max(len(row.inputs) for row in rows)

    def block(pieces: list[Counts], padding: int) -> Counts:
        return np.stack([np.pad(piece, (0, width - len(piece)), constant_values=padding) for piece in pieces])

    return Batch(
        inputs=block([row.inputs for row in rows], eos),
        positions=block([row.positions for row in rows], 0),
        parts=block([row.parts for row in rows], PADDING),
        rows=np.repeat(np.arange(len(rows)), [len(row.targets) for row in rows]),
        places=np.concatenate([row.places for row in rows]),
        targets=np.concatenate([row.targets for row in rows]),
        sums=np.concatenate([row.sums for row in rows]),
    )
