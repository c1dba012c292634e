"""Which labelled examples fill a budget of tokens: one function a sampler, over nothing but lengths.

    Examples ──lengths, shuffled by seed──▶ few_long | many_short | balanced | stratified ──▶ Sample

The first three are P3's (arXiv 2505.06150): an order of preference, taken until the next example does not fit. They
choose other examples, not only other lengths, and leave the budget under-filled; `stratified` keeps the distribution of
lengths and fills the budget.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora.prepared import Counts
from raystudy.training.tasks.prepared import Examples

STRATA = 20
"""Classes of length that `stratified` draws from in turn, each with as many examples as the others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The examples that a training takes."""

    indices: Counts = field(repr=False)
    """Which examples of the training side, in the order in which they were drawn."""
    budget_tokens: int
    tokens: int
    """Tokens of all of them, prompt and right answer: N x L, at most the budget."""
    cut: int
    """Examples among them whose prompt was cut to fit the context."""
    classes: int
    """Distinct right answers among them."""
    sha256: str
    """Of the sorted names of the examples: two samples that agree in it hold the same ones."""

    @property
    def examples(self) -> int:
        """N: how many examples there are."""
        return len(self.indices)

    @property
    def mean_tokens(self) -> float:
        """L: mean tokens of an example."""
        return self.tokens / self.examples

    @property
    def distinct(self) -> int:
        """How many different examples there are."""
        return len(np.unique(self.indices))


def sample(examples: Examples, recipe: Recipe, *, seed: int, name: str) -> Sample:
    """
    Fill the recipe's budget: `unique_tokens`, or that fraction of all tokens, or all.

    `name` is the corpus, for messages. Raises CorpusError where no example, or more than all, would fill the budget.
    """
    lengths = examples.lengths
    budget_tokens, said = _budget(lengths, recipe, name)
    chance = np.random.Generator(np.random.PCG64([seed, *b"sample"]))
    indices = SAMPLERS[recipe.sampler](lengths, budget_tokens, chance)
    if not len(indices):
        raise CorpusError(
            f"{said} is a budget that the first example which {recipe.sampler} takes of {name} does not fit; the "
            f'longest has {lengths.max():,} tokens. Raise it to that, or set sampler = "stratified".'
        )
    names = "\n".join(sorted(examples.names[indices].tolist()))
    return Sample(
        indices=indices,
        budget_tokens=budget_tokens,
        tokens=int(lengths[indices].sum()),
        cut=int(examples.cut[indices].sum()),
        classes=len(np.unique(examples.answer_classes[indices])),
        sha256=hashlib.sha256(names.encode()).hexdigest(),
    )


def _budget(lengths: Counts, recipe: Recipe, name: str) -> tuple[int, str]:
    """Return the budget in tokens, and how the recipe says it; some example must fit, and all together must fill it."""
    total, smallest = int(lengths.sum()), int(lengths.min())
    if recipe.unique_fraction is not None:
        # As decimals: 0.29 of 100 tokens are 29, which binary fractions would make 28.
        budget = math.floor(Decimal(str(recipe.unique_fraction)) * total)
        said = f"recipe.unique_fraction = {recipe.unique_fraction:g} ({budget:,} of {total:,} tokens)"
    else:
        budget = recipe.unique_tokens or total
        said = f"recipe.unique_tokens = {budget:,}"
    if budget < smallest:
        raise CorpusError(
            f"{said} is a budget that no example of {name} fits: the smallest has {smallest:,} tokens. Raise it."
        )
    if budget > total:
        raise CorpusError(
            f"{said}, but the training examples of {name} hold {total:,} tokens. "
            "Lower it, give more examples, or leave it out to train on all of them."
        )
    return budget, said


def few_long(lengths: Counts, budget_tokens: int, chance: np.random.Generator) -> Counts:
    """Take the longest first, until the next one does not fit."""
    shuffled = chance.permutation(len(lengths))
    return _until_full(shuffled[np.argsort(-lengths[shuffled], kind="stable")], lengths, budget_tokens)


def many_short(lengths: Counts, budget_tokens: int, chance: np.random.Generator) -> Counts:
    """Take the shortest first, until the next one does not fit."""
    shuffled = chance.permutation(len(lengths))
    return _until_full(shuffled[np.argsort(lengths[shuffled], kind="stable")], lengths, budget_tokens)


def balanced(lengths: Counts, budget_tokens: int, chance: np.random.Generator) -> Counts:
    """Take those nearest to the median length first, until the next one does not fit."""
    shuffled = chance.permutation(len(lengths))
    distances = np.abs(lengths - np.median(lengths))
    return _until_full(shuffled[np.argsort(distances[shuffled], kind="stable")], lengths, budget_tokens)


def stratified(lengths: Counts, budget_tokens: int, chance: np.random.Generator) -> Counts:
    """
    Take from each class of length in turn, then fill what is left with the longest that fits, and again.

    The classes take their turns in another order each round. What is left over in the end is less than the shortest
    example that was not taken.
    """
    shuffled = chance.permutation(len(lengths))
    rounds = np.empty(len(lengths))
    for stratum in np.array_split(shuffled[np.argsort(lengths[shuffled], kind="stable")], STRATA):
        rounds[stratum] = (chance.permutation(len(stratum)) + chance.random(len(stratum))) / max(len(stratum), 1)
    taken = _until_full(np.argsort(rounds, kind="stable"), lengths, budget_tokens)
    return np.concatenate([taken, _fill(taken, lengths, budget_tokens)])


def _until_full(preferred: Counts, lengths: Counts, budget_tokens: int) -> Counts:
    """Return the examples before the first that does not fit; those after it are not looked at, as in P3."""
    ends = np.cumsum(lengths[preferred])
    return preferred[: int(np.searchsorted(ends, budget_tokens, side="right"))]


def _fill(taken: Counts, lengths: Counts, budget_tokens: int) -> Counts:
    """Return further examples, the longest first, each where it fits what is left."""
    left = budget_tokens - int(lengths[taken].sum())
    others = np.setdiff1d(np.arange(len(lengths)), taken)
    more = []
    for index in others[np.argsort(-lengths[others], kind="stable")].tolist():
        if lengths[index] <= left:
            more.append(index)
            left -= int(lengths[index])
    return np.array(more, dtype=np.int64)


SAMPLERS: Mapping[str, Callable[[Counts, int, np.random.Generator], Counts]] = {
    "few_long": few_long,
    "many_short": many_short,
    "balanced": balanced,
    "stratified": stratified,
}
