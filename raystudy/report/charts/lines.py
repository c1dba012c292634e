"""Lines: one thin line a repetition, and their mean with its interval."""

from collections.abc import Iterator

import altair as alt
import polars as pl

from raystudy.analysis.findings import Lines
from raystudy.report.charts import theme
from raystudy.report.charts.axes import log_ticks, tick_format
from raystudy.report.charts.rows import rows

FEW_LEVELS = 8
"""Up to this many places on x, each gets a tick and an error bar; beyond, a band reads better."""
ONE, MEAN = "one repetition", "mean with its interval"

_HEIGHT_PX = 300
_COLOR = alt.Color(
    "kind:N",
    scale=alt.Scale(domain=[ONE, MEAN], range=[theme.EACH, theme.MEAN]),
    legend=alt.Legend(symbolType="stroke"),
)


def lines(figure: Lines) -> alt.LayerChart:
    """Draw each repetition behind the mean; pointing at a repetition brings it out."""
    return alt.layer(_each(figure), *_interval(figure), _mean(figure)).properties(height=_HEIGHT_PX)


def _each(figure: Lines) -> alt.Chart:
    near = alt.selection_point(name="near", fields=["series"], on="pointerover", clear="pointerout", empty=False)
    return (
        alt.Chart(rows(figure.each.with_columns(kind=pl.lit(ONE)), texts=("x", "y")), name="each")
        .mark_line()
        .encode(
            x=_x(figure),
            y=_y(figure),
            detail="series:N",
            color=_COLOR,
            strokeWidth=alt.condition(near, alt.value(3), alt.value(1.3)),
            tooltip=[alt.Tooltip("series:N", title="line"), *_tips(figure)],
        )
        .add_params(near)
    )


def _mean(figure: Lines) -> alt.Chart:
    point = {"size": 55, "filled": True} if _few(figure) else False
    between = [alt.Tooltip("low_text:N", title="from"), alt.Tooltip("high_text:N", title="to")]
    return (
        alt.Chart(rows(figure.mean.with_columns(kind=pl.lit(MEAN)), texts=("x", "y", "low", "high")))
        .mark_line(strokeWidth=3, point=point)
        .encode(
            x=_x(figure),
            y=_y(figure),
            color=_COLOR,
            tooltip=[*_tips(figure), *between],
        )
    )


def _interval(figure: Lines) -> Iterator[alt.Chart]:
    """Yield the intervals, if there are any: one repetition has none."""
    known = figure.mean.drop_nulls(["low", "high"])
    bounds = alt.Chart(rows(known)).encode(x=_x(figure), y=_y(figure, "low"), y2="high:Q")
    if _few(figure) and not known.is_empty():
        yield bounds.mark_errorbar(color=theme.MEAN, opacity=1, thickness=2, ticks={"size": 11})
    elif not known.is_empty():
        yield bounds.mark_area(color=theme.MEAN, opacity=0.2)


def _x(figure: Lines) -> alt.X:
    levels = figure.mean["x"].unique(maintain_order=True)
    if not levels.dtype.is_numeric():
        return alt.X("x:N", title=figure.x_title, sort=levels.to_list(), axis=alt.Axis(labelAngle=0))
    # A logarithm has no place for zero tokens: such an axis stays linear.
    log = figure.log_x and bool((levels > 0).all())
    return alt.X("x:Q", title=figure.x_title, scale=_x_scale(figure, log=log), axis=_x_axis(figure, levels, log=log))


def _x_scale(figure: Lines, *, log: bool) -> alt.Scale:
    padding = 24 if _few(figure) else 0
    if log:
        return alt.Scale(type="log", nice=False, padding=padding)
    return alt.Scale(zero=False, nice=False, padding=padding)


def _x_axis(figure: Lines, levels: pl.Series, *, log: bool) -> alt.Axis:
    if _few(figure):
        return alt.Axis(format=tick_format(levels), values=levels.to_list(), labelOverlap="greedy")
    ticks = {"values": log_ticks(levels)} if log else {"tickCount": 8}
    return alt.Axis(format=tick_format(levels), labelOverlap="greedy", **ticks)


def _y(figure: Lines, field: str = "y") -> alt.Y:
    return alt.Y(
        f"{field}:Q",
        title=figure.y_title,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=tick_format(figure.each["y"]), tickCount=6),
    )


def _few(figure: Lines) -> bool:
    return figure.mean["x"].n_unique() <= FEW_LEVELS


def _tips(figure: Lines) -> list[alt.Tooltip]:
    return [alt.Tooltip("x_text:N", title=figure.x_title), alt.Tooltip("y_text:N", title=figure.y_title)]
