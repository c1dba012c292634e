"""Bands: trajectories in the colour of their arm, their mean between a pointwise and a simultaneous band."""

from collections.abc import Iterator, Sequence

import altair as alt

from raystudy.analysis.findings import Bands
from raystudy.report.charts import theme
from raystudy.report.charts.axes import tick_format
from raystudy.report.charts.rows import rows

_HEIGHT_PX = 320
_WIDE, _NARROW = 0.12, 0.22
"""Opacities of the simultaneous band and of the pointwise one, which lies on it."""


def bands(figure: Bands) -> alt.LayerChart:
    """Draw the bands, the trajectories on them, and the means with their marks above; pointing brings one line out."""
    drawn = (*_areas(figure), _each(figure), _mean(figure), *_marks(figure))
    return alt.layer(*drawn).properties(height=_HEIGHT_PX)


def _areas(figure: Bands) -> Iterator[alt.Chart]:
    """Yield the bands that there are: one seed has none."""
    for low, high, opacity in (("all_low", "all_high", _WIDE), ("low", "high", _NARROW)):
        known = figure.mean.drop_nulls([low, high])
        if not known.is_empty():
            area = alt.Chart(rows(known.select("x", "arm", low, high))).mark_area(opacity=opacity)
            yield area.encode(x=_x(figure), y=_y(figure, low), y2=f"{high}:Q", color=_color(figure))


def _each(figure: Bands) -> alt.Chart:
    near = alt.selection_point(name="near", fields=["series"], on="pointerover", clear="pointerout", empty=False)
    return (
        alt.Chart(rows(figure.each, texts=("x", "y")), name="each")
        .mark_line(opacity=0.45)
        .encode(
            x=_x(figure),
            y=_y(figure),
            detail="series:N",
            color=_color(figure),
            strokeWidth=alt.condition(near, alt.value(3), alt.value(0.9)),
            tooltip=[alt.Tooltip("series:N", title="line"), *_tips(figure)],
        )
        .add_params(near)
    )


def _mean(figure: Bands) -> alt.Chart:
    bounds = [alt.Tooltip(f"{end}_text:N", title=title) for end, title in (("low", "from"), ("high", "to"))]
    return (
        alt.Chart(rows(figure.mean, texts=("x", "y", "low", "high")))
        .mark_line(strokeWidth=2.6)
        .encode(
            x=_x(figure),
            y=_y(figure),
            color=_color(figure),
            tooltip=[alt.Tooltip("arm:N"), *_tips(figure), *bounds],
        )
    )


def _marks(figure: Bands) -> Iterator[alt.Chart]:
    if not figure.marks.is_empty():
        points = alt.Chart(rows(figure.marks, texts=("x", "y"))).mark_point(size=90, filled=True, opacity=1)
        tips = [alt.Tooltip("arm:N"), *_tips(figure)]
        yield points.encode(x=_x(figure), y=_y(figure), color=_color(figure), tooltip=tips)


def _x(figure: Bands) -> alt.X:
    axis = alt.Axis(format=tick_format(figure.each["x"]), tickCount=8, labelOverlap="greedy")
    return alt.X("x:Q", title=figure.x_title, scale=alt.Scale(zero=False, nice=False), axis=axis)


def _y(figure: Bands, field: str = "y") -> alt.Y:
    axis = alt.Axis(format=tick_format(figure.each["y"]), tickCount=6)
    return alt.Y(f"{field}:Q", title=figure.y_title, scale=alt.Scale(zero=False), axis=axis)


def _color(figure: Bands) -> alt.Color:
    arms = figure.mean["arm"].unique(maintain_order=True).to_list()
    legend = alt.Legend(symbolType="stroke", symbolOpacity=1, columns=1) if len(arms) > 1 else None
    return alt.Color("arm:N", scale=alt.Scale(domain=arms, range=_colors(arms)), legend=legend)


def _colors(arms: Sequence[str]) -> list[str]:
    return [theme.DEVICES[place % len(theme.DEVICES)] for place in range(len(arms))]


def _tips(figure: Bands) -> list[alt.Tooltip]:
    return [alt.Tooltip("x_text:N", title=figure.x_title), alt.Tooltip("y_text:N", title=figure.y_title)]
