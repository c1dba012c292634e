"""Power trace: watts over the seconds of one trial, with its spans shaded."""

import altair as alt
import polars as pl

from raystudy.analysis.findings import PowerTrace
from raystudy.report.charts import theme
from raystudy.report.charts.rows import rows

MOST_READINGS = 1_200
"""Readings drawn of one device: about two for each pixel of the chart."""

_LABELLED_SHARE = 0.12
"""A span shorter than this share of the trial has no room for its name; the legend has it."""
_HEIGHT_PX = 280


def power_trace(figure: PowerTrace) -> alt.LayerChart:
    """Draw each device's power over the shaded spans."""
    layers = [_shades(figure), _labels(figure), _watts(figure)]
    return alt.layer(*layers).resolve_scale(color="independent", fill="independent").properties(height=_HEIGHT_PX)


def thinned(readings: pl.DataFrame) -> pl.DataFrame:
    """Keep of each step its lowest and highest reading of each device, so that no peak goes missing.

    A day at 20 Hz is 1.7 million readings, on a chart a thousand pixels wide.
    """
    start, end = readings["at_s"].min(), readings["at_s"].max()
    if not isinstance(start, int | float) or not isinstance(end, int | float) or start == end:
        return readings
    step = ((pl.col("at_s") - start) / (end - start) * (MOST_READINGS // 2 - 1)).floor()
    extreme = (pl.col("power_w") == pl.col("power_w").min()) | (pl.col("power_w") == pl.col("power_w").max())
    crowded = pl.len().over("device") > MOST_READINGS
    kept = ~crowded | pl.col("power_w").is_null() | extreme.over("device", step)
    return readings.filter(kept)


def _watts(figure: PowerTrace) -> alt.Chart:
    devices = figure.readings["device"].unique(maintain_order=True).to_list()
    colors = [theme.DEVICES[place % len(theme.DEVICES)] for place in range(len(devices))]
    return (
        alt.Chart(rows(thinned(figure.readings), texts=("at_s", "power_w")))
        .mark_line(strokeWidth=1.6)
        .encode(
            x=alt.X(
                "at_s:Q",
                title="Time since the first span began (s)",
                scale=alt.Scale(nice=False, padding=0),
                axis=alt.Axis(tickCount=10),
            ),
            y=alt.Y("power_w:Q", title=figure.y_title, scale=_room_above(figure.readings), axis=alt.Axis(tickCount=6)),
            color=alt.Color("device:N", scale=alt.Scale(domain=devices, range=colors), legend=alt.Legend(columns=1)),
            tooltip=[
                alt.Tooltip("device:N"),
                alt.Tooltip("at_s_text:N", title="at (s)"),
                alt.Tooltip("power_w_text:N", title=figure.y_title),
            ],
        )
    )


def _room_above(readings: pl.DataFrame) -> alt.Scale:
    """Leave room above the highest reading, where the spans have their names."""
    highest = readings["power_w"].max()
    top = 1.14 * highest if isinstance(highest, int | float) and highest > 0 else 1
    return alt.Scale(domain=[0, top], nice=False)


def _shades(figure: PowerTrace) -> alt.Chart:
    names = figure.spans["span"].unique(maintain_order=True).to_list()
    colors = [theme.SPANS.get(name, theme.OTHER_SPAN) for name in names]
    return (
        alt.Chart(rows(figure.spans, texts=("start_s", "end_s")))
        .mark_rect(opacity=0.22)
        .encode(
            x="start_s:Q",
            x2="end_s:Q",
            fill=alt.Fill(
                "span:N",
                scale=alt.Scale(domain=names, range=colors),
                legend=alt.Legend(symbolType="square", symbolOpacity=0.4, symbolStrokeWidth=0),
            ),
            tooltip=[
                alt.Tooltip("span:N"),
                alt.Tooltip("start_s_text:N", title="from (s)"),
                alt.Tooltip("end_s_text:N", title="to (s)"),
            ],
        )
    )


def _labels(figure: PowerTrace) -> alt.Chart:
    length = pl.col("end_s") - pl.col("start_s")
    whole = pl.col("end_s").max() - pl.col("start_s").min()
    roomy = figure.spans.filter(length >= _LABELLED_SHARE * whole)
    return (
        alt.Chart(rows(roomy.with_columns(middle_s=(pl.col("start_s") + pl.col("end_s")) / 2)))
        .mark_text(baseline="top", dy=5, fontSize=12, fontWeight=600, color=theme.MUTED)
        .encode(x="middle_s:Q", y=alt.value(0), text="span:N")
    )
