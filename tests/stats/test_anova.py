"""Repeated measures: textbook numbers, and answers that no unit, offset or order of rows may change."""

import numpy as np
import pytest

from raystudy.stats.anova import Anova, repeated_measures
from raystudy.stats.design import Matrix
from raystudy.stats.reason import Reason
from raystudy.stats.sphericity import mauchly

WINER = np.array(
    [[30, 28, 16, 34], [14, 18, 10, 22], [24, 20, 18, 30], [38, 34, 20, 44], [26, 28, 14, 30]], dtype=float
)
"""Reaction times of 5 persons under 4 drugs: Winer, Statistical Principles, 2nd ed. (1971), table 4.3-1."""


def made(*, n: int = 12, k: int = 4, seed: int = 7) -> Matrix:
    """Return levels with a trend, subjects with an offset, and noise."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)) + 0.5 * np.arange(k) + 3 * rng.normal(size=(n, 1))


def figures(result: Anova) -> tuple[float, ...]:
    """Return all that must not depend on unit or offset."""
    test = result.test
    assert test is not None
    return test.f, test.log10_p, test.greenhouse_geisser.epsilon, test.huynh_feldt.epsilon, test.pes


class TestWiner:
    def test_sums_of_squares(self) -> None:
        """Winer's table 4.3-2: drugs 698.20, residual 112.80, people 680.80."""
        result = repeated_measures(WINER)

        assert (pytest.approx(698.2), pytest.approx(112.8), pytest.approx(680.8)) == (
            result.ss_effect,
            result.ss_error,
            result.ss_subject,
        )

    def test_f(self) -> None:
        """F(3, 12) is 24.76; the further digits are exact rational arithmetic."""
        result = repeated_measures(WINER)

        assert result.test is not None
        assert (3, 12, pytest.approx(24.75886524822695, rel=1e-12)) == (
            result.df_effect,
            result.df_error,
            result.test.f,
        )

    def test_greenhouse_geisser(self) -> None:
        """Epsilon is .605, its p .00065."""
        test = repeated_measures(WINER).test

        assert test is not None
        assert (pytest.approx(0.6048740416210295), pytest.approx(0.0006490325706838481)) == (
            test.greenhouse_geisser.epsilon,
            test.greenhouse_geisser.p,
        )

    def test_huynh_feldt_never_above_one(self) -> None:
        """Winer's raw Huynh-Feldt epsilon is 1.079; as a correction it is 1."""
        test = repeated_measures(WINER).test

        assert test is not None
        assert (1.0, test.p) == (test.huynh_feldt.epsilon, test.huynh_feldt.p)

    def test_effect_sizes(self) -> None:
        """Partial eta squared is 698.2 / 811.0, generalised eta squared 698.2 / 1491.8."""
        test = repeated_measures(WINER).test

        assert test is not None
        assert (pytest.approx(698.2 / 811.0), pytest.approx(698.2 / 1491.8)) == (test.pes, test.ges)

    def test_mauchly(self) -> None:
        """W is .1865 with Anderson's p .4951."""
        test = repeated_measures(WINER).test

        assert test is not None
        assert (pytest.approx(0.18649528524508058), pytest.approx(0.4951213837671502)) == (
            test.mauchly.w,
            test.mauchly.p,
        )


class TestInvariance:
    @pytest.mark.parametrize(
        ("offset", "scale"), [(0.0, 1e-11), (5.0, -2.0), (1e8, 1e3), (0.0, 1e-150), (0.0, 1e150), (1e8, 1.0)]
    )
    def test_unit_and_offset(self, offset: float, scale: float) -> None:
        """F, p, epsilons and effect size stay under y -> a + b y, up to what a float holds at that offset."""
        values = made()
        rounding = 1e-16 * abs(offset / scale)

        assert pytest.approx(figures(repeated_measures(values)), rel=1e-12 + 100 * rounding) == figures(
            repeated_measures(offset + scale * values)
        )

    def test_subjects_far_apart(self) -> None:
        """Subjects may lie 1e8 apart: what is compared lies within them."""
        values = np.round(made() * 1024) / 1024  # exact in binary next to 1e8
        apart = values + 1e8 * np.arange(len(values))[:, None]

        assert pytest.approx(figures(repeated_measures(values)), rel=1e-12) == figures(repeated_measures(apart))

    def test_order(self) -> None:
        """Neither the order of subjects nor that of levels matters."""
        values = made()
        turned = values[::-1][:, [2, 0, 3, 1]]

        assert pytest.approx(figures(repeated_measures(values)), rel=1e-12) == figures(repeated_measures(turned))


class TestReasons:
    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            (np.empty((0, 3)), Reason.NO_SUBJECT),
            (np.array([[1.0, 2.0, 3.0]]), Reason.FEW_SUBJECTS),
            (np.array([[1.0], [2.0]]), Reason.ONE_LEVEL),
            (np.full((4, 3), 0.1), Reason.CONSTANT),
            (np.array([[0.1] * 3, [0.7] * 3]), Reason.CONSTANT),
            (np.array([[0.1, 0.3, 0.7]]) + np.array([[0.0], [0.1], [1e5]]), Reason.ZERO_ERROR),
        ],
    )
    def test_no_test_without_its_reason(self, values: Matrix, reason: Reason) -> None:
        """What cannot be tested says why, and holds no NaN."""
        result = repeated_measures(values)

        assert (None, reason) == (result.test, result.reason)

    def test_mauchly_undefined(self) -> None:
        """Six subjects at 21 levels have no Mauchly test: 5 degrees of freedom, 20 contrasts; the epsilons exist."""
        test = repeated_measures(made(n=6, k=21)).test

        assert test is not None
        assert (None, Reason.SINGULAR) == (test.mauchly.w, test.mauchly.reason)

    def test_greenhouse_geisser_has_a_ceiling(self) -> None:
        """With n - 1 < k - 1 epsilon is at most (n - 1) / (k - 1)."""
        test = repeated_measures(made(n=6, k=21)).test

        assert test is not None
        assert 1 / 20 <= test.greenhouse_geisser.epsilon <= 5 / 20

    def test_two_levels_are_spherical(self) -> None:
        """One contrast needs no correction, and says so."""
        test = repeated_measures(made(k=2)).test

        assert test is not None
        assert (1.0, 1.0, Reason.ONE_CONTRAST) == (
            pytest.approx(test.greenhouse_geisser.epsilon),
            test.huynh_feldt.epsilon,
            test.mauchly.reason,
        )

    def test_mauchly_of_dependent_levels(self) -> None:
        """Levels that are sums of each other leave nothing to test."""
        residuals = np.array([[1.0, -1.0, 0.0], [2.0, -2.0, 0.0], [-3.0, 3.0, 0.0], [0.0, 0.0, 0.0]])

        assert Reason.SINGULAR == mauchly(residuals).reason


@pytest.mark.parametrize(("n", "k"), [(5, 2), (8, 3), (20, 6)])
def test_agrees_with_statsmodels(n: int, k: int) -> None:
    """On complete random data AnovaRM gives the same F and p."""
    import pandas as pd
    from statsmodels.stats.anova import AnovaRM

    values = made(n=n, k=k, seed=n)
    long = pd.DataFrame(
        [(subject, level, values[subject, level]) for subject in range(n) for level in range(k)],
        columns=["subject", "level", "value"],
    )
    theirs = AnovaRM(long, "value", "subject", within=["level"]).fit().anova_table.iloc[0]

    ours = repeated_measures(values).test

    assert ours is not None
    assert (pytest.approx(theirs["F Value"], rel=1e-9), pytest.approx(theirs["Pr > F"], rel=1e-7)) == (ours.f, ours.p)
