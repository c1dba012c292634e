"""Published numbers over raw data of two papers; they lie outside the repository, where RAYSTUDY_REFERENCE says."""

import os
from pathlib import Path

import polars as pl
import pytest

from raystudy.stats.anova import Effect, FTest, anova
from raystudy.stats.audit import decompose, null_f
from raystudy.stats.cells import design
from raystudy.stats.design import Design
from raystudy.stats.metrics import Inputs, parameter_efficiency_published
from raystudy.stats.pairwise import pairwise
from raystudy.stats.reason import Reason

FOLDER = os.environ.get("RAYSTUDY_REFERENCE")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="RAYSTUDY_REFERENCE names no folder with the reference data")

P1 = {
    "parameter_efficiency": (24268.2288, 0.742522, 0.997985, 0.997147, 0.6532),
    "watts_rms": (3143.2063, 0.633663, 0.984650, 0.968508, 0.4219),
    "accuracy": (92.5831, 0.954813, 0.653913, 0.563242, 0.9527),
    "perplexity": (95.3223, 0.958538, 0.660482, 0.568530, 0.9567),
    "efficiency_x_tokens": (264.2421, 0.946590, 0.843571, 0.788030, 0.9436),
}
"""F(2, 98), Greenhouse-Geisser epsilon, partial and generalised eta squared, Mauchly's W."""

P1_LEVELS = ("500000", "1000000", "2000000")

P2 = {
    "val_loss": (0, 20, 10030.867, 0.154692, 0.999295, 1.9e-9),
    "val_ppl": (0, 20, 21061.947, 0.050402, 0.99975, 2.9e-10),
    "rolling_volatility": (2, 18, 15390.484, 0.132316, 0.999537, 6.5e-10),
}
"""First interval, degrees of freedom, F, Greenhouse-Geisser epsilon, generalised eta squared, p of the lower bound."""


def folder() -> Path:
    """Return where the reference data lie."""
    assert FOLDER is not None
    return Path(FOLDER)


def the_test(effect: Effect) -> FTest:
    """Return the test of an effect, which must exist."""
    assert effect.test is not None
    return effect.test


def only(data: Design) -> Effect:
    """Return the effect of a one-way design."""
    (effect,) = anova(data)
    return effect


def p1() -> pl.DataFrame:
    """Return the 150 trials of arXiv 2601.06649."""
    files = [folder() / "p1" / f"p1_run_log_{tokens}.csv" for tokens in (500_000, 1_000_000, 2_000_000)]
    table = pl.concat([pl.read_csv(file, schema_overrides={"tops_used": pl.String}) for file in files])
    return table.with_columns(
        perplexity=pl.col("parameter_perplexity") * 1_100_048_384,
        efficiency_x_tokens=pl.col("parameter_efficiency") * pl.col("token_count"),
    )


def p1_design(measure: str) -> Design:
    """Return one measure of P1 as trials x token counts."""
    return design(p1(), subject="trial_number", within=["token_count"], value=measure)


def p2_design(measure: str, *, first: int = 0) -> Design:
    """Return one measure of arXiv 2606.13370 as seeds x intervals, from the first one on."""
    wide = pl.read_csv(folder() / "p2" / "p2_val_loss.csv")
    table = (
        wide.unpivot(index="seed", variable_name="interval", value_name="val_loss")
        .with_columns(pl.col("interval").cast(pl.Int64))
        .sort("seed", "interval")
        .with_columns(val_ppl=pl.col("val_loss").exp(), change=pl.col("val_loss").diff().over("seed"))
        .with_columns(rolling_volatility=pl.col("change").rolling_std(5, min_samples=2).over("seed"))
        .filter(pl.col("interval") >= first)
    )
    return design(table, subject="seed", within=["interval"], value=measure)


def test_p1_efficiency_as_published() -> None:
    """The formula gives all 150 published values to 1e-12."""
    table = p1().with_columns(
        perplexity_sentence=1 / pl.col("accuracy"),
        parameters=1_100_048_384,
        nominal_tokens=pl.col("token_count") * pl.col("epochs"),
    )
    ours = table.select(parameter_efficiency_published(Inputs(power_rms_w="watts_rms", pe_cs_tflops=68.16))).to_series()

    assert pytest.approx(table["parameter_efficiency"].to_list(), rel=1e-12, abs=0) == ours.to_list()


@pytest.mark.parametrize("measure", P1)
def test_p1_anova(measure: str) -> None:
    """Every row of the table in arXiv 2601.06649, by its raw values of order 1e-11 to 1e2."""
    f, *shares = P1[measure]
    found = only(p1_design(measure))
    test = the_test(found)
    assert found.sizes is not None

    assert (50, 2, 98) == (found.n, found.df_effect, found.df_error)
    assert (pytest.approx(f, abs=6e-5), pytest.approx(shares, abs=6e-5)) == (
        test.f,
        [test.greenhouse_geisser.epsilon, found.sizes.pes.value, found.sizes.ges.value, test.mauchly.w],
    )


def test_p1_pairs() -> None:
    """Paired t of the published efficiency: 117.9388, 220.8192, 97.6873."""
    found = pairwise(p1_design("parameter_efficiency"))

    assert (pytest.approx([117.9388, 220.8192, 97.6873], abs=6e-5), True) == (
        [pair.t for pair in found],
        all(pair.p_bonferroni is not None and pair.p_bonferroni < 1e-56 for pair in found),
    )


def test_p1_is_mostly_its_divisor() -> None:
    """Of the change from 500K to 2M, 90.4 % is tokens, 5.3 % quality, 4.3 % power."""
    first, last = (p1().filter(pl.col("token_count") == tokens) for tokens in (500_000, 2_000_000))
    parts = decompose(first, last, powers={"token_count": -1, "accuracy": 1, "watts_rms": -1})

    assert [0.904, 0.053, 0.043] == [round(part.share or 0.0, 3) for part in parts]


def test_p1_without_what_was_measured() -> None:
    """With quality and power dealt out at random, its F is still about 3,700 of 24,268."""
    found = null_f(
        p1(),
        subject="trial_number",
        level="token_count",
        levels=P1_LEVELS,
        powers={"token_count": -1, "accuracy": 1, "watts_rms": -1},
        set_by_design=["token_count"],
        draws=500,
    )

    assert (pytest.approx(24268.2288, rel=1e-6), pytest.approx(3700, rel=0.03), True) == (
        found.f,
        found.median,
        found.mostly_by_design,
    )


@pytest.mark.parametrize("measure", P2)
def test_p2_anova(measure: str) -> None:
    """Every row of the table in arXiv 2606.13370, with the p that assumes least."""
    first, df, f, epsilon, ges, p_lowest = P2[measure]
    found = only(p2_design(measure, first=first))
    test = the_test(found)
    assert found.sizes is not None

    assert (6, df, 5 * df) == (found.n, found.df_effect, found.df_error)
    assert (
        pytest.approx(f, abs=6e-4),
        pytest.approx(epsilon, abs=6e-7),
        pytest.approx(ges, abs=6e-6),
        pytest.approx(p_lowest, rel=0.03, abs=0),
    ) == (test.f, test.greenhouse_geisser.epsilon, found.sizes.ges.value, test.lower_bound.p)


def test_p2_sums_of_squares() -> None:
    """The published SS of the loss: 159.546586 against .0795278."""
    found = only(p2_design("val_loss"))

    assert (pytest.approx(159.546586, abs=6e-7), pytest.approx(0.0795278, abs=6e-8)) == (
        found.ss_effect,
        found.ss_error,
    )


@pytest.mark.parametrize("measure", P2)
def test_p2_has_no_mauchly(measure: str) -> None:
    """Six seeds at 19 or 21 intervals have no test of sphericity, of which p = 27.8 was printed."""
    mauchly = the_test(only(p2_design(measure, first=P2[measure][0]))).mauchly

    assert (None, None, Reason.SINGULAR) == (mauchly.w, mauchly.p, mauchly.reason)


def test_p2_without_its_first_interval() -> None:
    """Without the untrained model, F falls from 10,030.9 to 1,215.9."""
    assert pytest.approx(1215.9, abs=0.06) == the_test(only(p2_design("val_loss", first=1))).f
