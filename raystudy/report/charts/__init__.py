"""Charts: each kind of figure in the findings drawn with Altair.

Figure ──specification──▶ Vega-Lite ──▶ the live chart of the page
                                    └─▶ svg(), which needs no script
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import altair as alt
import vl_convert

from raystudy.analysis.findings import Bands, Differences, Figure, Lines, PowerTrace
from raystudy.report.charts import theme
from raystudy.report.charts.bands import bands
from raystudy.report.charts.differences import differences
from raystudy.report.charts.lines import lines
from raystudy.report.charts.power_trace import power_trace
from raystudy.report.words import chart_path

CHARTS: Mapping[type[Figure], Callable[[Any], alt.LayerChart]] = {
    Lines: lines,
    Bands: bands,
    Differences: differences,
    PowerTrace: power_trace,
}

VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
"""The Vega-Lite that this Altair writes for; the converter carries several."""

_PICTURE_PX = 720
_EDGE = {"left": 18, "right": 12, "top": 5, "bottom": 5}
"""Room for letters that are wider where the picture is seen than where it was drawn."""


def specification(figure: Figure) -> dict[str, Any]:
    """Draw a figure as a Vega-Lite specification, as wide as the place it is put into."""
    chart = CHARTS[type(figure)](figure).properties(width="container", description=figure.title)
    # Vega knows the layout of legends; Altair's types do not, so the theme goes in behind them.
    return {**chart.to_dict(), "config": theme.CONFIG}


def svg(specification: Mapping[str, Any], *, width_px: int) -> str:
    """Draw a specification as a picture of a fixed width."""
    still = {**specification, "width": width_px, "autosize": {"type": "fit-x", "contains": "padding"}, "padding": _EDGE}
    return str(vl_convert.vegalite_to_svg(still, vl_version=VEGA_LITE))


def chart_svgs(figures: Iterable[Figure]) -> dict[str, str]:
    """Draw each figure as a picture; the key is its path beside the Markdown."""
    return {chart_path(figure): svg(specification(figure), width_px=_PICTURE_PX) for figure in figures}


@cache
def libraries() -> str:
    """Give the JavaScript of Vega, Vega-Lite and Vega-Embed as one script."""
    return str(vl_convert.javascript_bundle(snippet="window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE))
