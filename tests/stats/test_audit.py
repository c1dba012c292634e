"""The audit of ratio metrics: what a change is made of."""

import itertools
import math

import numpy as np
import polars as pl
import pytest

from raystudy.stats.audit import NullF, decompose, null_f
from raystudy.stats.draws import f_ratios
from raystudy.stats.reason import Reason

POWERS = {"tokens": -1.0, "quality": 1.0, "power": -1.0}


def p1(tokens: float, quality: float, power: float) -> pl.DataFrame:
    """Return one condition of P1 by its means (arXiv 2601.06649, 50 trials each)."""
    return pl.DataFrame({"tokens": [tokens], "quality": [quality], "power": [power]})


def test_published_efficiency_is_its_divisor() -> None:
    """P1 from 500K to 2M tokens: 90.4 % tokens, 5.3 % quality, 4.3 % power."""
    first, last = p1(0.5e6, 0.232032, 166.2928), p1(2e6, 0.214026, 177.6191)

    assert {"tokens": 0.904, "quality": 0.053, "power": 0.043} == {
        part.name: round(part.share or 0.0, 3) for part in decompose(first, last, powers=POWERS)
    }


def test_parts_add_up() -> None:
    """The parts add up to the logarithm of the ratio of geometric means, whatever the spread."""
    first = pl.DataFrame({"a": [1.0, 4.0], "b": [4.0, 9.0]})
    last = pl.DataFrame({"a": [2.0, 2.0, 2.0], "b": [1.0, 1.0, 8.0]})
    found = decompose(first, last, powers={"a": 2.0, "b": -1.0})

    assert pytest.approx(math.log(2.0**2 / 6.0) - math.log(2.0**2 / 2.0)) == sum(part.log_ratio for part in found)


@pytest.mark.parametrize("bad", [[None, 1.0], [0.0, 1.0], [-1.0, 1.0], []])
def test_no_logarithm_no_parts(bad: list[float | None]) -> None:
    """Missing, zero, negative or absent values leave nothing to split."""
    table = pl.DataFrame({"a": pl.Series(bad, dtype=pl.Float64)})

    assert () == decompose(table, pl.DataFrame({"a": [1.0]}), powers={"a": 1.0})


def test_no_change_has_no_shares() -> None:
    """Where the metric does not change, parts have no share of it."""
    table = pl.DataFrame({"a": [math.pi]})

    assert [None] == [part.share for part in decompose(table, table, powers={"a": 1.0})]


def p1_like() -> pl.DataFrame:
    """Draw 150 trials from P1's means and spreads of perplexity and power (arXiv 2601.06649)."""
    rng = np.random.default_rng(7)
    moments = {500_000: (4.3122, 0.1039, 166.2928, 0.6077), 1_000_000: (4.3835, 0.1494, 174.0991, 1.1363)}
    moments[2_000_000] = (4.6775, 0.1579, 177.6191, 0.7545)
    parts = [
        pl.DataFrame(
            {
                "trial": np.arange(50),
                "tokens": np.full(50, tokens),
                "quality": 1 / rng.normal(mean, sd, 50),
                "power": rng.normal(power, power_sd, 50),
            }
        )
        for tokens, (mean, sd, power, power_sd) in moments.items()
    ]
    return pl.concat(parts)


def audit(table: pl.DataFrame, *, given: tuple[str, ...] = ("tokens",), draws: int = 1000) -> NullF:
    """Audit P1's metric."""
    levels = ("500000", "1000000", "2000000")
    return null_f(
        table, subject="trial", level="tokens", levels=levels, powers=POWERS, set_by_design=given, draws=draws
    )


def test_published_f_is_mostly_that_of_the_divisor() -> None:
    """With quality and power dealt out at random to trials like P1's, F is still about 3,700, at p far below .001."""
    found = audit(p1_like())

    assert (pytest.approx(3700, rel=0.1), True, True, 0.0) == (
        found.median,
        found.log10_p is not None and found.log10_p < -80,
        found.mostly_by_design,
        found.share_as_large,
    )


def test_measured_metric_is_not_by_design() -> None:
    """Without a part that the study sets, the shuffled F is that of chance, whose median is about .7 on 2 and 98 df."""
    table = p1_like().with_columns(power=pl.col("power") * pl.col("tokens") / 1e6)
    found = null_f(
        table.rename({"tokens": "level"}),
        subject="trial",
        level="level",
        levels=("500000", "1000000", "2000000"),
        powers={"power": -1, "quality": 1},
        set_by_design=(),
    )

    assert (pytest.approx(0.7, abs=0.06), 0.0, False) == (found.median, found.set_share, found.mostly_by_design)


def test_draws_are_those_of_all_permutations() -> None:
    """Two subjects, two levels: the share that reaches the F seen is that of all 24 orders of the four values."""
    tokens, power = np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([[3.0, 5.0], [4.0, 11.0]])
    orders = np.array(list(itertools.permutations(power.ravel()))).reshape(-1, 2, 2)
    exact = f_ratios(1 / (tokens * orders)) >= f_ratios((1 / (tokens * power))[None]) * (1 - 1e-9)
    table = pl.DataFrame({"trial": [0, 0, 1, 1], "tokens": tokens.ravel(), "power": power.ravel()})
    found = null_f(
        table,
        subject="trial",
        level="tokens",
        levels=("1.0", "2.0"),
        powers={"tokens": -1, "power": -1},
        set_by_design=["tokens"],
        draws=20_000,
    )

    assert pytest.approx(exact.mean(), abs=0.01) == found.share_as_large


@pytest.mark.parametrize("scale", [1e-11, 1e12])
def test_scale_changes_nothing(scale: float) -> None:
    """F and its draws are the same in any unit."""
    one, other = audit(p1_like(), draws=20), audit(p1_like().with_columns(pl.col("power") * scale), draws=20)

    assert pytest.approx((one.f, one.low, one.median, one.high), rel=1e-9) == (
        other.f,
        other.low,
        other.median,
        other.high,
    )


def test_order_of_rows_and_seed() -> None:
    """The same seed deals out the same values, whatever the order of the rows."""
    table = p1_like()

    assert audit(table, draws=20) == audit(table[::-1], draws=20)


def test_no_logarithm_no_f() -> None:
    """A value of zero leaves no F and no verdict, and says why."""
    found = audit(p1_like().with_columns(power=pl.lit(0.0)))

    assert (None, None, Reason.NO_LOGARITHM) == (found.f, found.mostly_by_design, found.reason)


def test_subject_without_a_value_is_left_out() -> None:
    """A trial that lacks a measurement at one level is left out at all of them."""
    lacking = pl.when((pl.col("trial") != 3) | (pl.col("tokens") != 500_000)).then("power")

    assert 49 == audit(p1_like().with_columns(power=lacking), draws=1).n


def test_metric_that_the_study_sets_wholly() -> None:
    """Nothing measured, no error, no F; but the verdict is clear."""
    found = null_f(
        p1_like(),
        subject="trial",
        level="tokens",
        levels=("500000", "1000000", "2000000"),
        powers={"tokens": -1},
        set_by_design=["tokens"],
    )

    assert (Reason.ZERO_ERROR, 1.0, True) == (found.reason, found.set_share, found.mostly_by_design)
