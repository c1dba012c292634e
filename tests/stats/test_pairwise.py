"""Pairs of levels: textbook numbers, p values over all pairs, and reasons where there is no test."""

import math
from dataclasses import replace

import numpy as np
import pytest

from raystudy.stats.design import Design, Factor, Matrix, one_way
from raystudy.stats.pairwise import holm, pairwise
from raystudy.stats.reason import Reason
from tests.stats.textbook import SLEEP, WINER


def two_groups(values: Matrix, sizes: tuple[int, int]) -> Design:
    """Return a design of two groups of subjects, one after the other."""
    groups = np.repeat([0, 1], sizes)
    return replace(one_way(values), between=(Factor(name="group", levels=("first", "second")),), groups=groups)


def test_student() -> None:
    """Student's sleep data: t(9) = -4.0621, p = .002833, mean difference -1.58, interval -2.4599 to -0.7001."""
    (pair,) = pairwise(one_way(SLEEP))

    assert pytest.approx((-4.0621277, 0.00283289, -1.58, -2.4598858, -0.7001142)) == (
        pair.t,
        pair.p,
        pair.mean_diff,
        pair.ci_low,
        pair.ci_high,
    )


def test_each_level_with_every_later_one() -> None:
    """The pairs stand in the order of the levels, and each is the former less the latter."""
    pairs = pairwise(one_way(WINER[:, :3], ("x", "y", "z")))

    assert [("x", "y", 0.8), ("x", "z", 10.8), ("y", "z", 10.0)] == [
        (pair.a, pair.b, pytest.approx(pair.mean_diff)) for pair in pairs
    ]


def test_holm_as_r_has_it() -> None:
    """p.adjust(method = "holm") of R 4.2.2 on the t tests of Winer's drugs."""
    expected = (0.648261294967307, 0.0473039026330598, 0.0102309449083654, 0.0473039026330598, 0.0473039026330598)

    assert pytest.approx((*expected, 0.0102309449083654), rel=1e-10) == tuple(
        pair.p_holm for pair in pairwise(one_way(WINER))
    )


def test_holm_multiplies_by_what_is_left() -> None:
    """Of five hypotheses of which two have a p, the smaller counts for five and the other for four, up to 1."""
    assert [1.0, pytest.approx(0.05)] == holm(np.array([0.3, 0.01]), m=5).tolist()


def test_g_av_is_exact() -> None:
    """The sizes of Winer's drugs, with J(8) by gamma functions, from R 4.2.2; 1 - 3 / (4 df - 1) gives 1.4404."""
    expected = (0.0933865736200894, 1.44057562729697, -0.602485700493416, 1.68208834801344, -0.79059559781163)

    assert pytest.approx((*expected, -2.35852662586308), rel=1e-12) == tuple(
        pair.g_av for pair in pairwise(one_way(WINER))
    )


def test_d_z_is_in_standard_deviations_of_the_differences() -> None:
    """d_z is t over the root of n."""
    (pair,) = pairwise(one_way(SLEEP))

    assert pair.t is not None
    assert pytest.approx(pair.t / np.sqrt(10)) == pair.d_z


def test_bonferroni_counts_pairs_and_stops_at_one() -> None:
    """Three levels make three pairs; no p exceeds 1."""
    pairs = pairwise(one_way(np.random.default_rng(1).normal(size=(8, 3))))

    assert [min(1.0, 3 * pair.p) for pair in pairs if pair.p is not None] == [pair.p_bonferroni for pair in pairs]


def test_max_t_of_one_pair_is_its_sign_flip_test() -> None:
    """Student's differences are all of one sign but for a zero: 4 of 1,024 flips are as great."""
    (pair,) = pairwise(one_way(SLEEP))

    assert 4 / 1024 == pair.p_max_t


def test_between_groups_each_group_counts_alike() -> None:
    """Groups of 2 and 3 with mean differences 1 and 4: their mean 2.5, the spread within them pooled over 3 df."""
    differences = np.array([0.0, 2.0, 3.0, 4.0, 5.0])
    (pair,) = pairwise(two_groups(np.stack([differences, np.zeros(5)], axis=1), (2, 3)))

    error = math.sqrt(4 / 3 * (1 / 2 + 1 / 3)) / 2
    assert (3, pytest.approx(2.5), pytest.approx(2.5 / error)) == (pair.df, pair.mean_diff, pair.t)


def test_an_offset_of_each_subject_changes_no_test() -> None:
    """Subjects may lie millions apart: what differs within them is all that counts."""
    there, here = pairwise(one_way(WINER + 1e8 * np.arange(5)[:, None])), pairwise(one_way(WINER))

    assert [(pair.t, pair.p_holm, pair.p_max_t) for pair in here] == [
        (pytest.approx(pair.t, rel=1e-8), pytest.approx(pair.p_holm, rel=1e-8), pair.p_max_t) for pair in there
    ]


def test_a_scale_changes_no_test() -> None:
    """Values of the order of 1e-12 give what they give at 1."""
    there, here = pairwise(one_way(WINER * 1e-12)), pairwise(one_way(WINER))

    assert [(pytest.approx(pair.t), pytest.approx(pair.g_av), pair.p_max_t) for pair in here] == [
        (pair.t, pair.g_av, pair.p_max_t) for pair in there
    ]


def test_a_pair_without_a_test_counts_among_the_pairs_and_takes_no_rank() -> None:
    """Two equal levels have no test; the two other pairs still are two of three."""
    values = np.column_stack([SLEEP, SLEEP[:, 1]])
    first, second, third = pairwise(one_way(values))

    assert first.p is not None
    assert (Reason.CONSTANT, None, None, pytest.approx(3 * first.p)) == (
        third.reason,
        third.p_holm,
        third.p_max_t,
        first.p_holm,
    )
    assert (second.p_holm, second.p_max_t) == (first.p_holm, first.p_max_t)


def test_zero_error_has_a_difference_and_its_size() -> None:
    """Subjects of 0 to 5, one more at the second level: no t, yet a difference of -1 and g_av -.494."""
    (pair,) = pairwise(one_way(np.arange(6.0)[:, None] + np.array([0.0, 1.0])))

    assert (Reason.ZERO_ERROR, None, None, -1.0, pytest.approx(-0.4933, abs=1e-4)) == (
        pair.reason,
        pair.t,
        pair.d_z,
        pair.mean_diff,
        pair.g_av,
    )


def test_one_level_has_no_pair() -> None:
    """There is nothing to compare."""
    assert () == pairwise(one_way(SLEEP[:, :1]))


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
    (pair,) = pairwise(one_way(values))

    assert (None, None, reason) == (pair.t, pair.p_max_t, pair.reason)
