import hashlib

import numpy as np
import pytest

from raystudy.errors import CorpusError
from raystudy.study import Recipe, Sampler
from raystudy.training.corpora.prepared import Counts
from raystudy.training.tasks.prepared import Examples
from raystudy.training.tasks.samplers import SAMPLERS, Sample, sample

LENGTHS = [4, 30, 5, 11, 6, 10]
"""66 tokens, 8 in the median."""
MANY = np.random.Generator(np.random.PCG64(7)).lognormal(4, 0.8, 2000).astype(int) + 3
"""Lengths as those of texts: many short ones, a long tail."""


def examples(lengths: Counts | list[int]) -> Examples:
    """Return examples of those lengths: a token of answer, A, B or C in turn, behind prompts of the others."""
    n = len(lengths)
    prompt_lengths = np.array(lengths) - 1
    nothing = np.zeros(n, dtype=np.int64)
    return Examples(
        prompts=np.zeros(prompt_lengths.sum(), dtype=np.uint16),
        prompt_offsets=np.concatenate([[0], np.cumsum(prompt_lengths)]),
        choices=np.zeros(n, dtype=np.uint16),
        choice_offsets=np.arange(n + 1),
        first_choices=np.arange(n + 1),
        answers=nothing,
        answer_classes=np.arange(n) % 3,
        prompt_bytes=nothing,
        answer_bytes=nothing,
        cut=np.array(lengths) >= 11,
        names=np.array([f"name{number}" for number in range(n)]),
    )


def taken(sampler: Sampler, lengths: Counts | list[int] = LENGTHS, *, seed: int = 1, **budget: float) -> Sample:
    """Return what a sampler takes of examples of those lengths."""
    return sample(
        examples(lengths),
        Recipe.model_validate({"corpus": "stdlib-areas", "sampler": sampler, **budget}),
        seed=seed,
        name="words",
    )


@pytest.mark.parametrize(
    ("sampler", "chosen"),
    [
        ("few_long", [30]),  # 11 does not fit, so nothing after it is looked at
        ("many_short", [4, 5, 6, 10]),  # 25; 11 does not fit
        ("balanced", [5, 6, 10, 11]),  # 6 and 10 are 2 from the median, 5 and 11 are 3; 4 does not fit
    ],
)
def test_a_budget_is_filled_as_on_paper(sampler: Sampler, chosen: list[int]) -> None:
    """32 tokens, filled as P3 does: in the order of preference, until the next example does not fit."""
    got = taken(sampler, unique_tokens=32)

    assert (sorted(np.array(LENGTHS)[got.indices].tolist()), got.examples, got.tokens, got.mean_tokens) == (
        chosen,
        len(chosen),
        sum(chosen),
        sum(chosen) / len(chosen),
    )


def test_the_first_drawn_is_the_most_wanted() -> None:
    """Indices are in the order of preference."""
    got = taken("many_short", unique_tokens=32)

    assert np.array(LENGTHS)[got.indices].tolist() == [4, 5, 6, 10]


@pytest.mark.parametrize("sampler", list(SAMPLERS))
@pytest.mark.parametrize("fraction", [0.2, 0.4, 0.6, 0.8])
def test_n_times_l_is_the_tokens_and_within_the_budget(sampler: Sampler, fraction: float) -> None:
    """Whatever the sampler and budget: N x L is the token total, at most the budget, of distinct examples."""
    got = taken(sampler, MANY, unique_fraction=fraction)
    product = round(got.examples * got.mean_tokens)

    assert (product, got.distinct, got.tokens <= got.budget_tokens) == (
        int(MANY[got.indices].sum()),
        got.examples,
        True,
    )


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_without_a_budget_all_are_taken(sampler: Sampler) -> None:
    """The whole set is the same set, whoever draws it."""
    got = taken(sampler)

    assert (sorted(got.indices.tolist()), got.tokens, got.sha256) == (list(range(6)), 66, taken("few_long").sha256)


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_the_seed_decides(sampler: Sampler) -> None:
    """The same seed draws the same examples in the same order; another one another order."""
    lengths = [7, 9] * 100
    one, again, other = (taken(sampler, lengths, seed=seed, unique_fraction=0.3).indices.tolist() for seed in (1, 1, 2))

    assert (one == again, one == other) == (True, False)


@pytest.mark.parametrize("fraction", [0.2, 0.4, 0.6, 0.8])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stratified_keeps_the_distribution_of_lengths(fraction: float, seed: int) -> None:
    """The mean is within 3 % of that of all, any quantile within 3 %; by chance alone the mean of 400 varies by 5 %."""
    lengths = MANY[taken("stratified", MANY, seed=seed, unique_fraction=fraction).indices]
    ends = np.unique(MANY)
    up_to, up_to_of_all = ((values[:, None] <= ends).mean(axis=0) for values in (lengths, MANY))

    assert (abs(lengths.mean() / MANY.mean() - 1) < 0.03, np.abs(up_to - up_to_of_all).max() < 0.03) == (True, True)


@pytest.mark.parametrize("tokens", range(4, 67, 3))
def test_stratified_leaves_less_than_any_example_it_did_not_take(tokens: int) -> None:
    """The budget is filled: no further example would fit, from the smallest budget that holds one to all."""
    got = taken("stratified", unique_tokens=tokens)
    others = np.delete(np.array(LENGTHS), got.indices)

    assert tokens - got.tokens < min([*others.tolist(), 1000])


def test_stratified_extends_what_a_smaller_budget_took() -> None:
    """All but the few that fill the last gap are in the larger sample too: budgets compare like with like."""
    small, large = (set(taken("stratified", MANY, unique_fraction=part).indices.tolist()) for part in (0.2, 0.4))

    assert len(small - large) <= 3


def test_a_fraction_is_of_decimals() -> None:
    """0.29 of 100 tokens are 29, though 0.29 * 100 is less in binary."""
    got = taken("many_short", [1 + 1] * 50, unique_fraction=0.29)

    assert (got.budget_tokens, got.tokens) == (29, 28)


def test_what_was_taken_is_counted() -> None:
    """Cut prompts and distinct answers are those of the sample."""
    got = taken("few_long", unique_tokens=51)

    assert (got.examples, got.cut, got.classes) == (3, 2, 3)


def test_the_hash_is_of_the_names_and_not_of_their_order() -> None:
    """Two samples of the same examples agree in it, in whatever order they were drawn."""
    got = taken("many_short", unique_tokens=15)
    names = "name0\nname2\nname4"

    assert got.sha256 == hashlib.sha256(names.encode()).hexdigest()


@pytest.mark.parametrize(
    ("sampler", "budget", "said"),
    [
        (
            "stratified",
            {"unique_tokens": 3},
            "unique_tokens = 3 is a budget that no example of words fits: the smallest",
        ),
        (
            "many_short",
            {"unique_fraction": 0.05},
            "unique_fraction = 0.05 (3 of 66 tokens) is a budget that no example",
        ),
        ("few_long", {"unique_tokens": 29}, "which few_long takes of words does not fit; the longest has 30 tokens."),
        ("stratified", {"unique_tokens": 67}, "unique_tokens = 67, but the training examples of words hold 66 tokens."),
    ],
)
def test_a_budget_that_cannot_be_filled_is_refused(sampler: Sampler, budget: dict[str, float], said: str) -> None:
    """A budget below the smallest example, below the one that a sampler begins with, or above all of them."""
    with pytest.raises(CorpusError) as refused:
        taken(sampler, **budget)

    assert said in str(refused.value)
