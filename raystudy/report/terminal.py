"""The findings in a terminal: the answer, the caveats and the short tables, at most 100 columns wide."""

from collections.abc import Iterator

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from raystudy.analysis.findings import Findings, Table
from raystudy.report.grid import Grid, grid
from raystudy.report.words import NO_CAVEATS

WIDEST = 100
MOST_ROWS = 24
"""A longer table is for the page; the terminal names it."""
BRIEF = 3
"""So many tables are shown at the end of a sweep."""

_WIDEST_CELL = 40
_GAP = 3
"""Columns between two columns: a space, a divider (also a space), a space."""


def show(findings: Findings, console: Console, *, brief: bool = False) -> None:
    """Print the answer first, the doubts next, then the tables that fit a screen; if `brief`, only the first ones."""
    width = min(console.width, WIDEST)
    _say(console, width, Text(findings.study, style="bold"), Text(findings.question, style="italic"))
    _say(console, width, _heading("Answer"), Text("\n\n".join(findings.paragraphs)))
    _say(console, width, _heading("Caveats"), _numbered(findings.caveats) if findings.caveats else Text(NO_CAVEATS))
    shown = findings.tables[:BRIEF] if brief else findings.tables
    for table in shown:
        show_table(table, console)
    if len(shown) < len(findings.tables):
        rest = ", ".join(table.title for table in findings.tables[len(shown) :])
        _say(console, width, Text(f"\nIn the report besides: {rest}.", style="dim"))


def show_table(table: Table, console: Console, *, most_rows: int | None = MOST_ROWS) -> None:
    """Print one table with its title and note, in parts where it is wide; one that is too long only by name."""
    width = min(console.width, WIDEST)
    whole = most_rows is None or table.frame.height <= most_rows
    _say(console, width, _heading(table.title), *(_table(table, width) if whole else _named(table)))


def split(text: Grid, *, width: int) -> list[tuple[int, ...]]:
    """Share the columns of a wide table among parts that fit; each part begins with the columns that name a row."""
    parts: list[tuple[int, ...]] = []
    first = _naming(text, width)
    part = first
    for place in range(len(first), len(text.names)):
        needed = sum(_column_width(text, each) + _GAP for each in (*part, place)) - _GAP
        if needed > width and len(part) > len(first):
            parts.append(part)
            part = first
        part = (*part, place)
    return [*parts, part]


def _naming(text: Grid, width: int) -> tuple[int, ...]:
    """Return the first column, and the columns of text right after it while they leave half of the width."""
    named = [0]
    for place in range(1, len(text.names)):
        taken = sum(_column_width(text, each) + _GAP for each in (*named, place))
        if text.numeric[place] or text.numeric[0] or taken > width / 2:
            break
        named.append(place)
    return _telling_apart(text, named, width)


def _telling_apart(text: Grid, named: list[int], width: int) -> tuple[int, ...]:
    """Add the next columns of text while rows go by the same name, and while another column still fits beside."""
    for place in range(len(named), len(text.names)):
        told = {tuple(row[each] for each in named) for row in text.rows}
        widest = max((_column_width(text, each) for each in range(place + 1, len(text.names))), default=0)
        taken = sum(_column_width(text, each) + _GAP for each in (*named, place)) + widest
        if len(told) == len(text.rows) or text.numeric[place] or text.numeric[0] or taken > width:
            break
        named = [*named, place]
    return tuple(named)


def _say(console: Console, width: int, *things: RenderableType) -> None:
    for thing in things:
        console.print(thing, width=width, highlight=False)


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold cyan")


def _numbered(sentences: tuple[str, ...]) -> RichTable:
    listed = RichTable.grid(padding=(0, 1))
    for place, sentence in enumerate(sentences, start=1):
        listed.add_row(Text(f"{place}."), Text(sentence))
    return listed


def _named(table: Table) -> Iterator[RenderableType]:
    yield Text(f"{table.frame.height:,} rows: in the report, or with --format md.")


def _table(table: Table, width: int) -> Iterator[RenderableType]:
    text = grid(table.frame)
    for places in split(text, width=width):
        yield _part(text, places)
    if table.note:
        yield Text(table.note, style="dim")


def _part(text: Grid, places: tuple[int, ...]) -> RichTable:
    part = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place in places:
        part.add_column(
            Text(text.names[place]),
            justify="right" if text.numeric[place] else "left",
            vertical="bottom",
            width=_column_width(text, place),
        )
    for row in text.rows:
        part.add_row(*(Text(row[place]) for place in places))
    return part


def _column_width(text: Grid, place: int) -> int:
    """Measure what a column needs: its longest cell, or the longest word of its name, which may wrap."""
    longest = max((cell_len(row[place]) for row in text.rows), default=0)
    word = max((cell_len(word) for word in text.names[place].split()), default=0)
    return max(1, word, min(longest, _WIDEST_CELL))
