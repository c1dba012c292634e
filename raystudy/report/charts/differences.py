"""Differences: a forest plot, one row a pair, around the line at no difference."""

import altair as alt
import polars as pl

from raystudy.analysis.findings import Differences
from raystudy.report.charts import theme
from raystudy.report.charts.axes import tick_format
from raystudy.report.charts.rows import rows

APART, ACROSS, BARE = "interval leaves zero out", "interval holds zero", "no interval"

_LOOKS = {APART: theme.MEAN, ACROSS: theme.UNSURE, BARE: theme.INK}
_WHOLE_PX = 260
_ROOMY_PX, _TIGHT_PX = 64, 18


def differences(figure: Differences) -> alt.LayerChart:
    """Draw each pair's difference and interval, in the order given."""
    pairs = figure.pairs.with_columns(verdict=_verdict())
    step = min(_ROOMY_PX, max(_TIGHT_PX, _WHOLE_PX // max(1, pairs.height)))
    zero = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(color=theme.ZERO, strokeDash=[4, 3]).encode(x="x:Q")
    return alt.layer(zero, _intervals(figure, pairs), _points(figure, pairs)).properties(
        height=step * max(1, pairs.height)
    )


def _verdict() -> pl.Expr:
    """Say in words what the colour says; a pair without an interval says nothing about zero."""
    return (
        pl.when(pl.col("low").is_null() | pl.col("high").is_null())
        .then(pl.lit(BARE))
        .when((pl.col("low") > 0) | (pl.col("high") < 0))
        .then(pl.lit(APART))
        .otherwise(pl.lit(ACROSS))
    )


def _intervals(figure: Differences, pairs: pl.DataFrame) -> alt.Chart:
    known = pairs.drop_nulls(["low", "high"])
    return (
        alt.Chart(rows(known))
        .mark_rule(strokeWidth=2.5, strokeCap="round")
        .encode(x=_x(figure, "low"), x2="high:Q", y=_y(pairs), color=_color(pairs))
    )


def _points(figure: Differences, pairs: pl.DataFrame) -> alt.Chart:
    return (
        alt.Chart(rows(pairs, texts=("difference", "low", "high")))
        .mark_point(size=80, filled=True, opacity=1)
        .encode(
            x=_x(figure, "difference"),
            y=_y(pairs),
            color=_color(pairs),
            tooltip=[
                alt.Tooltip("pair:N"),
                alt.Tooltip("difference_text:N", title=figure.x_title),
                alt.Tooltip("low_text:N", title="from"),
                alt.Tooltip("high_text:N", title="to"),
            ],
        )
    )


def _x(figure: Differences, field: str) -> alt.X:
    # The title ends where the axis ends: on a phone it is longer than the axis, and there is room on its left.
    ticks = alt.Axis(grid=True, format=tick_format(figure.pairs["difference"]), tickCount=6, titleAnchor="end")
    return alt.X(f"{field}:Q", title=figure.x_title, axis=ticks)


def _y(pairs: pl.DataFrame) -> alt.Y:
    # The order is spelled out: left to itself, Vega puts the pairs that have an interval first.
    order = pairs["pair"].unique(maintain_order=True).to_list()
    return alt.Y("pair:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, grid=False))


def _color(pairs: pl.DataFrame) -> alt.Color:
    seen = [verdict for verdict in _LOOKS if verdict in pairs["verdict"]]
    looks = alt.Scale(domain=seen, range=[_LOOKS[verdict] for verdict in seen])
    return alt.Color("verdict:N", scale=looks, legend=alt.Legend(columns=1))
