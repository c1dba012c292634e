"""From a corpus to sequences of tokens, and the order in which a training sees them; numpy only.

    packed      the training stream cut into windows, every position a target
    truncated   one document a sequence, cut to the context or padded to it
    examples    one labelled example a sequence: end of text, prompt, right answer; padded to the longest of its batch

A sequence is `context` inputs and, one token further, `context` targets.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora.prepared import Corpus, Counts, Tokens
from raystudy.training.tasks.prepared import Task
from raystudy.training.tasks.samplers import Sample

IGNORED = -100
"""The target of a padding position; cross_entropy leaves it out."""


Rows = tuple[Counts, Counts]
"""Inputs and targets of some sequences, both (sequences, width)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sequences:
    """The set of sequences that a training repeats."""

    tokens: Tokens = field(repr=False)
    starts: Counts = field(repr=False)
    """Where each sequence begins in `tokens`."""
    lengths: Counts = field(repr=False)
    """Tokens of each sequence, at most context + 1."""
    context: int
    padding: int
    """The input at a padding position."""
    unlearnt: Counts | None = field(default=None, repr=False)
    """First targets of each sequence that are read and not learnt: those of a prompt."""
    snug: bool = False
    """Whether a batch is as wide as its longest sequence, instead of the context."""

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def tokens_in_set(self) -> int:
        """Distinct targets of one pass, padding not counted."""
        return int(self.lengths.sum()) - len(self)

    def budget_tokens(self, recipe: Recipe) -> int:
        """Return the recipe's budget in tokens, where it gives passes too."""
        return recipe.tokens or (recipe.epochs or 1) * self.tokens_in_set

    def n_targets(self, indices: Counts) -> int:
        """Count the targets of some sequences, learnt or not, padding not counted."""
        return int(self.lengths[indices].sum()) - len(indices)

    def n_learnt(self, indices: Counts) -> int:
        """Count the targets of some sequences that are learnt."""
        unlearnt = 0 if self.unlearnt is None else int(self.unlearnt[indices].sum())
        return self.n_targets(indices) - unlearnt

    def width(self, indices: Counts) -> int:
        """Return how wide a batch of some sequences is."""
        return int(self.lengths[indices].max()) - 1 if self.snug else self.context

    def rows(self, indices: Counts) -> Rows:
        """Return inputs and targets of some sequences; what is not learnt is `IGNORED`."""
        places = np.arange(self.width(indices) + 1)
        at = np.minimum(self.starts[indices, None] + places, len(self.tokens) - 1)
        block = self.tokens[at].astype(np.int64)
        real = places < self.lengths[indices, None]
        learnt = real if self.unlearnt is None else real & (places > self.unlearnt[indices, None])
        return np.where(real, block, self.padding)[:, :-1], np.where(learnt, block, IGNORED)[:, 1:]


def sequences_of(corpus: Corpus, recipe: Recipe) -> Sequences:
    """Cut the training documents as the recipe says; raises CorpusError where they are too few."""
    cut = {"packed": packed, "truncated": truncated}[recipe.packing]
    share = recipe.unique_fraction
    asked = recipe.unique_tokens if share is None else max(1, round(share * int(corpus.train_offsets[-1])))
    return cut(corpus, recipe.context, asked)


def sequences_of_examples(task: Task, chosen: Sample, recipe: Recipe) -> Sequences:
    """
    Make each chosen example a sequence; each token of prompt and answer is a target, learnt as `loss_on` says.

    They stand in the order of the task, not in the order drawn: samplers that chose the same examples train alike.
    Compiled models get the width of the context always, for each new width would be compiled anew.
    """
    examples, indices = task.train, np.sort(chosen.indices)
    prompts, answers = examples.prompt_offsets, examples.choice_offsets
    pieces: list[Tokens] = []
    for index, right in zip(indices.tolist(), examples.right[indices].tolist(), strict=True):
        pieces += [
            np.array([task.eos], dtype=examples.prompts.dtype),
            examples.prompts[prompts[index] : prompts[index + 1]],
            examples.choices[answers[right] : answers[right + 1]],
        ]
    lengths = examples.lengths[indices] + 1
    return Sequences(
        tokens=np.concatenate(pieces),
        starts=np.cumsum(lengths) - lengths,
        lengths=lengths,
        context=recipe.context,
        padding=task.eos,
        unlearnt=examples.prompt_lengths[indices] if recipe.loss_on == "answer" else None,
        snug=not recipe.compile,
    )


def packed(corpus: Corpus, context: int, unique_tokens: int | None) -> Sequences:
    """Lay documents end to end and cut them into windows; what is left of the last one is dropped."""
    stream = corpus.train[: corpus.train_offsets[_documents(corpus, unique_tokens)]]
    n_windows = (len(stream) - 1) // context
    if n_windows < 1:
        raise CorpusError(
            f"The training documents of {corpus.name} hold {len(stream):,} tokens; one sequence of context = "
            f"{context:,} takes {context + 1:,}. Give more documents, a greater unique_tokens, or a shorter context."
        )
    return Sequences(
        tokens=stream,
        starts=np.arange(n_windows, dtype=np.int64) * context,
        lengths=np.full(n_windows, context + 1, dtype=np.int64),
        context=context,
        padding=corpus.eos,
    )


def truncated(corpus: Corpus, context: int, unique_tokens: int | None) -> Sequences:
    """
    Make each document a sequence, cut to context + 1 tokens or padded.

    `unique_tokens` chooses the documents by their whole length, as P1's subsets do; `tokens_in_set` tells what is left
    of them after the cut.
    """
    offsets = corpus.train_offsets[: _documents(corpus, unique_tokens) + 1]
    lengths = np.minimum(np.diff(offsets), context + 1)
    usable = lengths >= 2
    if not usable.any():
        raise CorpusError(f"No training document of {corpus.name} holds two tokens. Give other documents.")
    return Sequences(
        tokens=corpus.train,
        starts=np.asarray(offsets[:-1][usable]),
        lengths=lengths[usable],
        context=context,
        padding=corpus.eos,
    )


def _documents(corpus: Corpus, unique_tokens: int | None) -> int:
    """Return how many of the first documents come nearest to `unique_tokens` tokens, at least one."""
    ends = corpus.train_offsets[1:]
    if unique_tokens is None:
        return len(ends)
    if unique_tokens > ends[-1]:
        raise CorpusError(
            f"recipe.unique_tokens = {unique_tokens:,}, but the training documents of {corpus.name} hold {ends[-1]:,} "
            "tokens. Lower it, give more documents, or leave it out to train on all of them."
        )
    return int(np.abs(ends - unique_tokens).argmin()) + 1


class DataOrder:
    """
    An endless order of sequences: one seeded permutation after the other.

    It does not know the budget: a short training sees the beginning of what a long one of the same seed sees.
    """

    def __init__(self, n_sequences: int, seed: int, *, taken: int = 0) -> None:
        """Begin after `taken` indices, by default at the first sequence of the first pass."""
        self._n_sequences, self._seed = n_sequences, seed
        self._epoch, within = divmod(taken, n_sequences)
        self._ahead = self._permutation()[within:]

    def take(self, n: int) -> Counts:
        """Return the next n indices; they may reach into the next pass."""
        while len(self._ahead) < n:
            self._epoch += 1
            self._ahead = np.concatenate([self._ahead, self._permutation()])
        taken, self._ahead = self._ahead[:n], self._ahead[n:]
        return taken

    def _permutation(self) -> Counts:
        return np.random.Generator(np.random.PCG64([self._seed, self._epoch])).permutation(self._n_sequences)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heldout:
    """Whole held-out documents, packed into windows, each token of theirs a target."""

    inputs: Counts = field(repr=False)
    targets: Counts = field(repr=False)
    """As inputs (windows, context); `IGNORED` after the last document."""
    documents: npt.NDArray[np.int64] = field(repr=False)
    """Which document each target belongs to, counted from 0; -1 after the last."""
    document_bytes: Counts = field(repr=False)
    """UTF-8 bytes of each document."""

    @property
    def n_documents(self) -> int:
        """How many documents there are."""
        return len(self.document_bytes)

    @property
    def n_tokens(self) -> int:
        """How many targets there are."""
        return int((self.documents >= 0).sum())

    @property
    def n_bytes(self) -> int:
        """UTF-8 bytes of all documents."""
        return int(self.document_bytes.sum())


def heldout_windows(corpus: Corpus, context: int, max_tokens: int) -> Heldout:
    """Take whole held-out documents until they hold `max_tokens` tokens, or all of them."""
    ends = corpus.heldout_offsets[1:]
    n_documents = min(int(np.searchsorted(ends, max_tokens)) + 1, len(ends))
    tokens = corpus.heldout[: ends[n_documents - 1]].astype(np.int64)
    # An end of text stands before the first document as before any other, so that its first token is a target too.
    inputs = np.concatenate([[corpus.eos], tokens[:-1]])
    lengths = np.diff(corpus.heldout_offsets[: n_documents + 1])
    return Heldout(
        inputs=_windows(inputs, context, padding=corpus.eos),
        targets=_windows(tokens, context, padding=IGNORED),
        documents=_windows(np.repeat(np.arange(n_documents), lengths), context, padding=-1),
        document_bytes=np.array(corpus.heldout_bytes[:n_documents]),
    )


def _windows(values: Counts, context: int, *, padding: int) -> Counts:
    """Cut a row into rows of `context`, the last one padded."""
    missing = -len(values) % context
    return np.pad(values, (0, missing), constant_values=padding).reshape(-1, context)
