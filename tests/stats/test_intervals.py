"""Intervals: Student's for a mean, Cousineau and Morey's for conditions within subjects."""

import math

import numpy as np
import pytest

from raystudy.stats.intervals import Interval, mean_interval, within_subject_intervals


def test_mean_interval() -> None:
    """Of 1, 2, 3: 2 ± 4.3027 / sqrt(3)."""
    half = 4.302653 / math.sqrt(3)
    found = mean_interval(np.array([1.0, 2.0, 3.0]))

    assert pytest.approx((2.0, 2 - half, 2 + half)) == (found.mean, found.low, found.high)


@pytest.mark.parametrize(("values", "mean"), [([], None), ([2.5], 2.5)])
def test_too_few_values_have_no_bounds(values: list[float], mean: float | None) -> None:
    """One value is its own mean without bounds; none has no mean."""
    assert Interval(mean=mean, low=None, high=None) == mean_interval(np.array(values))


def test_no_subject_no_mean() -> None:
    """Where nobody went through every level, each level has an interval without mean and bounds."""
    assert (Interval(mean=None, low=None, high=None),) * 3 == within_subject_intervals(np.empty((0, 3)))


def test_differences_between_subjects_drop_out() -> None:
    """Moving whole subjects apart widens no interval."""
    values = np.random.default_rng(2).normal(size=(6, 3))
    width = [each.high - each.low for each in within_subject_intervals(values) if each.high and each.low]
    apart = within_subject_intervals(values + 100 * np.arange(6)[:, None])

    assert pytest.approx(width) == [each.high - each.low for each in apart if each.high and each.low]


def test_morey_matches_the_paired_test_of_two_levels() -> None:
    """For two levels the interval of the difference is sqrt(2) times as wide as either level's."""
    values = np.random.default_rng(3).normal(size=(7, 2))
    level = within_subject_intervals(values)[0]
    difference = mean_interval(values[:, 0] - values[:, 1])

    assert level.low is not None
    assert level.high is not None
    assert difference.low is not None
    assert difference.high is not None
    assert pytest.approx(math.sqrt(2) * (level.high - level.low)) == difference.high - difference.low
