"""Ratio metrics as products of powers: they are the metrics themselves, and what the study sets shows in their F."""

from typing import Any

import polars as pl
import pytest

from raystudy.analysis import parameter_efficiency
from raystudy.analysis.ratios import audit, energy_per_token, loss_drop_per_kj, parts, published, recounted, table
from raystudy.stats.comparison import compare
from tests.analysis.made import trials
from tests.observations import estimated


def row(metric: str, **columns: Any) -> dict[str, Any]:
    """Return the row of one metric, of trials changed so."""
    return table(trials(lambda _: columns)).frame.row(by_predicate=pl.col("metric") == metric, named=True)


@pytest.mark.parametrize(
    ("of", "column"),
    [
        (published, "parameter_efficiency_published"),
        (recounted, "parameter_efficiency_recounted"),
        (energy_per_token, "energy_j_per_token"),
        (loss_drop_per_kj, "loss_drop_per_kj"),
    ],
)
def test_a_ratio_is_its_metric(of: Any, column: str) -> None:
    """The factors raised to their powers are the metric of the tables, but for one constant."""
    found = trials()
    ratio = of(found)
    product = pl.lit(1.0)
    for power, factor in ratio.factors.values():
        product *= factor.cast(pl.Float64) ** power
    constant = found.rows.select(product / pl.col(column)).to_series().to_numpy()

    assert pytest.approx(constant[0], rel=1e-12) == constant


def test_parts_of_a_measured_ratio() -> None:
    """Energy per token has no part that the study sets: power and speed make all of its change."""
    found = trials()

    assert (["power", "speed"], pytest.approx(1.0)) == (
        [part.name for part in parts(found, energy_per_token(found))],
        sum(part.share or 0.0 for part in parts(found, energy_per_token(found))),
    )


def test_what_each_ratio_mostly_shows() -> None:
    """Whatever is divided by tokens mostly shows them; what is made of power and speed does not."""
    assert {
        "PE as published": True,
        "PE recounted": True,
        "energy per token": False,
        "loss drop per kJ": True,
    } == dict(table(trials()).frame.select("metric", "mostly set").rows())


def test_f_is_that_of_the_tests() -> None:
    """The F that is held against the shuffled ones is the one that the study reports."""
    found = trials()
    test = compare(found.design("parameter_efficiency_published")).effect.test

    assert test is not None
    assert pytest.approx(test.f) == audit(found, published(found)).f == parameter_efficiency.audit(found).f


def test_a_constant_speed_is_set_by_the_study() -> None:
    """A ceiling is measured, a constant is not."""
    measured, constant = trials(), trials(analysis__pe_cs_tflops="68.16")

    assert (False, True) == tuple("CS_TFLOPS" in published(found).given for found in (measured, constant))


@pytest.mark.parametrize(
    ("metric", "columns", "reason"),
    [
        (
            "loss drop per kJ",
            {"loss_heldout": 6.5},
            "not every value is above zero, so there are no logarithms of them",
        ),
        ("energy per token", {"energy_j": None}, "no block has a value at every level"),
    ],
)
def test_a_ratio_without_f_says_why(metric: str, columns: dict[str, Any], reason: str) -> None:
    """A loss that rose has no logarithm, and joules that nobody measured make no block complete."""
    found = row(metric, **columns)

    assert (None, reason) == (found["F"], found["no test, because"])


def test_estimates_are_marked() -> None:
    """Each ratio of estimated joules is called so."""
    frame = table(trials(estimated)).frame

    assert frame["metric"].str.ends_with("(estimate)").all()
