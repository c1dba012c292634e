"""Numbers as people read them: enough digits, never too many, and a dash where nothing was measured."""

import math
import re
from collections.abc import Sequence

import polars as pl

DASH = "—"
DIGITS = 4
"""Significant digits of a measured number; a fourth digit is already beyond what repetitions agree on."""

_LEAST_ALIGNED = 3
"""Digits that the smallest number of a column keeps when the column shares its decimals."""
_WIDEST_SPREAD = 300
"""A column shares its decimals while its largest number is at most this many times its smallest."""


def number(value: float | None) -> str:
    """Write one number: `12.35`, `24,268`, `1.234e-13`, or a dash where there is none."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value != 0 and not 1e-4 <= abs(value) < 1e15:
        return _scientific(value, decimals=DIGITS - 1)
    return _strip(f"{value:,.{_decimals(value, DIGITS)}f}")


def p_value(value: float | None) -> str:
    """Write one p: `0.031`, `1.2e-13`, or `< 1e-308` where it is too small for a float."""
    if value is None or math.isnan(value):
        return DASH
    if value == 0:
        return "< 1e-308"
    return f"{value:.3f}" if value >= 0.001 else _scientific(value, decimals=1, strip=False)


def cell(value: object) -> str:
    """Write one value of a table, of whatever type."""
    match value:
        case None:
            return DASH
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return number(value)
        case list() | tuple() | pl.Series():
            return f"[{', '.join(cell(each) for each in value)}]"
    return str(value)


def column(series: pl.Series) -> tuple[str, ...]:
    """Write a column of a table; its numbers share their decimals where their sizes allow it."""
    values = series.to_list()
    if not series.dtype.is_float():
        return tuple(cell(value) for value in values)
    if _holds_p(series):
        return tuple(p_value(value) for value in values)
    return _aligned(values)


def _aligned(values: Sequence[float | None]) -> tuple[str, ...]:
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    # Sharing decimals across sizes that differ a thousandfold would print 310.00000 beside 0.00512.
    if not sizes or max(sizes) > _WIDEST_SPREAD * min(sizes) or min(sizes) < 1e-4 or max(sizes) >= 1e15:
        return tuple(number(value) for value in values)
    decimals = max(_decimals(max(sizes), DIGITS), _decimals(min(sizes), _LEAST_ALIGNED))
    needed = max(_decimals_used(f"{size:.{decimals}f}") for size in sizes)
    return tuple(
        f"{value:,.{needed}f}" if value is not None and math.isfinite(value) else number(value) for value in values
    )


def _holds_p(series: pl.Series) -> bool:
    """Say whether a column holds p values: its name has the word p (not its logarithm), its values are in 0..1."""
    words = re.split(r"[^a-z0-9]+", series.name.lower())
    named = "p" in words and not any(word.startswith("log") for word in words)
    return named and all(0 <= p <= 1 for p in series.drop_nulls().drop_nans())


def _decimals(value: float, digits: int) -> int:
    return max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0


def _decimals_used(text: str) -> int:
    return len(_strip(text).partition(".")[2])


def _strip(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(value: float, *, decimals: int, strip: bool = True) -> str:
    mantissa, _, exponent = f"{value:.{decimals}e}".partition("e")
    return f"{_strip(mantissa) if strip else mantissa}e{int(exponent)}"
