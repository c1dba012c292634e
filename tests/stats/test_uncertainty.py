"""What errors of reading leave open of a difference between levels."""

import math
from dataclasses import replace

import numpy as np
import pytest

from raystudy.stats.design import Factor, Matrix, one_way
from raystudy.stats.reason import Reason
from raystudy.stats.uncertainty import Measured, Verdict, aligned, measured
from tests.stats.textbook import SLEEP


def of(values: Matrix, half_width: float | None) -> Measured:
    """Judge values that all have the same half-width."""
    return measured(one_way(values), None if half_width is None else np.full(values.shape, half_width), draws=200)


def test_half_widths_of_a_difference() -> None:
    """Of 10 pairs read to ±1: 2.576 sqrt(2 / 3 / 10) = .6651 where each errs by itself, 2 where all act together."""
    (pair,) = of(SLEEP, 1.0).pairs

    assert pytest.approx((-1.58, 0.66508, 2.0), rel=1e-5) == (pair.difference, pair.u_independent, pair.u_together)


def test_each_reading_counts_with_its_own_half_width() -> None:
    """Half-widths 3 and 0 at one level, 4 and 0 at the other: 1.487 x 5 / 2 = 3.72, but never above the worst, 3.5."""
    (pair,) = measured(one_way(SLEEP[:2]), np.array([[3.0, 4.0], [0.0, 0.0]]), draws=1).pairs

    assert pytest.approx((3.5, 3.5)) == (pair.u_independent, pair.u_together)


def test_independent_half_width_holds_99_of_100() -> None:
    """Rectangular errors of 20 readings stay within it in 99 % of cases, where the plain root would hold 92 %."""
    errors = np.random.default_rng(0).uniform(-1, 1, size=(20_000, 10, 2)).mean(axis=1)
    (pair,) = of(SLEEP, 1.0).pairs
    assert pair.u_independent is not None

    assert pytest.approx(0.99, abs=0.003) == (np.abs(errors[:, 0] - errors[:, 1]) <= pair.u_independent).mean()


@pytest.mark.parametrize(
    ("half_width", "verdict"),
    [
        (0.7, Verdict.EXCEEDS),
        (0.8, Verdict.IF_INDEPENDENT),
        (2.3, Verdict.IF_INDEPENDENT),
        (2.4, Verdict.WITHIN),
        (None, Verdict.UNKNOWN),
    ],
)
def test_verdict(half_width: float | None, verdict: Verdict) -> None:
    """1.58 exceeds 2 u below u = .79, and .6651 u below u = 2.376; it is not known without u."""
    assert verdict == of(SLEEP, half_width).verdict


def test_verdict_of_several_pairs() -> None:
    """Levels differ beyond their uncertainty where one pair of them does."""
    three = np.column_stack([SLEEP, SLEEP[:, 1]])
    found = of(three, 0.7)

    assert ([Verdict.EXCEEDS, Verdict.EXCEEDS, Verdict.WITHIN], Verdict.EXCEEDS) == (
        [pair.verdict for pair in found.pairs],
        found.verdict,
    )


def test_single_subject_can_be_judged() -> None:
    """One reading a level has no test, but a difference and its half-widths."""
    found = of(SLEEP[:1], 0.1)

    assert (Reason.FEW_SUBJECTS, None, Verdict.EXCEEDS) == (found.reason, found.redrawn, found.verdict)


def test_share_of_error() -> None:
    """Readings to ±1 have a variance of 1/3; the mean square error is half that of the differences, 1.513 / 2."""
    assert pytest.approx((1 / 3) / (np.var(SLEEP[:, 0] - SLEEP[:, 1], ddof=1) / 2)) == of(SLEEP, 1.0).error_share


def test_sure_readings_leave_p_alone() -> None:
    """With half-widths of zero every draw has the p of the data, .00283289."""
    found = of(SLEEP, 0.0).redrawn
    assert found is not None

    assert (pytest.approx([math.log10(0.00283289)] * 2, abs=1e-6), 1.0) == (
        [found.log10_p_low, found.log10_p_high],
        found.share_significant,
    )


def test_unsure_readings_may_take_the_effect_away() -> None:
    """Readings to ±5 of an effect of 1.58: few draws keep it, and the range of p reaches over .05."""
    found = of(SLEEP, 5.0).redrawn
    assert found is not None

    assert (True, True) == (found.share_significant < 0.5, found.log10_p_low < math.log10(0.05) < found.log10_p_high)


@pytest.mark.parametrize("scale", [1e-11, 1e12])
def test_scale_changes_nothing(scale: float) -> None:
    """Draws and shares are the same in any unit."""
    one, other = (measured(one_way(SLEEP * by), np.full(SLEEP.shape, by), draws=50) for by in (1.0, scale))
    assert one.redrawn is not None
    assert other.redrawn is not None

    assert pytest.approx((one.redrawn.log10_p_low, one.error_share)) == (other.redrawn.log10_p_low, other.error_share)


def test_offset_of_subjects_changes_nothing() -> None:
    """Subjects 1e8 apart have the same draws."""
    far = SLEEP + 1e8 * np.arange(10)[:, None]
    one, other = of(SLEEP, 1.0).redrawn, of(far, 1.0).redrawn
    assert one is not None
    assert other is not None

    assert pytest.approx(one.log10_p_high, rel=1e-6) == other.log10_p_high


def test_groups_count_alike() -> None:
    """Between groups the difference is the mean of their differences; there is no draw of the test of all levels."""
    data = one_way(np.array([[0.0, 1.0], [0.0, 3.0], [0.0, 8.0]]))
    between = (Factor(name="corpus", levels=("a", "b")),)
    found = measured(replace(data, between=between, groups=np.array([0, 0, 1])), np.ones((3, 2)))

    assert (-5.0, 2.0, Reason.SEVERAL_GROUPS) == (
        found.pairs[0].difference,
        found.pairs[0].u_together,
        found.reason,
    )


def test_half_widths_follow_their_subjects() -> None:
    """Half-widths of a table in another order, with a subject more, are found by name; none where one is missing."""
    values = replace(one_way(SLEEP[:2]), subjects=("b", "a"))
    widths = replace(one_way(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])), subjects=("a", "b", "c"))
    found = aligned(values, widths)
    assert found is not None

    assert ([[3.0, 4.0], [1.0, 2.0]], None) == (found.tolist(), aligned(widths, values))
