"""Contrasts: each against its own spread among subjects, exact under offsets, and fair between groups."""

import math
from dataclasses import replace

import numpy as np
import pytest

from raystudy.stats.contrasts import contrasts, group_means
from raystudy.stats.design import Design, Factor, Matrix, one_way
from raystudy.stats.reason import Reason

DIFFERENCE = np.array([[-1.0], [1.0]])


def grouped(values: Matrix, *groups: int) -> Design:
    """Return a design of subjects in two groups."""
    between = (Factor(name="group", levels=("A", "B")),)
    return replace(one_way(values), between=between, groups=np.array(groups, dtype=np.intp))


def test_a_paired_t() -> None:
    """The differences 1, 2, 3 have mean 2, deviation 1 and standard error 1 / sqrt(3)."""
    found = contrasts(one_way(np.array([[0.0, 1.0], [5.0, 7.0], [-2.0, 1.0]])), DIFFERENCE)

    assert (3, 2, [2.0], [1.0], [pytest.approx(1 / math.sqrt(3))], (None,)) == (
        found.n,
        found.df,
        found.estimate.tolist(),
        found.sd.tolist(),
        found.se.tolist(),
        found.reasons,
    )


def test_an_offset_of_a_subject_costs_no_digit() -> None:
    """What is compared lies within subjects, 1e15 apart or not."""
    values = np.array([[0.0, 1.0], [5.0, 7.0], [-2.0, 1.0]])
    far = contrasts(one_way(values + np.array([[0.0], [2.0**49], [-(2.0**48)]])), DIFFERENCE)

    assert (contrasts(one_way(values), DIFFERENCE).estimate, far.reasons) == (far.estimate, (None,))


def test_groups_count_alike() -> None:
    """Differences 1 and 3 in one group, 8 in the other: mean of 2 and 8, spread within groups, n - 2 of freedom."""
    values = np.array([[0.0, 1.0], [0.0, 3.0], [0.0, 8.0]])
    found = contrasts(grouped(values, 0, 0, 1), DIFFERENCE)

    assert (1, [5.0], [pytest.approx(math.sqrt(2))], [pytest.approx(math.sqrt(2) * math.sqrt(1.5) / 2)]) == (
        found.df,
        found.estimate.tolist(),
        found.sd.tolist(),
        found.se.tolist(),
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.empty((0, 2)), Reason.NO_SUBJECT),
        (np.array([[1.0, 2.0]]), Reason.FEW_SUBJECTS),
        (np.full((3, 2), 0.1), Reason.CONSTANT),
        (np.array([[0.1, 0.3]]) + np.array([[0.0], [0.1], [7.7]]), Reason.ZERO_ERROR),
    ],
)
def test_reasons(values: Matrix, reason: Reason) -> None:
    """Where there is no t, each contrast says why."""
    assert (reason,) == contrasts(one_way(values), DIFFERENCE).reasons


def test_each_contrast_has_a_reason_of_its_own() -> None:
    """One pair that never varies takes nothing from the pair beside it."""
    values = np.array([[0.0, 1.0, 3.0], [5.0, 6.0, 5.5], [2.0, 3.0, 9.0]])
    weights = np.array([[-1.0, -1.0], [1.0, 0.0], [0.0, 1.0]])

    assert (Reason.ZERO_ERROR, None) == contrasts(one_way(values), weights).reasons


def test_scale() -> None:
    """In another unit, estimate and error are in that unit, even where their squares are no floats any more."""
    values = np.array([[0.0, 1.0], [5.0, 7.0], [-2.0, 1.0]])
    near, far = (contrasts(one_way(values * 2.0**power), DIFFERENCE) for power in (0, -500))

    assert (near.estimate * 2.0**-500, near.se * 2.0**-500) == (far.estimate, far.se)


def test_group_means_are_exact_under_an_offset() -> None:
    """Means of values 1e15 from zero are those of the values there."""
    scores = np.array([[1.0], [2.0], [4.0]])
    data = grouped(np.zeros((3, 2)), 0, 0, 1)

    assert [[1.5], [4.0]] == (group_means(scores + 2.0**49, data) - 2.0**49).tolist()
