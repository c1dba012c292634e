"""Residuals: known ones, normal or not, and the values that stray from them."""

from dataclasses import replace

import numpy as np
import pytest

from raystudy.stats.design import Factor, Matrix, one_way
from raystudy.stats.diagnostics import Diagnostics, diagnostics
from raystudy.stats.reason import Reason

WINER = np.array(
    [[30, 28, 16, 34], [14, 18, 10, 22], [24, 20, 18, 30], [38, 34, 20, 44], [26, 28, 14, 30]], dtype=float
)
"""Winer, Statistical Principles, 2nd ed. (1971), table 4.3-1."""


def noise(*, n: int = 12, k: int = 5) -> Matrix:
    """Return what has no structure."""
    return np.random.default_rng(11).normal(size=(n, k))


class TestResiduals:
    def test_sd(self) -> None:
        """Winer's error sum of squares is 112.8; over 20 values, the deviation is sqrt(112.8 / 19)."""
        result = diagnostics(one_way(WINER))

        assert pytest.approx(np.sqrt(112.8 / 19)) == result.sd

    def test_greatest(self) -> None:
        """A nine where subject and level both have a mean of 3, of all 1, leaves 9 - 3 - 3 + 1."""
        values = np.array([[0.0, 0, 0], [0, 0, 0], [0, 0, 9]])
        result = diagnostics(one_way(values))

        assert pytest.approx(4.0) == result.max_abs

    def test_shapiro(self) -> None:
        """R 4.2.2's shapiro.test of the same residuals."""
        result = diagnostics(one_way(WINER))

        assert (pytest.approx(0.972595207, abs=1e-8), pytest.approx(0.808465206, abs=1e-7)) == (
            result.shapiro_w,
            result.shapiro_p,
        )

    def test_shapiro_of_many(self) -> None:
        """Above 5,000 residuals W has no known p."""
        result = diagnostics(one_way(noise(n=501, k=10)))

        assert (True, None) == (result.shapiro_w is not None, result.shapiro_p)

    @pytest.mark.parametrize(("offset", "scale"), [(0.0, 1e-11), (1e8, 1.0), (-5.0, 1e12)])
    def test_unit_and_offset(self, offset: float, scale: float) -> None:
        """Neither the unit nor the subjects' offsets change W, p or the autocorrelation."""
        plain = diagnostics(one_way(WINER))
        result = diagnostics(one_way(offset * np.arange(5)[:, None] + scale * WINER))

        assert pytest.approx((plain.shapiro_w, plain.shapiro_p, plain.autocorrelation), rel=1e-6) == (
            result.shapiro_w,
            result.shapiro_p,
            result.autocorrelation,
        )

    def test_groups_have_their_own_means(self) -> None:
        """Two groups that differ by a pattern, each perfectly regular, leave no residual."""
        values = np.array([[0.0, 1, 2], [5, 6, 7], [0, 4, 0], [1, 5, 1]])
        group = Factor(name="group", levels=("x", "y"))
        result = diagnostics(replace(one_way(values), between=(group,), groups=np.array([0, 0, 1, 1])))

        assert Diagnostics(reason=Reason.ZERO_ERROR) == result


class TestAutocorrelation:
    def test_independent_errors(self) -> None:
        """Errors without memory show -1 / k, as each subject's residuals add up to nothing."""
        result = diagnostics(one_way(noise(n=4000, k=5)))

        assert (pytest.approx(-0.2, abs=0.02), -0.2) == (result.autocorrelation, result.autocorrelation_expected)

    def test_random_walks(self) -> None:
        """Walks remember: over 21 levels neighbours correlate above .7."""
        result = diagnostics(one_way(np.cumsum(noise(n=6, k=21), axis=1)))

        assert result.autocorrelation is not None
        assert 0.7 < result.autocorrelation

    def test_two_levels(self) -> None:
        """Two residuals of a subject are always opposite, which says nothing."""
        result = diagnostics(one_way(noise(k=2)))

        assert (None, None) == (result.autocorrelation, result.autocorrelation_expected)

    @pytest.mark.parametrize(
        ("levels", "ordered"), [(("1", "2", "10"), True), (("2", "1", "10"), False), (("a", "b", "c"), False)]
    )
    def test_ordered_levels(self, levels: tuple[str, ...], *, ordered: bool) -> None:
        """Only ascending numbers have neighbours."""
        result = diagnostics(one_way(noise(k=3), levels))

        assert ordered is result.levels_ordered


class TestSpread:
    def test_variance_ratio(self) -> None:
        """Variances of 1 and 9 are a ratio of 9."""
        result = diagnostics(one_way(np.array([[1.0, 0.0], [2.0, 6.0], [3.0, 3.0]])))

        assert pytest.approx(9.0) == result.variance_ratio

    def test_level_without_variance(self) -> None:
        """A level that never varies has no ratio to the others."""
        result = diagnostics(one_way(np.array([[0.1, 0.0], [0.1, 6.0], [0.1, 3.0]])))

        assert None is result.variance_ratio

    def test_outlier_is_named(self) -> None:
        """A value moved by 20 deviations is found where it is."""
        values = noise()
        values[7, 2] += 20
        result = diagnostics(one_way(values))

        assert ("7", "2") == (result.outliers[0].subject, result.outliers[0].level)

    def test_no_outlier(self) -> None:
        """Winer's data have none."""
        result = diagnostics(one_way(WINER))

        assert () == result.outliers


class TestReasons:
    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            (WINER[:0], Reason.NO_SUBJECT),
            (WINER[:1], Reason.FEW_SUBJECTS),
            (WINER[:, :1], Reason.ONE_LEVEL),
            (np.arange(4.0)[:, None] + 0.1 * np.arange(3.0), Reason.ZERO_ERROR),
        ],
    )
    def test_reason(self, values: Matrix, reason: Reason) -> None:
        """Without residuals there is nothing to look at."""
        result = diagnostics(one_way(values))

        assert Diagnostics(reason=reason) == result
