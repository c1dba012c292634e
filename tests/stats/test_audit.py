"""The audit of ratio metrics: what a change is made of."""

import math

import polars as pl
import pytest

from raystudy.stats.audit import decompose

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
