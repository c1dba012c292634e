"""The random intercept against lme4, against closed forms, and where optimisers fail."""

import numpy as np
import polars as pl
import pytest

from raystudy.errors import AnalysisError
from raystudy.stats.design import Matrix
from raystudy.stats.mixed import Mixed, mixed_model
from raystudy.stats.reason import Reason
from tests.stats.textbook import WINER

NAN = float("nan")

DIAGONAL = np.array(
    [
        [NAN, 1.4200, 2.2682],
        [1.4111, NAN, 2.1729],
        [1.5819, 2.4317, NAN],
        [-0.0555, 0.7705, 1.5881],
        [0.4489, 1.4504, 2.3933],
        [0.3097, 1.2440, 2.0113],
        [0.5567, 1.3152, 1.9392],
        [2.0653, 2.7646, 2.4754],
    ]
)
"""Three of eight subjects lack one level each, another one each; made up, and fitted with lme4 1.1-31."""


def long(values: Matrix) -> pl.DataFrame:
    """Return one row for each cell that is filled."""
    rows, columns = np.nonzero(np.isfinite(values))
    return pl.DataFrame(
        {"seed": [f"s{row}" for row in rows], "size": ["abcd"[place] for place in columns], "y": values[rows, columns]}
    )


def fit(table: pl.DataFrame, *, levels: str = "abcd") -> Mixed:
    """Fit the model to the columns of this file."""
    return mixed_model(table, subject="seed", level="size", value="y", levels=tuple(levels))


class TestLme4:
    def test_variances(self) -> None:
        """lme4: .2922437 between subjects, .0950495 left."""
        result = fit(long(DIAGONAL))

        assert (pytest.approx(0.292243718917798, rel=1e-6), pytest.approx(0.095049478735173, rel=1e-6)) == (
            result.var_subject,
            result.var_residual,
        )

    def test_means(self) -> None:
        """lme4's intercept and treatments, as means of the levels."""
        result = fit(long(DIAGONAL))

        assert pytest.approx([0.891489877658884, 1.657629258977839, 2.211174158105294], rel=1e-8) == [
            mean.mean for mean in result.means
        ]

    def test_standard_error(self) -> None:
        """lme4's standard error of the intercept, .2255134, is that of the first level's mean."""
        result = fit(long(DIAGONAL))

        assert pytest.approx(0.225513413978366, rel=1e-7) == result.means[0].se

    def test_f(self) -> None:
        """lmerTest: F 30.35514, on 11.33 degrees of freedom by Satterthwaite, 11.23 by Kenward-Roger, 11 here."""
        result = fit(long(DIAGONAL))

        assert (pytest.approx(30.3551426759333, rel=1e-7), 2, 11) == (result.f, result.df_effect, result.df_error)

    def test_log_likelihood(self) -> None:
        """lme4's REML criterion in sum coding is log(3) less."""
        result = fit(long(DIAGONAL))

        assert pytest.approx(-15.9726781849184 + np.log(3), abs=1e-8) == result.log_likelihood

    def test_every_value_is_used(self) -> None:
        """All 21 values of all eight subjects count, though three subjects are incomplete."""
        result = fit(long(DIAGONAL))

        assert (21, 8, [7, 7, 7]) == (result.n_cells, result.n_subjects, [mean.n for mean in result.means])


class TestComplete:
    def test_variances_are_mean_squares(self) -> None:
        """Without missing cells, the variances are 9.4 and (170.2 - 9.4) / 4: Winer's mean squares."""
        result = fit(long(WINER))

        assert (pytest.approx(9.4, rel=1e-12), pytest.approx(40.2, rel=1e-12)) == (
            result.var_residual,
            result.var_subject,
        )

    def test_f_is_that_of_the_analysis_of_variance(self) -> None:
        """Without missing cells, F(3, 12) is Winer's 24.76."""
        result = fit(long(WINER))

        assert (pytest.approx(24.75886524822695, rel=1e-12), 12) == (result.f, result.df_error)

    def test_no_variance_between_subjects(self) -> None:
        """Subjects no further apart than chance have a variance of 0, and F is the unpaired one: 6 / (2 / 2)."""
        result = fit(long(np.array([[0.0, 4.0], [1.0, 3.0], [2.0, 2.0]])))

        assert (0.0, pytest.approx(1.0), pytest.approx(6.0)) == (result.var_subject, result.var_residual, result.f)


class TestInvariance:
    @pytest.mark.parametrize(("offset", "scale"), [(0.0, 1e-11), (1e8, 1.0), (-5.0, 1e12)])
    def test_unit_and_offset(self, offset: float, scale: float) -> None:
        """Neither the unit nor an offset changes F."""
        result = fit(long(offset + scale * DIAGONAL))

        assert pytest.approx(fit(long(DIAGONAL)).f, rel=1e-6) == result.f

    def test_offsets_of_subjects(self) -> None:
        """Subjects 1e6 apart, where R's lme4 loses the second digit, leave Winer's F as it is."""
        result = fit(long(WINER + 1e6 * np.arange(5)[:, None]))

        assert (pytest.approx(24.75886524822695, rel=1e-8), pytest.approx(9.4, rel=1e-8)) == (
            result.f,
            result.var_residual,
        )

    def test_order_of_rows(self) -> None:
        """The rows have no order."""
        result = fit(long(DIAGONAL).reverse())

        assert fit(long(DIAGONAL)) == result

    def test_rows_without_value(self) -> None:
        """A row that holds no finite value is as none."""
        empty = pl.DataFrame({"seed": ["s0", "s1"], "size": ["a", "b"], "y": [None, NAN]})
        result = fit(pl.concat([long(DIAGONAL), empty]))

        assert fit(long(DIAGONAL)) == result

    def test_replicates_are_averaged(self) -> None:
        """A cell measured twice is one value, not two subjects' worth of them."""
        result = fit(pl.concat([long(DIAGONAL), long(DIAGONAL)]))

        assert fit(long(DIAGONAL)) == result


class TestReasons:
    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            (WINER[:0], Reason.NO_SUBJECT),
            (WINER[:1], Reason.FEW_SUBJECTS),
            (WINER[:, :1], Reason.ONE_LEVEL),
            (np.arange(3.0)[:, None] + np.array([0.1, 0.2, 0.4]), Reason.ZERO_ERROR),
            (np.full((3, 3), 0.1), Reason.CONSTANT),
            (np.array([[1.0, NAN], [2.0, NAN], [NAN, 3.0], [NAN, 5.0]]), Reason.SATURATED),
        ],
    )
    def test_reason(self, values: Matrix, reason: Reason) -> None:
        """What cannot be fitted says why, and gives no number."""
        result = fit(long(values))

        assert (reason, None, None) == (result.reason, result.f, result.var_subject)

    def test_level_without_value(self) -> None:
        """A level that nobody has stands aside."""
        result = fit(long(DIAGONAL), levels="abcd")

        assert ["a", "b", "c"] == [mean.level for mean in result.means]

    def test_row_without_subject(self) -> None:
        """A row of nobody raises, and says what to do."""
        table = pl.DataFrame({"seed": ["s0", None], "size": ["a", "b"], "y": [1.0, 2.0]})

        with pytest.raises(AnalysisError, match="Some rows have no seed"):
            fit(table)
