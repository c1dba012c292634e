"""Published and exact numbers over whole data sets; they lie outside the repository, where RAYSTUDY_REFERENCE says."""

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from raystudy.stats.anova import FTest, repeated_measures
from raystudy.stats.audit import decompose
from raystudy.stats.design import Design, design
from raystudy.stats.metrics import Inputs, parameter_efficiency_published
from raystudy.stats.pairwise import pairwise

FOLDER = os.environ.get("RAYSTUDY_REFERENCE")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="RAYSTUDY_REFERENCE names no folder with the reference data")

CASES = [
    "p01_winer_drugs",
    "p02_md15_age",
    "p04_large_F",
    "p05_traj_6x21",
    "p06_two_levels",
    "p07_missing_cells",
    "p08_hollander_rounding_ties",
    "p10_hf_above_one",
    "p13_sleepstudy",
    "p14_diagonal_missing",
    "p15_between_offset_1e6",
]
EPSILONS = {"eps_gg": "greenhouse_geisser", "eps_hf": "huynh_feldt", "eps_lower_bound": "lower_bound"}

P1 = {
    "parameter_efficiency": (24268.2288, 0.742522, 0.997985, 0.997147, 0.6532),
    "watts_rms": (3143.2063, 0.633663, 0.984650, 0.968508, 0.4219),
    "accuracy": (92.5831, 0.954813, 0.653913, 0.563242, 0.9527),
    "perplexity": (95.3223, 0.958538, 0.660482, 0.568530, 0.9567),
    "efficiency_x_tokens": (264.2421, 0.946590, 0.843571, 0.788030, 0.9436),
}
"""F(2, 98), Greenhouse-Geisser epsilon, partial and generalised eta squared, Mauchly's W."""


P1_LEVELS = ("500000", "1000000", "2000000")


def folder() -> Path:
    """Return where the reference data lie."""
    assert FOLDER is not None
    return Path(FOLDER)


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
    return design(p1(), subject="trial_number", level="token_count", value=measure, levels=P1_LEVELS)


def case(name: str) -> tuple[Design, dict[str, Any]]:
    """Return a case with its exact answers, its levels in the order of the answers."""
    exact: dict[str, Any] = json.loads((folder() / "stats" / f"{name}.exact.json").read_text())["exact"]
    table = pl.read_csv(folder() / "stats" / f"{name}.csv", infer_schema=False)
    pairs = exact.get("pairwise", [])
    named = list(dict.fromkeys(level for pair in pairs for level in (pair["a"], pair["b"])))
    table = table.with_columns(pl.col("value").cast(pl.Float64))
    levels = named or table["level"].unique(maintain_order=True).to_list()
    return design(table, subject="subject", level="level", value="value", levels=levels), exact


def f_test_of(data: Design) -> FTest:
    """Return the test, which must exist."""
    result = repeated_measures(data.values)
    assert result.test is not None
    return result.test


def tolerance(name: str, usual: float) -> float:
    """Return the relative tolerance: values stored next to 9e6 hold nine digits fewer."""
    return 1e-8 if name.startswith("p15") else usual


@pytest.mark.parametrize("name", CASES)
def test_sums_of_squares_and_f(name: str) -> None:
    """SS and F agree with exact rational arithmetic to 1e-10."""
    data, exact = case(name)
    result = repeated_measures(data.values)

    expected = [exact[key] for key in ("ss_effect", "ss_error", "ss_subject", "F")]
    assert pytest.approx(expected, rel=tolerance(name, 1e-10)) == [
        result.ss_effect,
        result.ss_error,
        result.ss_subject,
        f_test_of(data).f,
    ]


@pytest.mark.parametrize("name", CASES)
def test_epsilons_and_effect_sizes(name: str) -> None:
    """Epsilons and eta squared agree to 1e-10."""
    data, exact = case(name)
    test = f_test_of(data)

    expected = [*(exact[key] for key in EPSILONS), exact["pes"], exact["ges"]]
    found = [*(getattr(test, name).epsilon for name in EPSILONS.values()), test.pes, test.ges]
    assert pytest.approx(expected, rel=tolerance(name, 1e-10)) == found


@pytest.mark.parametrize("name", CASES)
def test_p_values(name: str) -> None:
    """The logarithms of all four p values agree to 1e-9."""
    data, exact = case(name)
    test = f_test_of(data)

    expected = [exact[key] for key in ("log10_p", "log10_p_gg", "log10_p_hf", "log10_p_lower_bound")]
    found = [test.log10_p, *(getattr(test, name).log10_p for name in EPSILONS.values())]
    assert pytest.approx(expected, rel=tolerance(name, 1e-9)) == found


@pytest.mark.parametrize("name", CASES)
def test_mauchly(name: str) -> None:
    """W and Anderson's p agree, or both sides say that the test does not exist."""
    data, exact = case(name)
    mauchly, theirs = f_test_of(data).mauchly, exact["mauchly"]

    if not theirs["defined"]:
        assert mauchly.reason is not None
        return
    assert pytest.approx((theirs["W"], theirs["p_anderson"]), rel=tolerance(name, 1e-10)) == (mauchly.w, mauchly.p)


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(("p05", "p15"))])
def test_pairs(name: str) -> None:
    """Every paired t agrees to 1e-10, its logarithm of p to 1e-9."""
    data, exact = case(name)
    ours = {(pair.a, pair.b): pair for pair in pairwise(data)}

    expected = {(pair["a"], pair["b"]): pair for pair in exact["pairwise"]}
    assert {key: pytest.approx(pair["t"], rel=1e-10) for key, pair in expected.items()} == {
        key: ours[key].t for key in expected
    }
    assert {key: pytest.approx(pair["log10_p"], rel=1e-9) for key, pair in expected.items()} == {
        key: ours[key].log10_p for key in expected
    }


def test_zero_error() -> None:
    """Purely additive data have sums of squares and a reason, and no F."""
    data, exact = case("p16_additive_zero_error")
    result = repeated_measures(data.values)

    assert (exact["ss_effect"], 0.0, None, "zero error") == (
        result.ss_effect,
        result.ss_error,
        result.test,
        str(result.reason)[:10],
    )


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
    test = f_test_of(p1_design(measure))

    assert (pytest.approx(f, abs=6e-5), pytest.approx(shares, abs=6e-5)) == (
        test.f,
        [test.greenhouse_geisser.epsilon, test.pes, test.ges, test.mauchly.w],
    )


def test_p1_pairs() -> None:
    """Paired t of the published efficiency: 117.9388, 220.8192, 97.6873."""
    found = [pair.t for pair in pairwise(p1_design("parameter_efficiency"))]

    assert pytest.approx([117.9388, 220.8192, 97.6873], abs=6e-5) == found


def test_p1_is_mostly_its_divisor() -> None:
    """Of the change from 500K to 2M, 90.4 % is tokens, 5.3 % quality, 4.3 % power."""
    first, last = (p1().filter(pl.col("token_count") == tokens) for tokens in (500_000, 2_000_000))
    parts = decompose(first, last, powers={"token_count": -1, "accuracy": 1, "watts_rms": -1})

    assert [0.904, 0.053, 0.043] == [round(part.share or 0.0, 3) for part in parts]
