"""Ranks within subjects: textbook numbers with ties, order and offset."""

import math
from dataclasses import replace

import numpy as np
import pytest

from raystudy.stats.design import Design, Factor, one_way
from raystudy.stats.ranks import Friedman, Page, friedman, page
from raystudy.stats.reason import Reason

BASES = np.fromstring(
    """
    5.40 5.50 5.55  5.85 5.70 5.75  5.20 5.60 5.50  5.55 5.50 5.40  5.90 5.85 5.70  5.45 5.55 5.60  5.40 5.40 5.35
    5.45 5.50 5.35  5.25 5.15 5.00  5.85 5.80 5.70  5.25 5.20 5.10  5.65 5.55 5.45  5.60 5.35 5.45  5.05 5.00 4.95
    5.50 5.50 5.40  5.45 5.55 5.50  5.55 5.55 5.35  5.45 5.50 5.55  5.50 5.45 5.25  5.65 5.60 5.40  5.70 5.65 5.55
    6.30 6.30 6.25
    """,
    sep=" ",
).reshape(22, 3)
"""Seconds of 22 players rounding first base: Hollander & Wolfe, Nonparametric Statistical Methods (1973), p. 140."""

UNTESTABLE = [
    (one_way(np.empty((0, 3))), Reason.NO_SUBJECT),
    (one_way(BASES[:1]), Reason.FEW_SUBJECTS),
    (one_way(BASES[:, :1]), Reason.ONE_LEVEL),
    (one_way(np.ones((4, 3)) * np.arange(4)[:, None]), Reason.CONSTANT),
    (
        replace(one_way(BASES), groups=np.repeat([0, 1], 11), between=(Factor(name="team", levels=("home", "guest")),)),
        Reason.SEVERAL_GROUPS,
    ),
]


def test_friedman_with_ties() -> None:
    """Four of the 22 players have ties: chi squared(2) = 11.143, p = .003805 (the book, and R's friedman.test)."""
    found = friedman(one_way(BASES))

    assert pytest.approx((78 / 7, 0.00380504077551136, 39 / 154), rel=1e-12) == (found.chi2, found.p, found.w)


def test_friedman_far_in_the_tail() -> None:
    """1,000 subjects who agree on three levels: chi squared(2) = 2,000, p = exp(-1000), which no float holds."""
    found = friedman(one_way(np.tile([1.0, 2.0, 3.0], (1000, 1))))

    assert (1.0, 0.0, pytest.approx(-1000 / math.log(10), rel=1e-12)) == (found.w, found.p, found.log10_p)


def test_page_with_ties() -> None:
    """The variance of ranks that share places is smaller: z = -3.2404 as R's coin 1.4.2 has it, -3.1659 without."""
    found = page(one_way(BASES))

    assert (243.0, pytest.approx((-3.24037034920393, -3.16586911806652, 0.00119374544487201), rel=1e-12), False) == (
        found.L,
        (found.z, found.z_uncorrected, found.p),
        found.rising,
    )


def test_page_of_one_order() -> None:
    """Four subjects of whom two rise throughout, two nearly: L = 54, z = 2.1213, both tails .0339, one .0169."""
    found = page(one_way(np.array([[3.1, 4.0, 4.4], [2.5, 3.9, 3.6], [4.0, 4.2, 5.1], [3.3, 3.2, 4.5]])))

    assert (54.0, pytest.approx((math.sqrt(4.5), 0.0338948535246892, 0.0169474267623446), rel=1e-12), True) == (
        found.L,
        (found.z, found.p, found.p_greater),
        found.rising,
    )


def test_page_far_in_the_tail() -> None:
    """1,000 subjects who agree: z = sqrt(2000), p = 1e-436, which no float holds, by the first terms of its series."""
    found = page(one_way(np.tile([1.0, 2.0, 3.0], (1000, 1))))
    z = math.sqrt(2000)

    leading = (-z * z / 2 - math.log(z * math.sqrt(math.pi / 2)) - 1 / z**2) / math.log(10)
    assert (pytest.approx(z), 0.0, pytest.approx(leading, rel=1e-8)) == (found.z, found.p, found.log10_p)


def test_page_turns_with_the_order_of_levels() -> None:
    """Levels in the opposite order have the opposite z, and the same p."""
    there, back = page(one_way(BASES)), page(one_way(BASES[:, ::-1]))

    assert there.z is not None
    assert (-there.z, there.p, True) == (back.z, back.p, back.rising)


def test_page_without_a_direction() -> None:
    """Two subjects of opposite order neither rise nor fall."""
    found = page(one_way(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])))

    assert (0.0, 1.0, None) == (found.z, found.p, found.rising)


def test_ranks_know_no_offset_and_no_scale() -> None:
    """What is the same within each subject, and a positive factor, changes nothing."""
    changed = one_way(BASES * 1e-12 + np.arange(22)[:, None] * 2.0**-20)

    assert (friedman(one_way(BASES)), page(one_way(BASES))) == (friedman(changed), page(changed))


@pytest.mark.parametrize(("data", "reason"), UNTESTABLE)
def test_no_test_without_its_reason(data: Design, reason: Reason) -> None:
    """What cannot be tested says why, and gives no number."""
    n, k = data.values.shape

    assert (Friedman(n=n, df=k - 1, reason=reason), Page(n=n, reason=reason)) == (friedman(data), page(data))
