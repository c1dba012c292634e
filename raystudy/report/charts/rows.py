"""Rows that a chart draws: a frame as JSON, with its numbers also as text for the tooltips."""

import altair as alt
import polars as pl
import polars.selectors as cs

from raystudy.report.numbers import cell


def rows(frame: pl.DataFrame, *, texts: tuple[str, ...] = ()) -> alt.InlineData:
    """Inline a frame; each column in `texts` is also written out as `NAME_text`, as the tables write it."""
    # JSON knows neither NaN nor infinity; Vega leaves null out, which is what missing means here.
    finite = frame.with_columns(pl.when(cs.float().is_finite()).then(cs.float()))
    words = [pl.Series(f"{name}_text", [cell(value) for value in frame[name]], dtype=pl.String) for name in texts]
    return alt.InlineData(values=finite.with_columns(words).to_dicts())
