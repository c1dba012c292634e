"""Paired t tests between all levels: the difference with its interval first, then the test."""

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.design import Design, Matrix
from raystudy.stats.intervals import mean_interval, sample_mean, standard_deviation
from raystudy.stats.probability import t_tail
from raystudy.stats.reason import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """How two levels differ, a - b, over the same subjects."""

    a: str
    b: str
    n: int
    df: int
    mean_diff: float | None = None
    ci_low: float | None = None
    """95 % interval of this one difference, not widened for their number."""
    ci_high: float | None = None
    t: float | None = None
    p: float | None = None
    log10_p: float | None = None
    p_bonferroni: float | None = None
    d_z: float | None = None
    """Mean difference in standard deviations of the differences."""
    reason: Reason | None = None


def pairwise(data: Design) -> tuple[Pair, ...]:
    """Compare every level with every later one."""
    pairs = list(itertools.combinations(range(len(data.levels)), 2))
    return tuple(
        _pair(data.values[:, i], data.values[:, j], a=data.levels[i], b=data.levels[j], n_pairs=len(pairs))
        for i, j in pairs
    )


def _pair(first: Matrix, second: Matrix, *, a: str, b: str, n_pairs: int) -> Pair:
    n, df = first.size, max(first.size - 1, 0)
    if n < 2:
        return Pair(a=a, b=b, n=n, df=df, reason=Reason.FEW_SUBJECTS if n else Reason.NO_SUBJECT)
    differences = first - second
    interval, mean, sd = mean_interval(differences), sample_mean(differences), standard_deviation(differences)
    pair = Pair(a=a, b=b, n=n, df=df, mean_diff=mean, ci_low=interval.low, ci_high=interval.high)
    rounding = 4 * np.finfo(np.float64).eps * float(max(np.abs(first).max(), np.abs(second).max()))
    if sd <= rounding:
        return replace(pair, reason=Reason.CONSTANT if abs(mean) <= rounding else Reason.ZERO_ERROR)
    d_z = mean / sd
    t = d_z * math.sqrt(n)
    tail = t_tail(t, df=df)
    return replace(pair, t=t, p=tail.p, log10_p=tail.log10_p, p_bonferroni=min(1.0, n_pairs * tail.p), d_z=d_z)
