"""The mean of a table of seeds x examples, both of them samples."""

import math

import numpy as np
import pytest

from raystudy.stats.crossed import crossed_mean
from raystudy.stats.design import Matrix
from raystudy.stats.intervals import mean_interval

BY_HAND = np.array([[1.0, 2.0, 6.0], [5.0, 6.0, 7.0]])
"""Row means 3 and 6; column means 3, 4, 6.5; mean squares 13.5 (1), 6.5 (2) and 1.5 (2); 6 values of mean 4.5."""


def drawn(
    rng: np.random.Generator, *, seeds: int, examples: int, of_seeds: float, of_examples: float, mean: float = 0.0
) -> Matrix:
    """Draw a table with these standard deviations, and 1 of the rest."""
    seed = rng.normal(0, of_seeds, (seeds, 1))
    example = rng.normal(0, of_examples, (1, examples))
    return np.asarray(mean + seed + example + rng.normal(0, 1, (seeds, examples)))


def covered(*, seeds: int, of_seeds: float, of_examples: float) -> float:
    """Return how often the interval holds the true mean, 0, in 600 tables of 60 examples."""
    rng = np.random.default_rng(1)
    tables = (drawn(rng, seeds=seeds, examples=60, of_seeds=of_seeds, of_examples=of_examples) for _ in range(600))
    found = [crossed_mean(table) for table in tables]
    return float(np.mean([each.low <= 0 <= each.high for each in found if each.low is not None and each.high]))


def test_by_hand() -> None:
    """t(1)² 13.5 / 6 + t(2)² (6.5 - 1.5) / 6, whose root is the half-width."""
    found = crossed_mean(BY_HAND)
    half = math.sqrt(12.7062047**2 * 13.5 / 6 + 4.3026527**2 * 5 / 6)

    assert pytest.approx((4.5, 4.5 - half, 4.5 + half)) == (found.estimate, found.low, found.high)


def test_parts_by_hand() -> None:
    """Variances (13.5 - 1.5) / 3, (6.5 - 1.5) / 2 and 1.5; the mean's is (13.5 + 6.5 - 1.5) / 6."""
    found = crossed_mean(BY_HAND)

    assert pytest.approx((2.0, math.sqrt(2.5), math.sqrt(1.5), math.sqrt(18.5 / 6))) == (
        found.sd_seeds,
        found.sd_examples,
        found.sd_rest,
        found.se,
    )


def test_one_seed_leaves_the_examples() -> None:
    """With one seed the interval is Student's over the examples, and no part can be told from another."""
    found, student = crossed_mean(BY_HAND[:1]), mean_interval(BY_HAND[0])

    assert (pytest.approx(student.low), pytest.approx(student.high), None) == (found.low, found.high, found.sd_seeds)


def test_p_is_where_the_interval_ends_at_zero() -> None:
    """Moved so that its 95 % interval ends at zero, a table has a p of .05."""
    found = crossed_mean(BY_HAND)
    assert found.low is not None

    assert pytest.approx(0.05, rel=1e-6) == crossed_mean(BY_HAND - found.low).p


def test_seeds_that_agree_by_chance_do_not_narrow_the_interval_below_that_of_the_examples() -> None:
    """Two seeds of one mean: the interval is still as wide as that over examples."""
    values = np.array([[1.0, 0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0, 1.0, 0.0]])
    found, student = crossed_mean(values), mean_interval(values.mean(axis=0))

    assert (pytest.approx(student.low), pytest.approx(student.high)) == (found.low, found.high)


def test_an_offset_costs_no_digit() -> None:
    """A table moved by a million has the same interval, moved likewise."""
    near, far = crossed_mean(BY_HAND), crossed_mean(BY_HAND + 1e6)

    assert (near.half_width, near.sd_rest) == (pytest.approx(far.half_width), pytest.approx(far.sd_rest))


@pytest.mark.parametrize(
    ("values", "estimate", "p", "reason"),
    [
        (np.zeros((0, 5)), None, None, "no seed was run with all of them"),
        (np.zeros((3, 0)), None, None, "no example that all were asked"),
        (np.array([[1.0], [2.0]]), 1.5, None, "one example only"),
        (np.zeros((2, 4)), 0.0, None, "constant: all values are equal"),
        (np.full((2, 4), -0.5), -0.5, 0.125, "constant: all values are equal"),
    ],
)
def test_says_why_there_is_no_interval(values: Matrix, estimate: float | None, p: float | None, reason: str) -> None:
    """What cannot be told is null, with its reason; four examples of one sign have the p of the sign test, 2 / 2^4."""
    found = crossed_mean(values)

    assert (estimate, None, p, reason) == (found.estimate, found.low, found.p, found.reason)


def test_another_level_has_another_interval() -> None:
    """At 1 % the quantiles are Student's of .995: t(1) = 63.66 and t(2) = 9.925."""
    half = math.sqrt(63.6567412**2 * 13.5 / 6 + 9.9248432**2 * 5 / 6)

    assert pytest.approx(half) == crossed_mean(BY_HAND, alpha=0.01).half_width


@pytest.mark.parametrize("seeds", [2, 5])
@pytest.mark.parametrize(("of_seeds", "of_examples"), [(0.0, 0.0), (0.5, 0.5), (0.0, 2.0), (1.0, 0.0)])
def test_holds_what_it_says(seeds: int, of_seeds: float, of_examples: float) -> None:
    """It holds the true mean in 95 % of tables or more, less what 600 draws may be off (.009 one SD)."""
    assert covered(seeds=seeds, of_seeds=of_seeds, of_examples=of_examples) >= 0.925


def test_the_pigeonhole_bootstrap_has_the_same_standard_error() -> None:
    """Seeds and examples drawn anew, each for itself (A. B. Owen, Ann. Appl. Stat. 1, 386, 2007): small rest."""
    rng = np.random.default_rng(3)
    values = 0.1 * drawn(rng, seeds=40, examples=60, of_seeds=20.0, of_examples=20.0)
    rows, columns = rng.integers(40, size=(2_000, 40)), rng.integers(60, size=(2_000, 60))
    means = [values[np.ix_(*places)].mean() for places in zip(rows, columns, strict=True)]

    assert pytest.approx(crossed_mean(values).se, rel=0.06) == np.std(means)


def test_naive_intervals_do_not() -> None:
    """Over the means of seeds, 5 seeds x 60 examples that differ by 2 SD of the rest: Student's interval holds few."""
    rng = np.random.default_rng(1)
    means = (drawn(rng, seeds=5, examples=60, of_seeds=0.0, of_examples=2.0).mean(axis=1) for _ in range(300))
    intervals = [mean_interval(each) for each in means]

    assert np.mean([each.low <= 0 <= each.high for each in intervals if each.low is not None and each.high]) < 0.5
