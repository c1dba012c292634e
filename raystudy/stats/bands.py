"""The mean trajectory of independent seeds, with the interval of each point and the band that holds all of them.

    values (seeds, intervals) ──▶ mean, spread, t of each interval ──greatest |t| of drawn studies──▶ simultaneous band

A pointwise interval holds its own mean in 95 % of studies, all 21 at once in far fewer. The band is the pointwise one
with a greater quantile: that of the greatest |t| among the intervals, in drawn studies of as many normal seeds (max-T:
P. H. Westfall & S. S. Young, Resampling-Based Multiple Testing (1993), 2.3; J. L. Montiel Olea & M. Plagborg-Møller,
J. Appl. Econom. 34, 1 (2019)). Drawn intervals correlate as ours do on average at the same distance. What six seeds
tell of each pair is too little: their whole matrix, of rank 5, takes 21 intervals for fewer.

Over 21 intervals, of 3, 6, 10 and 30 seeds whose errors are independent, AR .5, AR .9, random walks or smooth curves,
the band holds all means in 94 to 97 %; pointwise intervals do in 29 to 86 %, a band of the whole correlation in 92 to
96 %, and Bonferroni's, up to 36 % wider, in 94 to 99 %. The flips of six seeds' signs do as well, those of three hold
26 to 69 % (benchmarks/trajectory_bands.py, 500 studies of each).
"""

import math
from dataclasses import dataclass

import numpy as np

from raystudy.stats.contrasts import ROUNDING
from raystudy.stats.design import Design, Matrix
from raystudy.stats.draws import chunks
from raystudy.stats.intervals import sample_mean
from raystudy.stats.probability import ALPHA, t_quantile

_SEED = 0
_DRAWS, _FEWEST_DRAWS = 4_999, 999
_MOST_CELLS = 2_000_000
"""Drawn in all, while that leaves enough draws: a tenth of a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """One interval of the mean trajectory; what the seeds are too few for is None."""

    interval: str
    mean: float | None = None
    sd: float | None = None
    """Between seeds (n - 1)."""
    low: float | None = None
    """Student's 95 % interval of this mean alone."""
    high: float | None = None
    all_low: float | None = None
    """The simultaneous band: the means of all intervals lie in theirs in 95 % of studies."""
    all_high: float | None = None


def bands(data: Design) -> tuple[Band, ...]:
    """Return one band an interval, of no width where all seeds are equal."""
    assert data.group_sizes.size == 1, "arms are trajectories of their own"
    if not len(data.subjects):
        return tuple(Band(interval=label) for label in data.levels)
    means = [sample_mean(column) for column in data.values.T]
    if data.df < 1:
        return tuple(Band(interval=label, mean=mean) for label, mean in zip(data.levels, means, strict=True))
    sd = spread(data.values)
    se = sd / math.sqrt(len(data.subjects))
    own, all_of_them = t_quantile(data.df), simultaneous_quantile(data.values)
    return tuple(
        Band(
            interval=label,
            mean=mean,
            sd=float(deviation),
            low=mean - own * error,
            high=mean + own * error,
            all_low=mean - all_of_them * error,
            all_high=mean + all_of_them * error,
        )
        for label, mean, deviation, error in zip(data.levels, means, sd.tolist(), se.tolist(), strict=True)
    )


def simultaneous_quantile(values: Matrix) -> float:
    """Return the |t| that some of the columns of (seeds, columns) exceed in 5 % of studies; Bonferroni's at most."""
    varying = values[:, spread(values) > 0]
    n, k = varying.shape
    if k < 2:
        return t_quantile(n - 1)
    greatest = np.abs(drawn_t(varying)).max(axis=1)
    return min(float(np.quantile(greatest, 1 - ALPHA)), t_quantile(n - 1, share=1 - ALPHA / k))


def drawn_t(values: Matrix) -> Matrix:
    """Return t of each column in drawn studies without any effect, (draws, columns); every column varies."""
    n, k = values.shape
    draws = min(max(_MOST_CELLS // values.size, _FEWEST_DRAWS), _DRAWS)
    random, root = np.random.default_rng(_SEED), _root(values)
    found = (_t(random.normal(size=(some, n, k)) @ root) for some in chunks(draws, cells=n * k))
    return np.concatenate(list(found))


def spread(values: Matrix) -> Matrix:
    """Return the sample deviation of each column, (columns,); 0 where it is that of storing the values."""
    sd = np.std(values - values[:1], axis=0, ddof=1)
    return np.where(sd > ROUNDING * np.abs(values).max(axis=0), sd, 0.0)


def _root(values: Matrix) -> Matrix:
    """Return what makes independent columns correlate, (columns, columns), as ours do on average at each distance."""
    scores = values - values[:1]
    scores = scores - scores.mean(axis=0)
    scores = scores / np.linalg.norm(scores, axis=0)
    places = np.arange(values.shape[1])
    distance = np.abs(places[:, None] - places)
    sums = np.bincount(distance.reshape(-1), weights=(scores.T @ scores).reshape(-1))
    sizes, vectors = np.linalg.eigh((sums / np.bincount(distance.reshape(-1)))[distance])
    return np.asarray((vectors * np.sqrt(np.maximum(sizes, 0.0))).T)


def _t(values: Matrix) -> Matrix:
    n = values.shape[1]
    return np.asarray(values.mean(axis=1) / (values.std(axis=1, ddof=1) / math.sqrt(n)))
