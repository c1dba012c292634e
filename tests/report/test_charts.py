"""Tests of the charts."""

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from raystudy.analysis.findings import Bands, Differences, Figure, Findings, Lines, PowerTrace
from raystudy.report import chart_svgs
from raystudy.report.charts import CHARTS, specification, svg
from raystudy.report.charts.axes import log_ticks
from raystudy.report.charts.differences import ACROSS, APART, BARE
from raystudy.report.charts.power_trace import MOST_READINGS, thinned

LEVELS = pl.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0], "low": [2.5, 3.5], "high": [3.5, 4.5]})


def lines(**changes: Any) -> Lines:
    """Build a small figure of one repetition at two levels."""
    each = LEVELS.select("x", "y", series=pl.lit("r00"))
    plain = Lines(name="l", title="L", caption="", x_title="tokens", y_title="loss, nats", each=each, mean=LEVELS)
    return replace(plain, **changes)


def marks(drawn: dict[str, Any]) -> list[str]:
    """List what each layer of a chart is drawn with."""
    return [layer["mark"]["type"] for layer in drawn["layer"]]


def values(drawn: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """List the rows of each layer, which Altair gathers at the top of a chart."""
    return [drawn["datasets"][layer["data"]["name"]] for layer in drawn["layer"]]


def channels(drawn: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Give a channel, as x, of each layer that has it."""
    return (layer["encoding"][name] for layer in drawn["layer"] if name in layer["encoding"])


def test_every_kind_of_figure_has_a_chart() -> None:
    """A figure that the findings may hold can be drawn."""
    kinds = set(Figure.__args__)

    assert kinds == set(CHARTS)


def test_every_figure_is_drawn_as_a_picture(findings: Findings) -> None:
    """Each figure becomes well-formed SVG, under the path that the Markdown links to."""
    drawn = chart_svgs(findings)

    tags = {path: ET.fromstring(text).tag for path, text in drawn.items()}
    assert {f"charts/{figure.name}.svg": "{http://www.w3.org/2000/svg}svg" for figure in findings.figures} == tags


def test_a_chart_is_the_same_each_time(findings: Findings) -> None:
    """The same findings give the same specification, so that reports can be compared."""
    first, second = ([specification(figure) for figure in findings.figures] for _ in range(2))

    assert first == second


def test_pictures_share_no_names(findings: Findings) -> None:
    """Pictures stand in one page: an id in two of them would let one clip the other."""
    texts = chart_svgs(findings).values()

    assert [] == [text for text in texts if ' id="' in text]


def test_text_from_users_is_escaped_in_a_picture() -> None:
    """A picture is put into the page as it is: markup in a name must stay text."""
    hostile = lines(title="<script>alert(1)</script>", x_title="<img src=x onerror=alert(1)>")

    picture = svg(specification(hostile), width_px=400)

    assert ("&lt;img", False, False) == (
        picture[picture.index("&lt;img") :][:7],
        "<script" in picture,
        "<img" in picture,
    )


def test_values_that_json_cannot_hold_are_left_out() -> None:
    """NaN and infinity become null, which Vega leaves out."""
    each = pl.DataFrame({"x": [1.0, 2.0], "y": [math.nan, math.inf], "series": ["r00", "r00"]})

    drawn = json.dumps(specification(lines(each=each)), allow_nan=False)

    assert '"y": null' in drawn


@pytest.mark.parametrize(("places", "expected"), [(3, "errorbar"), (30, "area")])
def test_few_levels_get_bars_and_many_get_a_band(places: int, expected: str) -> None:
    """At a few levels the interval belongs to a point; along a trajectory it is a band."""
    x = [float(place) for place in range(1, places + 1)]
    mean = pl.DataFrame({"x": x, "y": x, "low": x, "high": x})

    drawn = specification(lines(mean=mean))

    assert ["line", expected, "line"] == marks(drawn)


@pytest.mark.parametrize(
    ("x", "log_x", "expected"),
    [([1.0, 2.0], True, "log"), ([1.0, 2.0], False, None), ([0.0, 2.0], True, None)],
)
def test_an_axis_is_logarithmic_where_it_can_be(x: list[float], log_x: bool, expected: str | None) -> None:  # noqa: FBT001 - a parameter of the table
    """An axis that begins at zero tokens stays linear, whatever was asked."""
    drawn = specification(lines(mean=LEVELS.with_columns(x=pl.Series(x)), log_x=log_x))

    assert [expected] * 3 == [channel["scale"].get("type") for channel in channels(drawn, "x")]


def test_categories_keep_their_order() -> None:
    """Levels that are text stand in the order of the findings, not of the alphabet."""
    words = pl.Series("x", ["small", "large"])

    drawn = specification(lines(each=LEVELS.select(words, "y", series=pl.lit("r")), mean=LEVELS.with_columns(words)))

    assert [("nominal", ["small", "large"])] * 3 == [
        (channel["type"], channel["sort"]) for channel in channels(drawn, "x")
    ]


def test_a_mean_without_interval_is_still_drawn() -> None:
    """One repetition has no interval: the line stands, the bar does not."""
    bare = LEVELS.with_columns(low=pl.lit(None, dtype=pl.Float64), high=pl.lit(None, dtype=pl.Float64))

    drawn = specification(lines(mean=bare))

    assert ["line", "line"] == marks(drawn)


def test_each_arm_has_one_colour(findings: Findings) -> None:
    """Bands, lines, mean and mark of an arm share a colour, which the legend names once."""
    figure = next(figure for figure in findings.figures if isinstance(figure, Bands))
    scales = [color["scale"] for color in channels(specification(figure), "color")]

    assert 5 == len(scales)
    assert {("unique_tokens 10,000", "unique_tokens 200,000")} == {tuple(scale["domain"]) for scale in scales}
    assert {2} == {len(set(scale["range"])) for scale in scales}


def test_one_seed_has_no_band(findings: Findings) -> None:
    """Without an interval the lines stand, the bands do not; one arm needs no legend, no mark none."""
    figure = next(figure for figure in findings.figures if isinstance(figure, Bands))
    arm = pl.col("arm") == "unique_tokens 10,000"
    bounds = [pl.lit(None, dtype=pl.Float64).alias(bound) for bound in ("low", "high", "all_low", "all_high")]
    mean = figure.mean.filter(arm).with_columns(bounds)

    drawn = specification(replace(figure, each=figure.each.filter(arm), mean=mean, marks=figure.marks.clear()))

    assert ["line", "line"] == marks(drawn)
    assert [None, None] == [color["legend"] for color in channels(drawn, "color")]


def test_a_difference_says_whether_its_interval_holds_zero() -> None:
    """An interval leaves zero out, or holds it; a pair without an interval claims neither."""
    pairs = pl.DataFrame(
        {
            "pair": ["a", "b", "c"],
            "difference": [1.0, 1.0, 1.0],
            "low": [0.5, -0.5, None],
            "high": [1.5, 2.5, None],
        }
    )

    drawn = specification(Differences(name="d", title="D", caption="", x_title="nats", pairs=pairs))

    assert [APART, ACROSS, BARE] == [point["verdict"] for point in values(drawn)[-1]]


def test_pairs_stand_in_the_order_given() -> None:
    """A pair without an interval keeps its place among those that have one."""
    pairs = pl.DataFrame(
        {"pair": ["b", "a"], "difference": [1.0, 1.0], "low": [None, 0.5], "high": [None, 1.5]},
        schema_overrides={"low": pl.Float64, "high": pl.Float64},
    )

    drawn = specification(Differences(name="d", title="D", caption="", x_title="nats", pairs=pairs))

    assert [["b", "a"]] * 2 == [channel["sort"] for channel in channels(drawn, "y")]


def test_a_long_trace_is_thinned_and_keeps_its_peaks() -> None:
    """An hour at 20 Hz is drawn with at most so many readings a device, its highest and lowest among them."""
    count = 72_000
    readings = pl.DataFrame(
        {
            "device": ["gpu"] * count,
            "at_s": [step / 20 for step in range(count)],
            "power_w": [300 + math.sin(step) for step in range(count)],
        }
    )
    readings[31_234, "power_w"] = 712.0
    readings[41_234, "power_w"] = 3.0

    drawn = thinned(readings)

    assert (True, 712.0, 3.0) == (drawn.height <= MOST_READINGS, drawn["power_w"].max(), drawn["power_w"].min())


def test_a_short_trace_is_drawn_whole(findings: Findings) -> None:
    """A trace with fewer readings than the chart has room for loses none."""
    trace = next(figure for figure in findings.figures if isinstance(figure, PowerTrace))

    assert trace.readings.equals(thinned(trace.readings))


def test_logarithmic_ticks_stand_at_one_two_and_five() -> None:
    """Ticks within the range, three a decade."""
    ticks = log_ticks(pl.Series([4_000.0, 60_000.0]))

    assert [5_000, 10_000, 20_000, 50_000] == ticks
