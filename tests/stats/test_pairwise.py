"""Paired t tests: textbook numbers, and reasons where there is no test."""

import numpy as np
import pytest

from raystudy.stats.design import Design, Matrix
from raystudy.stats.pairwise import pairwise
from raystudy.stats.reason import Reason

SLEEP = np.array(
    [
        [0.7, 1.9],
        [-1.6, 0.8],
        [-0.2, 1.1],
        [-1.2, 0.1],
        [-0.1, -0.1],
        [3.4, 4.4],
        [3.7, 5.5],
        [0.8, 1.6],
        [0.0, 4.6],
        [2.0, 3.4],
    ]
)
"""Student's own data (The probable error of a mean, Biometrika 6, 1, 1908): hours of sleep gained by two drugs."""


def of(values: Matrix) -> Design:
    """Return a complete design."""
    n, k = values.shape
    subjects, levels = (tuple(f"{letter}{i}" for i in range(count)) for letter, count in (("s", n), ("l", k)))
    return Design(values=values, subjects=subjects, levels=levels, dropped=())


def test_student() -> None:
    """Student's sleep data: t(9) = -4.0621, p = .002833, mean difference -1.58, interval -2.4599 to -0.7001."""
    (pair,) = pairwise(of(SLEEP))

    assert pytest.approx((-4.0621277, 0.00283289, -1.58, -2.4598858, -0.7001142)) == (
        pair.t,
        pair.p,
        pair.mean_diff,
        pair.ci_low,
        pair.ci_high,
    )


def test_d_z_is_in_standard_deviations_of_the_differences() -> None:
    """d_z is t over the root of n."""
    (pair,) = pairwise(of(SLEEP))

    assert pair.t is not None
    assert pytest.approx(pair.t / np.sqrt(10)) == pair.d_z


def test_bonferroni_counts_pairs_and_stops_at_one() -> None:
    """Three levels make three pairs; no p exceeds 1."""
    pairs = pairwise(of(np.random.default_rng(1).normal(size=(8, 3))))

    assert [min(1.0, 3 * pair.p) for pair in pairs if pair.p is not None] == [pair.p_bonferroni for pair in pairs]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.empty((0, 2)), Reason.NO_SUBJECT),
        (np.array([[1.0, 2.0]]), Reason.FEW_SUBJECTS),
        (np.array([[1.0, 1.0], [2.0, 2.0]]), Reason.CONSTANT),
        (np.array([[0.1, 0.3], [0.2, 0.4], [1e4, 1e4 + 0.2]]), Reason.ZERO_ERROR),
    ],
)
def test_no_test_without_its_reason(values: Matrix, reason: Reason) -> None:
    """What cannot be tested says why."""
    (pair,) = pairwise(of(values))

    assert (None, reason) == (pair.t, pair.reason)
