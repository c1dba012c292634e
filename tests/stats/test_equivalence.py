"""Two one-sided tests: textbook data, and bounds that make no sense."""

import math

import numpy as np
import pytest

from raystudy.errors import AnalysisError
from raystudy.stats.design import Matrix, one_way
from raystudy.stats.equivalence import tost
from raystudy.stats.reason import Reason
from tests.stats.textbook import WINER


def test_winer() -> None:
    """Winer's first two drugs within 3 of each other: R gives t 2.33874 and -1.35401, p .123589."""
    first = tost(one_way(WINER), low=-3, high=3)[0]

    assert pytest.approx((2.33873832860732, -1.35400640077266, 0.039744, 0.123589145752496)) == (
        first.t_lower,
        first.t_upper,
        first.p_lower,
        first.p_upper,
    )


def test_the_greater_p_counts() -> None:
    """Both tests have to reject, so p is the greater one, and its logarithm goes with it."""
    first = tost(one_way(WINER), low=-3, high=3)[0]

    assert first.p_upper is not None
    assert (first.p_upper, pytest.approx(math.log10(first.p_upper))) == (first.p, first.log10_p)


def test_ninety_percent_interval() -> None:
    """The interval is Student's of 90 %: -2.66384 to 4.26384."""
    assert pytest.approx((-2.66384103298349, 4.26384103298349)) == tost(one_way(WINER), low=-3, high=3)[0].ci90


def test_every_pair_once() -> None:
    """Four levels make six pairs, the earlier level first."""
    pairs = tost(one_way(WINER, ["a", "b", "c", "d"]), low=-1, high=1)

    assert ["ab", "ac", "ad", "bc", "bd", "cd"] == [pair.a + pair.b for pair in pairs]


def test_one_level_has_no_pair() -> None:
    """A single level is compared with nothing."""
    assert () == tost(one_way(WINER[:, :1]), low=-1, high=1)


def test_offset_and_unit_do_not_matter() -> None:
    """Subjects 1e8 apart, measured in another unit with the bounds in it too, give the same p."""
    shifted = (WINER + 1e8 * np.arange(5)[:, None]) / 1024
    moved = tost(one_way(shifted), low=-3 / 1024, high=3 / 1024)

    assert pytest.approx([pair.p for pair in tost(one_way(WINER), low=-3, high=3)]) == [pair.p for pair in moved]


@pytest.mark.parametrize(("low", "high"), [(1.0, 3.0), (0.0, 3.0), (3.0, -3.0), (-math.inf, 3.0), (-3.0, math.nan)])
def test_bounds_hold_zero(low: float, high: float) -> None:
    """No difference at all has to count as none."""
    with pytest.raises(AnalysisError, match="Give a low bound below zero"):
        tost(one_way(WINER), low=low, high=high)


@pytest.mark.parametrize(
    ("values", "mean_diff", "reason"),
    [
        (np.empty((0, 2)), None, Reason.NO_SUBJECT),
        (np.array([[1.0, 2.0]]), None, Reason.FEW_SUBJECTS),
        (np.array([[1.0, 1.0], [2.0, 2.0]]), 0.0, Reason.CONSTANT),
        (np.array([[1.0, 3.0], [2.0, 4.0], [9.0, 11.0]]), -2.0, Reason.ZERO_ERROR),
    ],
)
def test_no_test_without_its_reason(values: Matrix, mean_diff: float | None, reason: Reason) -> None:
    """What cannot be tested says why, and keeps the difference where there is one."""
    (pair,) = tost(one_way(values), low=-1, high=1)

    assert (None, mean_diff, reason) == (pair.p, pair.mean_diff, pair.reason)
