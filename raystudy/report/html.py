"""The report as one HTML file that opens anywhere, offline.

Findings ──page──▶ template.html + page.css + page.js + Vega ──▶ one file
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from raystudy.analysis.findings import Figure, Findings, PowerTrace, Table
from raystudy.report.charts import libraries, specification, svg
from raystudy.report.grid import Grid, grid
from raystudy.report.words import NO_CAVEATS

_NARROW_PX, _WIDE_PX = 480, 1000
"""Widths of the still pictures: half the page's column and the whole of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """A figure, twice: a still picture to begin with, and the specification that makes it live."""

    name: str
    title: str
    caption: str
    wide: bool
    # The picture is the base and the script its improvement, not the other way round: the chart is there on the first
    # paint, in print, in a mail preview, with JavaScript off, and also where the script fails, which <noscript> misses.
    picture: Markup
    specification: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A table with its text laid out."""

    name: str
    title: str
    note: str
    grid: Grid


def render_html(findings: Findings) -> str:
    """Write the whole report as one page that loads nothing from anywhere."""
    return (
        environment("report")
        .get_template("template.html")
        .render(
            findings=findings,
            no_caveats=NO_CAVEATS,
            plots=[_plot(figure) for figure in findings.figures],
            sheets=[_sheet(table) for table in findings.tables],
            libraries=Markup(libraries()) if findings.figures else "",  # noqa: S704 - Vega's code, no text of a user
        )
    )


def _plot(figure: Figure) -> Plot:
    wide = isinstance(figure, PowerTrace)
    drawn = specification(figure)
    picture = svg(drawn, width_px=_WIDE_PX if wide else _NARROW_PX)
    return Plot(
        name=figure.name,
        title=figure.title,
        caption=figure.caption,
        wide=wide,
        picture=Markup(picture),  # noqa: S704 - Vega escapes the text it draws, and a test holds it to that
        specification=drawn,
    )


def _sheet(table: Table) -> Sheet:
    return Sheet(name=table.name, title=table.title, note=table.note, grid=grid(table.frame))


@cache
def environment(folder: str) -> Environment:
    """Return the templates in a folder of raystudy; what is put into them is escaped."""
    return Environment(
        loader=PackageLoader("raystudy", folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
