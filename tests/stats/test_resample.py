"""Resampling: counts that can be gone through by hand, exact and drawn, and what must not change them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from raystudy.stats.contrasts import contrasts
from raystudy.stats.design import Design, Factor, Matrix, one_way
from raystudy.stats.reason import Reason
from raystudy.stats.resample import Resampled, max_t, permutation, sign_flip

Test = Callable[..., Resampled]

FOUR = np.array([[3.1, 4.0, 4.4], [2.5, 3.9, 3.6], [4.0, 4.2, 5.1], [3.3, 3.2, 4.5]])
"""Made up; counted by exact rational arithmetic over all 216 relative permutations: F(2, 6) = 8.767, 7 as great."""

PAIRS = np.array([[1.0, 1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, -1.0, -1.0]])
"""Weights of all differences between three levels, (levels, pairs)."""


def noise(n: int, k: int) -> Design:
    """Return subjects whose levels do not differ."""
    return one_way(np.random.default_rng(1).normal(size=(n, k)))


def two_groups(data: Design, sizes: tuple[int, int]) -> Design:
    """Return the subjects in two groups, one after the other."""
    between = (Factor(name="group", levels=("first", "second")),)
    return replace(data, between=between, groups=np.repeat([0, 1], sizes))


def by_hand(data: Design, weights: Matrix) -> Matrix:
    """Return the max-T p values by a t test of every flip of the subjects."""
    within = data.values - data.values[:, :1]
    tests = [
        contrasts(replace(data, values=within * np.array(signs)[:, None]), weights)
        for signs in product([1, -1], repeat=len(data.subjects))
    ]
    t = np.abs([test.estimate / test.se for test in tests])
    return np.asarray((t.max(axis=1)[:, None] >= t[0] * (1 - 1e-9)).mean(axis=0))


def test_all_permutations_of_four_subjects() -> None:
    """Of 216 relative permutations 7 have an F as great, so p = 7 / 216."""
    assert Resampled(n_resamples=216, n_ge=7, p=7 / 216, exact=True) == permutation(one_way(FOUR))


def test_all_flips_of_four_subjects() -> None:
    """Four subjects that agree have 8 relative flips, none as great as the data: p = 1 / 8 is the smallest there is."""
    assert Resampled(n_resamples=8, n_ge=1, p=1 / 8, exact=True) == sign_flip(one_way(FOUR))


def test_two_levels_have_one_test() -> None:
    """Of two levels a permutation is a flip of signs."""
    data = noise(10, 2)

    assert sign_flip(data) == permutation(data)


@pytest.mark.parametrize("test", [sign_flip, permutation])
@pytest.mark.parametrize(
    "change", [lambda y: y * 1e-12, lambda y: -3e12 * y, lambda y: y + 1e8 * np.arange(4)[:, None]]
)
def test_scale_and_offset_lose_no_tie(test: Test, change: Callable[[Matrix], Matrix]) -> None:
    """Resamples that equal the data stay equal, however the data were rounded on being stored."""
    assert test(one_way(FOUR)) == test(one_way(change(FOUR)))


@pytest.mark.parametrize("test", [sign_flip, permutation])
def test_zero_error_has_a_p(test: Test) -> None:
    """Where every subject shows the same effect F is infinite, and yet only the data themselves are as great."""
    data = one_way(np.arange(6.0)[:, None] * 0.1 + np.array([0.0, 0.1, 0.3]))

    assert 1 == test(data).n_ge


@pytest.mark.parametrize("test", [sign_flip, permutation])
def test_drawn_resamples_count_the_data_themselves(test: Test) -> None:
    """Where there are too many, 9,999 are drawn, and no p is below 1 / 10,000."""
    data = one_way(noise(20, 5).values + 10 * np.arange(5))

    assert Resampled(n_resamples=9_999, n_ge=0, p=1e-4, exact=False) == test(data)


@pytest.mark.parametrize("test", [sign_flip, permutation])
def test_a_seed_gives_the_same_draws(test: Test) -> None:
    """What is drawn follows from the seed alone."""
    data = noise(20, 5)

    assert test(data, seed=3) == test(data, seed=3)


def test_draws_come_near_to_all_flips() -> None:
    """A drawn p is within four standard errors of the exact one: of 13 subjects, and 13 with one that shows nothing."""
    exact = sign_flip(noise(13, 3))
    drawn = sign_flip(one_way(np.vstack([noise(13, 3).values, np.ones(3)])))

    assert (exact.exact, drawn.exact, pytest.approx(exact.p, abs=0.02)) == (True, False, drawn.p)


@pytest.mark.parametrize("test", [sign_flip, permutation])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (one_way(np.empty((0, 3))), Reason.NO_SUBJECT),
        (one_way(np.ones((1, 3))), Reason.FEW_SUBJECTS),
        (one_way(np.ones((4, 1))), Reason.ONE_LEVEL),
        (one_way(np.ones((4, 3)) * np.arange(4)[:, None]), Reason.CONSTANT),
        (two_groups(one_way(FOUR), (2, 2)), Reason.SEVERAL_GROUPS),
    ],
)
def test_no_test_without_its_reason(test: Test, data: Design, reason: Reason) -> None:
    """What cannot be tested says why, and gives no number."""
    assert Resampled(reason=reason) == test(data)


def test_max_t_is_that_of_every_flip() -> None:
    """The shortcut by sums gives what a t test of each of 256 flips gives."""
    data = noise(8, 3)

    assert by_hand(data, PAIRS).tolist() == max_t(data, PAIRS).tolist()


def test_max_t_between_groups_is_that_of_every_flip() -> None:
    """The same between groups, where means and spread are those of the groups."""
    data = two_groups(noise(8, 3), (5, 3))

    assert by_hand(data, PAIRS).tolist() == max_t(data, PAIRS).tolist()


def test_max_t_of_many_subjects_is_drawn() -> None:
    """Of 14 subjects or more 9,999 flips are drawn, and the data count as one."""
    data = one_way(noise(30, 3).values + 10 * np.arange(3))

    assert [1e-4] * 3 == max_t(data, PAIRS).tolist()


def test_max_t_of_no_contrast() -> None:
    """Where no contrast has a test there is no p value."""
    assert [] == max_t(one_way(FOUR), np.empty((3, 0))).tolist()
