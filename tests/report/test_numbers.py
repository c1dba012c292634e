"""Tests of the numbers that people read."""

import math

import polars as pl
import pytest

from raystudy.report.numbers import cell, column


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "—"),
        (math.nan, "—"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (0.0, "0"),
        (-0.25, "-0.25"),
        (2.0, "2"),
        (12.3456, "12.35"),
        (999.96, "1,000"),
        (24268.2288, "24,268"),
        (0.008246, "0.008246"),
        (1.23456e-11, "1.235e-11"),
        (2e16, "2e16"),
    ],
)
def test_a_number_has_four_significant_digits_and_no_idle_zeros(value: float | None, expected: str) -> None:
    """Four digits, thousands parted, powers of ten only where zeros would hide the number, a dash for none."""
    written = cell(value)

    assert expected == written


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "—"),
        (math.nan, "—"),
        (1.0, "1.000"),
        (0.0312, "0.031"),
        (0.001, "0.001"),
        (0.00042, "4.2e-4"),
        (3e-7, "3.0e-7"),
        (1.23e-13, "1.2e-13"),
        (0.0, "< 1e-308"),
    ],
)
def test_a_small_p_keeps_its_size(value: float | None, expected: str) -> None:
    """A small p is written with its power of ten; one that fell out of a float's range is never written as zero."""
    written = column(pl.Series("p", [value], dtype=pl.Float64))

    assert (expected,) == written


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "—"),
        (4_262_144, "4,262,144"),
        (True, "yes"),
        (False, "no"),
        ("stdlib", "stdlib"),
    ],
)
def test_a_cell_is_written_by_its_type(value: object, expected: str) -> None:
    """Counts have their thousands parted; text stays as it is; null is a dash wherever it stands."""
    written = cell(value)

    assert expected == written


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([412.31, 798.6, None], ("412.3", "798.6", "—")),
        ([1.0, 2.0, 98.0], ("1", "2", "98")),
        ([1.25, 340.2], ("1.25", "340.20")),
        ([0.00512, 310.0], ("0.00512", "310")),
        ([math.nan, 1.5, math.inf], ("—", "1.5", "∞")),
        ([None, None], ("—", "—")),
    ],
)
def test_a_column_shares_its_decimals_where_sizes_allow(values: list[float | None], expected: tuple[str, ...]) -> None:
    """Numbers of like size line up at the point; where they differ a thousandfold each is written by itself."""
    written = column(pl.Series("energy, J", values, dtype=pl.Float64))

    assert expected == written


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("p", "4.2e-6"),
        ("p (Bonferroni)", "4.2e-6"),
        ("holm_p", "4.2e-6"),
        ("log10 p", "4.2e-6"),
        ("power", "4.2e-6"),
    ],
)
def test_columns_of_p_are_known_by_their_name(name: str, expected: str) -> None:
    """The word p in a column's name makes its values p values; a logarithm or a longer word does not."""
    is_p = name not in {"log10 p", "power"}

    written = column(pl.Series(name, [4.2e-6, 0.5]))

    assert (expected, "0.500" if is_p else "0.5") == written
