"""Axes: where the ticks stand, and how they write their numbers."""

import math

import altair as alt
import polars as pl
from altair.typing import Optional

_STEPS = (1, 2, 5)


def tick_format(values: pl.Series) -> Optional[str]:
    """Choose how an axis writes its numbers: 500k rather than 500,000, 2e-11 rather than eleven zeros."""
    largest = max(_sizes(values), default=0)
    if largest >= 10_000:
        return "~s"
    return "~e" if 0 < largest < 1e-3 else alt.Undefined


def log_ticks(values: pl.Series) -> list[float]:
    """Place ticks at 1, 2 and 5 of each decade; Vega's own nine a decade run into each other."""
    sizes = _sizes(values)
    decades = range(math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes))))
    ticks = [step * 10.0**decade for decade in decades for step in _STEPS]
    return [tick for tick in ticks if min(sizes) <= tick <= max(sizes)]


def _sizes(values: pl.Series) -> list[float]:
    return [abs(value) for value in values.to_list() if value is not None and math.isfinite(value)]
