"""Analysis of variance of one factor: textbook numbers, and reasons where there is no test."""

import math

import numpy as np
import pytest

from raystudy.stats.anova import Effect, FTest, anova
from raystudy.stats.design import Design, Matrix, one_way
from raystudy.stats.reason import Reason
from tests.stats.textbook import WINER


def made(*, n: int = 12, k: int = 4, seed: int = 7) -> Matrix:
    """Return levels with a trend, subjects with an offset, and noise."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)) + 0.5 * np.arange(k) + 3 * rng.normal(size=(n, 1))


def only(data: Design) -> Effect:
    """Return the effect of a design that has one."""
    (effect,) = anova(data)
    return effect


def the_test(effect: Effect) -> FTest:
    """Return the test of an effect, which must exist."""
    assert effect.test is not None
    return effect.test


class TestWiner:
    def test_sums_of_squares(self) -> None:
        """Winer's table 4.3-2: drugs 698.20, residual 112.80, people 680.80."""
        found = only(one_way(WINER))

        assert pytest.approx((698.2, 112.8, 680.8)) == (found.ss_effect, found.ss_error, found.ss_subject)

    def test_f(self) -> None:
        """F(3, 12) is 24.76; the further digits are exact rational arithmetic."""
        found = only(one_way(WINER))

        assert (3, 12, pytest.approx(24.75886524822695, rel=1e-12)) == (
            found.df_effect,
            found.df_error,
            the_test(found).f,
        )

    def test_corrections(self) -> None:
        """Each correction has an epsilon and a p of its own, all of exact arithmetic; Huynh and Feldt's is cut at 1."""
        test = the_test(only(one_way(WINER)))
        corrections = test.greenhouse_geisser, test.huynh_feldt, test.chi_muller, test.lower_bound

        assert pytest.approx([0.6048740416210295, 1.0, 0.46617145762337814, 1 / 3]) == [
            each.epsilon for each in corrections
        ]
        assert pytest.approx(
            [0.0006490325706838481, 1.992501315111812e-05, 0.0022596871188658575, 0.007619872880847596]
        ) == [each.p for each in corrections]

    def test_degrees_of_freedom_are_those_of_the_correction(self) -> None:
        """Both are multiplied by epsilon."""
        test = the_test(only(one_way(WINER))).greenhouse_geisser

        assert pytest.approx((3 * test.epsilon, 12 * test.epsilon)) == (test.df_effect, test.df_error)

    def test_sizes(self) -> None:
        """Partial eta squared is 698.2 / 811.0, generalised 698.2 / 1491.8, omega squared .4031."""
        sizes = only(one_way(WINER)).sizes

        assert sizes is not None

        assert pytest.approx((698.2 / 811.0, 698.2 / 1491.8, 0.40312876052948254)) == (
            sizes.pes.value,
            sizes.ges.value,
            sizes.omega2.value,
        )


class TestInvariance:
    """Further units, offsets and orders are in test_metamorphic."""

    @staticmethod
    def figures(values: Matrix) -> tuple[float, ...]:
        """Return all that must not depend on unit or offset."""
        effect = only(one_way(values))
        test = the_test(effect)
        corrections = test.greenhouse_geisser, test.huynh_feldt, test.chi_muller
        assert effect.sizes is not None
        assert effect.sizes.pes.value is not None
        return (test.f, test.log10_p, *(each.epsilon for each in corrections), effect.sizes.pes.value)

    @pytest.mark.parametrize(
        ("offset", "scale"), [(0.0, 1e-11), (5.0, -2.0), (1e8, 1e3), (0.0, 1e-150), (0.0, 1e150), (1e8, 1.0)]
    )
    def test_unit_and_offset(self, offset: float, scale: float) -> None:
        """F, p, epsilons and effect size stay under y -> a + b y, up to what a float holds at that offset."""
        values = made()
        rounding = 1e-16 * abs(offset / scale)

        assert pytest.approx(self.figures(values), rel=1e-12 + 100 * rounding) == self.figures(offset + scale * values)

    def test_subjects_far_apart(self) -> None:
        """Subjects may lie 1e8 apart: what is compared lies within them."""
        values = np.round(made() * 1024) / 1024  # exact in binary next to 1e8
        apart = values + 1e8 * np.arange(len(values))[:, None]

        assert pytest.approx(self.figures(values), rel=1e-12) == self.figures(apart)


class TestReasons:
    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            (np.empty((0, 3)), Reason.NO_SUBJECT),
            (np.array([[1.0, 2.0, 3.0]]), Reason.FEW_SUBJECTS),
            (np.array([[1.0], [2.0]]), Reason.ONE_LEVEL),
            (np.full((4, 3), 0.1), Reason.CONSTANT),
            (np.array([[0.1] * 3, [0.7] * 3]), Reason.CONSTANT),
            (np.zeros((4, 3)), Reason.CONSTANT),
            (np.array([[0.1, 0.3, 0.7]]) + np.array([[0.0], [0.1], [1e5]]), Reason.ZERO_ERROR),
        ],
    )
    def test_no_test_without_its_reason(self, values: Matrix, reason: Reason) -> None:
        """What cannot be tested says why, and holds no NaN."""
        found = only(one_way(values))

        assert (None, reason) == (found.test, found.reason)

    def test_zero_error_keeps_its_sums_of_squares(self) -> None:
        """The effect is known exactly where its F is infinite."""
        found = only(one_way(np.array([[0.0, 1.0], [3.0, 4.0]])))

        assert (pytest.approx(1.0), 0.0, 1, 1) == (found.ss_effect, found.ss_error, found.df_effect, found.df_error)

    def test_two_subjects_two_levels(self) -> None:
        """The least design there is: differences 1 and 3, t = 2 with one degree of freedom, p = 1 - 2 atan(2) / pi."""
        found = only(one_way(np.array([[0.0, 1.0], [0.0, 3.0]])))

        assert (1, 1, pytest.approx(4.0), pytest.approx(1 - 2 * math.atan(2.0) / math.pi)) == (
            found.df_effect,
            found.df_error,
            the_test(found).f,
            the_test(found).p,
        )

    def test_perfect_sphericity(self) -> None:
        """Subjects that each stand out at another level are as spherical as can be, and have a test."""
        test = the_test(only(one_way(np.vstack([np.zeros(3), np.eye(3)]))))

        assert (0.0, pytest.approx(1.0), pytest.approx(1.0)) == (test.f, test.mauchly.w, test.mauchly.p)

    def test_a_level_of_huge_values_hides_none_of_its_own_kind(self) -> None:
        """Values of 1e150 beside values of 1e-150 leave a test, and nothing that is not finite."""
        values = made(n=6, k=3) * np.array([1e-150, 1.0, 1e150])
        test = the_test(only(one_way(values)))

        assert True is all(map(math.isfinite, (test.f, test.log10_p, test.greenhouse_geisser.epsilon)))


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

    ours = the_test(only(one_way(values)))

    assert (pytest.approx(theirs["F Value"], rel=1e-9), pytest.approx(theirs["Pr > F"], rel=1e-7)) == (ours.f, ours.p)
