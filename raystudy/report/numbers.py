"""Numbers as people read them: enough digits, never too many, and a dash where nothing was measured."""

import math
import re
from collections.abc import Sequence

import polars as pl

from raystudy.analysis.words import decimals, number, p_value

DASH = "—"
DIGITS = 4
"""Significant digits of a measured number; a fourth digit is already beyond what repetitions agree on."""

_LEAST_ALIGNED = 3
"""Digits that the smallest number of a column keeps when the column shares its decimals."""
_WIDEST_SPREAD = 300
"""A column shares its decimals while its largest number is at most this many times its smallest."""


def cell(value: object) -> str:
    """Write one value of a table, of whatever type: `12.35`, `24,268`, `1.234e-13`, or a dash where there is none."""
    match value:
        case None:
            return DASH
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return _measured(value)
    return str(value)


def column(series: pl.Series) -> tuple[str, ...]:
    """Write a column of a table; its numbers share their decimals where their sizes allow it."""
    values = series.to_list()
    if not series.dtype.is_float():
        return tuple(cell(value) for value in values)
    if _holds_p(series):
        return tuple(cell(value) if value is None or math.isnan(value) else p_value(value) for value in values)
    return _aligned(values)


def _measured(value: float) -> str:
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    digits, power, exponent = number(value, digits=DIGITS).partition("e")
    return f"{_strip(digits)}{power}{exponent}"


def _aligned(values: Sequence[float | None]) -> tuple[str, ...]:
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    # Sharing decimals across sizes that differ a thousandfold would print 310.00000 beside 0.00512.
    if not sizes or max(sizes) > _WIDEST_SPREAD * min(sizes) or min(sizes) < 1e-4 or max(sizes) >= 1e15:
        return tuple(cell(value) for value in values)
    most = max(decimals(max(sizes), digits=DIGITS), decimals(min(sizes), digits=_LEAST_ALIGNED))
    needed = max(_decimals_used(f"{size:.{most}f}") for size in sizes)
    return tuple(
        f"{value:,.{needed}f}" if value is not None and math.isfinite(value) else cell(value) for value in values
    )


def _holds_p(series: pl.Series) -> bool:
    """Say whether a column holds p values: its name has the word p (not its logarithm), its values are in 0..1."""
    words = re.split(r"[^a-z0-9]+", series.name.lower())
    named = "p" in words and not any(word.startswith("log") for word in words)
    return named and all(0 <= p <= 1 for p in series.drop_nulls().drop_nans())


def _decimals_used(text: str) -> int:
    return len(_strip(text).partition(".")[2])


def _strip(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
