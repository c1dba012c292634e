"""Bands: a mean with its deviation, Student's interval, and a band that holds every interval at once."""

import math

import numpy as np
import pytest

from raystudy.stats.bands import Band, bands, simultaneous_quantile
from raystudy.stats.design import Matrix, one_way
from raystudy.stats.probability import t_quantile


def walks(seeds: int, intervals: int, *, seed: int = 0) -> Matrix:
    """Return random walks."""
    return np.random.default_rng(seed).normal(size=(seeds, intervals)).cumsum(axis=1)


def test_mean_deviation_and_interval() -> None:
    """The losses 1, 2, 3 have mean 2, deviation 1, and an interval of 4.3027 / sqrt(3) on both sides."""
    band = bands(one_way(np.array([[1.0, 5.0], [2.0, 7.0], [3.0, 6.0]]), ["0", "1000"]))[0]
    half = 4.30265273 / math.sqrt(3)

    assert ("0", 2.0, 1.0, pytest.approx(2 - half), pytest.approx(2 + half)) == (
        band.interval,
        band.mean,
        band.sd,
        band.low,
        band.high,
    )


def test_all_together_is_wider_than_each_and_narrower_than_bonferroni() -> None:
    """Of 6 random walks over 21 intervals the quantile lies between 2.57 and 5.67."""
    found = simultaneous_quantile(walks(6, 21))

    assert t_quantile(5) < found < t_quantile(5, share=1 - 0.05 / 21)


def test_the_less_intervals_depend_on_each_other_the_wider() -> None:
    """Independent intervals are more chances to err than those of walks: nearly as many as Bonferroni counts."""
    independent = np.random.default_rng(0).normal(size=(6, 21))

    assert simultaneous_quantile(walks(6, 21)) < simultaneous_quantile(independent)
    assert pytest.approx(t_quantile(5, share=1 - 0.05 / 21), rel=0.05) == simultaneous_quantile(independent)


def test_one_interval_is_students() -> None:
    """Where there is one interval only, all of them together are that one."""
    assert t_quantile(3) == simultaneous_quantile(walks(4, 1))


def test_the_same_twice() -> None:
    """What is drawn comes from a fixed seed."""
    assert bands(one_way(walks(6, 21))) == bands(one_way(walks(6, 21)))


def test_in_another_unit() -> None:
    """Twice the unit, half the band: nothing depends on the scale."""
    near, far = (bands(one_way(walks(6, 5) * unit)) for unit in (1.0, 2.0**-40))

    assert [(each.all_low, each.sd) for each in near] == [
        (each.all_low * 2.0**40, each.sd * 2.0**40) for each in far if each.all_low is not None and each.sd is not None
    ]


def test_where_all_seeds_are_equal_the_band_has_no_width() -> None:
    """Seeds that share their initial weights have one loss at the start, and the rest is a band of its own."""
    values = np.hstack([np.full((4, 1), 8.3), walks(4, 5)])
    first, *rest = bands(one_way(values))

    assert Band(interval="0", mean=8.3, sd=0.0, low=8.3, high=8.3, all_low=8.3, all_high=8.3) == first
    assert [each.all_low for each in bands(one_way(values[:, 1:]))] == [each.all_low for each in rest]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.empty((0, 1)), Band(interval="0")),
        (np.array([[2.5]]), Band(interval="0", mean=2.5)),
    ],
)
def test_too_few_seeds(values: Matrix, expected: Band) -> None:
    """One seed has a mean and no interval; no seed has nothing."""
    assert (expected,) == bands(one_way(values))


def test_two_seeds_have_an_honest_band() -> None:
    """With one degree of freedom a band of 21 intervals is up to 546 standard errors wide, as Bonferroni's."""
    assert 100 < simultaneous_quantile(walks(2, 21)) <= t_quantile(1, share=1 - 0.05 / 21)
