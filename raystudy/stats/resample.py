"""Tests that need no normal distribution: how often resampled data show at least the effect observed.

    Design ──whole subjects change sign, or their levels change places──▶ statistic of each resample ──▶ p

All resamples are gone through where they are few, so p is exact; else 9,999 are drawn from a fixed seed, and the data
themselves count as one more (P. Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed. (2005), 3.2).
What is opposite in every sign, or differs by the same reordering of all subjects, has the same statistic: one subject
stays as it is, and p is the same.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from raystudy.stats.contrasts import ROUNDING
from raystudy.stats.design import Design, Matrix, off_first, untestable
from raystudy.stats.reason import Reason

DRAWS, FEWEST_DRAWS = 9_999, 999
"""Drawn where they are cheap, and where each takes long."""
SEED = 0
_ALL_FLIPS_UP_TO = 13
"""Subjects: 4,096 flips."""
_ALL_ORDERS = 50_000
_MOST_MOVES = 200_000_000
"""Values that change places in all permutations together: some seconds."""
_FLIPS_AT_ONCE = 500
"""So few that what is worked out from them stays in the processor's cache."""
_SIGNS_AT_ONCE = 1_000_000
"""8 MB: with more than 2,000 subjects, fewer flips at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resampled:
    """How many resamples show at least the effect observed."""

    n_resamples: int | None = None
    """With the data themselves where exact, without where drawn."""
    n_ge: int | None = None
    p: float | None = None
    """n_ge / n_resamples where exact, (n_ge + 1) / (n_resamples + 1) where drawn."""
    exact: bool | None = None
    reason: Reason | None = None


def sign_flip(data: Design, *, draws: int = DRAWS, seed: int = SEED) -> Resampled:
    """
    Test all levels at once by the F of data in which some subjects' differences between levels change sign.

    It asks that a subject's differences are as likely as their opposites, however they depend on each other. In
    random walks of 6 subjects x 21 levels it finds 3 % at a nominal 5 %. The smallest p is 1 / 2^(n - 1).
    """
    if reason := _reason(data):
        return Resampled(reason=reason)
    rows, n = _rows(data), len(data.subjects)
    sums = np.concatenate([signs @ rows for signs in _flips(n, draws, seed)])
    return _counted(sums, data, rows, exact=n <= _ALL_FLIPS_UP_TO)


def permutation(data: Design, *, draws: int = DRAWS, seed: int = SEED) -> Resampled:
    """
    Test all levels at once by the F of data in which each subject's levels change places.

    It asks that all orders of a subject's values are equally likely, so it is invalid for trajectories, whose
    neighbours resemble each other: in random walks of 6 subjects x 21 levels it finds 20 % at a nominal 5 %, in weaker
    dependence 12 to 15 %. Take `sign_flip` there.
    """
    if reason := _reason(data):
        return Resampled(reason=reason)
    rows = _rows(data)
    n, k = rows.shape
    exact = (n - 1) * math.lgamma(k + 1) <= math.log(_ALL_ORDERS)
    draws = max(min(draws, _MOST_MOVES // rows.size), min(draws, FEWEST_DRAWS))
    sums = _all_orders(rows) if exact else _some_orders(rows, draws, seed)
    return _counted(sums, data, rows, exact=exact)


def max_t(data: Design, weights: Matrix, *, draws: int = DRAWS, seed: int = SEED) -> Matrix:
    """
    Return the p value of each contrast, (contrasts,), among the greatest |t| of all in data with flipped subjects.

    Single-step max-T of P. H. Westfall & S. S. Young, Resampling-Based Multiple Testing (1993), 2.3: a subject's
    scores change sign together, so the dependence between contrasts stays as it is. `weights`, (levels,
    contrasts), are those of contrasts that have a test.
    """
    if not weights.shape[1]:
        return np.empty(0)
    n = len(data.subjects)
    within = off_first(data.values)
    within = within / np.abs(within).max()
    weights = weights / np.sqrt(((within @ weights) ** 2).sum(axis=0))
    observed = _shares(np.ones((1, n)), data, within, weights)[0]
    shares = (_shares(signs, data, within, weights) for signs in _flips(n, draws, seed))
    greatest = np.sort(np.concatenate([each.max(axis=1) for each in shares]))
    n_ge = greatest.size - np.searchsorted(greatest, _bar(observed, data))
    drawn = 0 if n <= _ALL_FLIPS_UP_TO else 1
    return np.asarray((n_ge + drawn) / (greatest.size + drawn))


def _shares(signs: Matrix, data: Design, within: Matrix, weights: Matrix) -> Matrix:
    """
    Return t² / (t² + df) of each contrast, (flips, contrasts): it rises with |t| and is finite where t is not.

    The squares of a contrast's scores add up to one, whatever their signs, so their sum in each group is all it takes.
    """
    sizes = data.group_sizes
    if sizes.size == 1:
        return np.asarray(((signs @ within) @ weights) ** 2 / sizes[0])
    members = [data.groups == group for group in range(sizes.size)]
    means = np.stack([(signs[:, group] @ within[group]) @ weights / group.sum() for group in members])
    effect: Matrix = means.sum(axis=0) ** 2 / (1 / sizes).sum()
    other = np.einsum("g,gfc,gfc->fc", sizes.astype(np.float64), means, means) - effect
    return np.asarray(effect / np.maximum(1 - other, np.finfo(np.float64).eps))


def _flips(n: int, draws: int, seed: int) -> Iterator[Matrix]:
    """Yield signs of subjects, (flips, subjects): all that differ by more than every sign, or some at random."""
    if n <= _ALL_FLIPS_UP_TO:
        for flips in np.split(np.arange(2 ** (n - 1)), range(_FLIPS_AT_ONCE, 2 ** (n - 1), _FLIPS_AT_ONCE)):
            yield _signs(flips, bits=n)
        return
    random, at_once = np.random.default_rng(seed), max(1, min(_FLIPS_AT_ONCE, _SIGNS_AT_ONCE // n))
    signs_of_byte = _signs(np.arange(256), bits=8)  # looked up 5 to 14 times faster than bits are unpacked
    for first in range(0, draws, at_once):
        drawn = random.integers(256, size=(min(at_once, draws - first), -(-n // 8)), dtype=np.uint8)
        yield signs_of_byte.take(drawn, axis=0).reshape(len(drawn), -1)[:, :n]


def _signs(numbers: NDArray[np.intp], *, bits: int) -> Matrix:
    """Return -1 for each bit that is set, (numbers, bits), the lowest one first."""
    return np.where(numbers[:, None] >> np.arange(bits) & 1, -1.0, 1.0)


def _all_orders(rows: Matrix) -> Matrix:
    """Return the sum of all rows, (orders, levels), for each combination of their orders; the first row keeps its."""
    places = np.array(list(permutations(range(rows.shape[1]))))
    sums = rows[:1]
    for row in rows[1:]:
        sums = (sums[:, None] + row[places]).reshape(-1, row.size)
    return sums


def _some_orders(rows: Matrix, draws: int, seed: int) -> Matrix:
    """Return the sum of all rows, (draws, levels), in random orders; the first row keeps its."""
    random = np.random.default_rng(seed)
    sums = np.tile(rows[0], (draws, 1))
    for row in rows[1:]:
        sums += random.permuted(np.broadcast_to(row, sums.shape), axis=1)
    return sums


def _reason(data: Design) -> Reason | None:
    if reason := untestable(data, between=False):
        return reason
    within = off_first(data.values)
    return Reason.CONSTANT if np.abs(within).max() <= ROUNDING * np.abs(data.values).max() else None


def _rows(data: Design) -> Matrix:
    """Return each subject's values less their mean, the greatest one 1: F rises with the squares of their sums."""
    within = off_first(data.values)
    rows = within - within.mean(axis=1, keepdims=True)
    return np.asarray(rows / np.abs(rows).max())


def _bar(observed: Matrix, data: Design) -> Matrix:
    """Return what a statistic has to reach to count as equal, though its data were rounded on being stored."""
    spread = np.abs(off_first(data.values)).max()
    rounding = 1e-9 + 8 * ROUNDING * np.abs(data.values).max() / spread
    return np.asarray(observed * (1 - rounding))


def _counted(sums: Matrix, data: Design, rows: Matrix, *, exact: bool) -> Resampled:
    """Return how many resamples, (resamples, levels), have sums of squares as great as the rows themselves."""
    bar = _bar((rows.sum(axis=0) ** 2).sum(), data)
    n_resamples, n_ge = len(sums), int(((sums**2).sum(axis=1) >= bar).sum())
    p = n_ge / n_resamples if exact else (n_ge + 1) / (n_resamples + 1)
    return Resampled(n_resamples=n_resamples, n_ge=n_ge, p=p, exact=exact)
