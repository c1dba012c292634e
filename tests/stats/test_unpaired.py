"""Welch's test against R's, the intraclass correlation against its paper, and trials that are pairs in name only."""

import numpy as np
import pytest

from raystudy.stats.design import Matrix, one_way
from raystudy.stats.reason import Reason
from raystudy.stats.unpaired import Pairing, Verdict, Welch, pairing, welch, welch_of

SPRAYS = [
    np.array([10, 7, 20, 14, 14, 12, 10, 23, 17, 20, 14, 13], dtype=float),
    np.array([11, 17, 21, 11, 16, 14, 17, 17, 19, 21, 7, 13], dtype=float),
    np.array([0, 1, 7, 2, 3, 1, 2, 1, 3, 0, 1, 4], dtype=float),
    np.array([3, 5, 12, 6, 4, 3, 5, 5, 5, 5, 2, 4], dtype=float),
    np.array([3, 5, 3, 5, 3, 6, 1, 1, 3, 2, 6, 4], dtype=float),
    np.array([11, 9, 15, 22, 15, 16, 13, 10, 26, 26, 24, 13], dtype=float),
]
"""Insects left after six sprays: G. Beall, Biometrika 32, 243 (1942), R's InsectSprays."""

JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)
"""Six targets seen by four judges: P. E. Shrout & J. L. Fleiss, Psychol. Bull. 86, 420 (1979), table 2."""


def made(*, n: int, shared: float) -> Matrix:
    """Return three levels whose subjects share a part of the given size."""
    rng = np.random.default_rng(3)
    return rng.normal(size=(n, 3)) + shared * rng.normal(size=(n, 1))


class TestWelch:
    def test_r(self) -> None:
        """R's oneway.test(count ~ spray, InsectSprays) prints F 36.065, df 5 and 30.043, p 7.999e-12."""
        result = welch_of(SPRAYS)

        assert (36.0654, 5, 30.0425, pytest.approx(7.999e-12, rel=1e-4)) == (
            pytest.approx(result.f, abs=1e-4),
            result.df_effect,
            pytest.approx(result.df_error, abs=1e-4),
            result.p,
        )

    def test_two_samples_of_unequal_size(self) -> None:
        """Of two samples, F is the square of Welch's t: (0 - 3)^2 / (1 / 3 + 20 / 3 / 4), with Satterthwaite's df."""
        result = welch_of([np.array([-1.0, 0, 1]), np.array([0.0, 2, 4, 6])])

        a, b = 1 / 3, 20 / 3 / 4
        assert (pytest.approx(9 / (a + b)), pytest.approx((a + b) ** 2 / (a**2 / 2 + b**2 / 3))) == (
            result.f,
            result.df_error,
        )

    def test_design_is_its_columns(self) -> None:
        """The levels of a design are the samples, whoever the subjects are."""
        result = welch(one_way(np.column_stack(SPRAYS)))

        assert welch_of(SPRAYS) == result

    @pytest.mark.parametrize(("offset", "scale"), [(0.0, 1e-11), (1e8, 1.0), (-5.0, 1e12)])
    def test_unit_and_offset(self, offset: float, scale: float) -> None:
        """Neither the unit nor an offset changes F."""
        result = welch_of([offset + scale * sample for sample in SPRAYS])

        assert pytest.approx(welch_of(SPRAYS).f, rel=1e-8) == result.f

    def test_level_without_spread(self) -> None:
        """A level that never varies would weigh infinitely much; there is no F."""
        result = welch_of([np.array([0.1, 0.1, 0.1]), np.array([1.0, 2.0, 4.0])])

        assert Welch(reason=Reason.NO_SPREAD) == result

    def test_single_values(self) -> None:
        """A level of one value has no variance."""
        result = welch_of([np.array([1.0]), np.array([1.0, 2.0])])

        assert Welch(reason=Reason.FEW_SUBJECTS) == result

    def test_one_level(self) -> None:
        """One level has nothing to differ from."""
        result = welch_of([np.array([1.0, 2.0])])

        assert Welch(reason=Reason.ONE_LEVEL) == result


class TestPairing:
    def test_shrout_and_fleiss(self) -> None:
        """ICC(3, 1), today's ICC(C,1), is .71 in table 4; R's psych gives .34 to .95."""
        result = pairing(one_way(JUDGES))

        assert (0.715, 0.342, 0.946) == (
            pytest.approx(result.icc, abs=5e-4),
            pytest.approx(result.icc_low, abs=5e-4),
            pytest.approx(result.icc_high, abs=5e-4),
        )

    def test_efficiency(self) -> None:
        """Winer's drugs: mean squares 170.2 and 9.4, so 1 - ICC is 4 x 9.4 / 198.4; 12 df instead of 16 cost 1.7 %."""
        winer = np.array([[30, 28, 16, 34], [14, 18, 10, 22], [24, 20, 18, 30], [38, 34, 20, 44], [26, 28, 14, 30]])
        result = pairing(one_way(winer.astype(float)))

        assert pytest.approx(198.4 / 37.6 * (13 / 15) / (17 / 19)) == result.efficiency

    def test_bought(self) -> None:
        """Subjects that share more than they do not make pairs worth having."""
        result = pairing(one_way(made(n=50, shared=2.0)))

        assert Verdict.BOUGHT is result.verdict

    def test_nothing(self) -> None:
        """Many trials that share only a number rule out that a fifth of them was saved."""
        result = pairing(one_way(made(n=200, shared=0.0)))

        assert Verdict.NOTHING is result.verdict

    def test_cannot_tell(self) -> None:
        """Four subjects rule out nothing."""
        result = pairing(one_way(made(n=4, shared=0.0)))

        assert Verdict.CANNOT_TELL is result.verdict

    def test_offsets_of_subjects(self) -> None:
        """Subjects 1e8 apart leave the error as it is: the efficiency is the variance between over it."""
        values = JUDGES + 1e8 * np.arange(6)[:, None]
        result = pairing(one_way(values))

        error = 1.0194444444444444  # mean square of Shrout & Fleiss, table 3, as 1.02
        between = float(np.var(1e8 * np.arange(6) + JUDGES.mean(axis=1), ddof=1))
        share = (between + error * 3 / 4) / error
        assert pytest.approx(share * (16 / 18) / (21 / 23), rel=1e-6) == result.efficiency

    def test_zero_error(self) -> None:
        """Where every subject shows the same effect, no F bounds the correlation."""
        result = pairing(one_way(np.arange(4.0)[:, None] + np.arange(3.0)))

        assert Pairing(reason=Reason.ZERO_ERROR) == result

    @pytest.mark.parametrize(
        ("shape", "reason"),
        [((0, 3), Reason.NO_SUBJECT), ((1, 3), Reason.FEW_SUBJECTS), ((4, 1), Reason.ONE_LEVEL)],
    )
    def test_too_small(self, shape: tuple[int, int], reason: Reason) -> None:
        """It takes two subjects and two levels."""
        result = pairing(one_way(np.zeros(shape)))

        assert Pairing(reason=reason) == result
