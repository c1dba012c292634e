"""Trials have stable ids and come in blocks that share a seed, each block in an order of its own."""

from collections import Counter
from itertools import pairwise

import pytest

from raystudy.study import Study, Trial, parse
from raystudy.study.trials import williams


def study(*, order: str = "shuffled", repetitions: int = 4) -> Study:
    """Return a study of three levels."""
    return parse(
        f'kind = "efficiency"\nname = "s"\nquestion = "?"\nrepetitions = {repetitions}\norder = "{order}"\nseed = 7\n'
        "[factors]\ntokens = [50000, 100000, 200000]\n",
        name="s.toml",
    )


def blocks(trials: list[Trial]) -> list[list[Trial]]:
    """Group trials by repetition."""
    return [[trial for trial in trials if trial.repetition == r] for r in sorted({t.repetition for t in trials})]


def test_ids_are_readable() -> None:
    """An id names the level and the repetition."""
    ids = {trial.id for trial in study().trials()}

    assert "tokens-50000--r03" in ids
    assert 12 == len(ids)


def test_ids_keep_awkward_levels_apart() -> None:
    """Levels with slashes and points make file names."""
    text = (
        'kind = "efficiency"\nname = "s"\nquestion = "?"\nrepetitions = 1\n[factors]\nlearning_rate = [0.001, 0.0001]\n'
    )

    assert ["learning_rate-0.001--r01", "learning_rate-0.0001--r01"] == sorted(
        (trial.id for trial in parse(text, name="s").trials()), reverse=True
    )


def test_a_block_shares_its_seed() -> None:
    """All trials of a repetition share a seed, and no two repetitions do."""
    seeds = [{trial.seed for trial in block} for block in blocks(list(study().trials()))]

    assert [{7}, {8}, {9}, {10}] == seeds


@pytest.mark.parametrize("order", ["shuffled", "latin_square", "as_written"])
def test_each_block_runs_each_condition_once(order: str) -> None:
    """Whatever the order, a block is complete."""
    per_block = [{str(trial.condition) for trial in block} for block in blocks(list(study(order=order).trials()))]

    assert all(len(conditions) == 3 for conditions in per_block)


def test_shuffling_depends_on_the_seed_alone() -> None:
    """The same study has the same order, and its blocks do not all have one order."""
    once, again = ([trial.id for trial in study(repetitions=8).trials()] for _ in range(2))
    orders = {tuple(str(trial.condition) for trial in block) for block in blocks(list(study(repetitions=8).trials()))}

    assert once == again
    assert len(orders) > 1


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_williams_rows_balance_place_and_succession(n: int) -> None:
    """Each condition stands equally often at each place, and equally often after each other one."""
    rows = williams(n)
    places = Counter((place, condition) for row in rows for place, condition in enumerate(row))
    successions = Counter(pair for row in rows for pair in pairwise(row))

    assert 1 == len(set(places.values()))
    assert (1, n * (n - 1)) == (len(set(successions.values())), len(successions))
