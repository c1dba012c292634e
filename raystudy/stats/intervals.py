"""Means with their 95 % intervals: of one sample, and of conditions that the same subjects went through."""

import math
from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.design import Matrix
from raystudy.stats.probability import t_quantile


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A mean and its interval; no bounds where there are fewer than two values, no mean where there is none."""

    mean: float | None
    low: float | None
    high: float | None


def mean_interval(values: Matrix) -> Interval:
    """Return the mean of one sample with Student's interval."""
    if values.size == 0:
        return Interval(mean=None, low=None, high=None)
    mean = sample_mean(values)
    if values.size < 2:
        return Interval(mean=mean, low=None, high=None)
    half = t_quantile(values.size - 1) * standard_deviation(values) / math.sqrt(values.size)
    return Interval(mean=mean, low=mean - half, high=mean + half)


def within_subject_intervals(values: Matrix) -> tuple[Interval, ...]:
    """
    Return each level's mean with the interval that leaves out what differs between subjects.

    D. Cousineau, Tutor. Quant. Methods Psychol. 1, 42 (2005), with the factor k / (k - 1) on the variance of
    R. D. Morey, ibid. 4, 61 (2008). `values` is (subjects, levels).
    """
    n, k = values.shape
    if n == 0 or k < 2:
        return tuple(replace(mean_interval(column), low=None, high=None) for column in values.T)
    normed = values - (values.mean(axis=1, keepdims=True) - values.mean())
    widened = math.sqrt(k / (k - 1))
    return tuple(_widened(mean_interval(normed[:, level]), widened) for level in range(k))


def sample_mean(values: Matrix) -> float:
    """Return the mean of at least one value, exact under an offset."""
    return float(values[0] + (values - values[0]).mean())


def standard_deviation(values: Matrix) -> float:
    """Return the sample standard deviation (n - 1), exact under an offset."""
    return float(np.std(values - values[0], ddof=1))


def _widened(interval: Interval, factor: float) -> Interval:
    if interval.mean is None or interval.low is None or interval.high is None:
        return interval
    half = (interval.high - interval.low) / 2 * factor
    return Interval(mean=interval.mean, low=interval.mean - half, high=interval.mean + half)
