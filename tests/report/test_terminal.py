"""Tests of the terminal's view."""

import io
from dataclasses import replace

import polars as pl
import pytest
from rich.cells import cell_len
from rich.console import Console

from raystudy.analysis.findings import Findings, Table
from raystudy.report import show
from raystudy.report.grid import grid
from raystudy.report.terminal import MOST_ROWS, split


def shown(findings: Findings, *, width: int = 100) -> str:
    """Print findings as into a pipe."""
    stream = io.StringIO()
    show(findings, Console(file=stream, width=width))
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_a_hundred_columns(findings: Findings, width: int) -> None:
    """What is shown fits the terminal, and a hundred columns even where the terminal has more."""
    lines = shown(findings, width=width).splitlines()

    assert max(cell_len(line) for line in lines) <= min(width, 100)


def test_a_pipe_gets_no_colours(findings: Findings) -> None:
    """A file or another program reads plain text."""
    assert "\x1b" not in shown(findings)


def test_the_answer_stands_before_the_caveats_and_these_before_the_tables(findings: Findings) -> None:
    """The terminal keeps the order of the page."""
    text = shown(findings)

    places = [text.index(part) for part in ("Answer", "Caveats", findings.tables[0].title)]

    assert sorted(places) == places


def test_text_in_brackets_is_no_style(findings: Findings) -> None:
    """A question may hold square brackets, which rich would take for a style."""
    text = shown(replace(findings, question="Is [red]this[/red] shown?"))

    assert "Is [red]this[/red] shown?" in text


def test_a_long_table_is_named_only(findings: Findings) -> None:
    """Fifty trials are for the page; the terminal says that they are there."""
    frame = pl.DataFrame({"trial": [f"trial-{place}" for place in range(MOST_ROWS + 1)]})

    text = shown(replace(findings, tables=(Table(name="t", title="Every trial", frame=frame),)))

    assert (True, False) == (f"{MOST_ROWS + 1} rows: in the report" in text, "trial-0" in text)


def test_a_wide_table_is_parted_and_each_part_has_the_first_column() -> None:
    """No cell is cut: columns that do not fit stand below, beside the first column again."""
    wide = grid(pl.DataFrame({name: ["x" * 9] for name in "abcde"}))

    parts = split(wide, width=33)

    assert [(0, 1, 2), (0, 3, 4)] == parts


def test_what_tells_rows_apart_stands_in_every_part() -> None:
    """Columns of text that a row is known by are repeated, also where they leave less than half of the width."""
    keys = {"pair": ["x" * 12] * 2, "by": ["y" * 12] * 2, "measure": ["accuracy", "loss"]}
    wide = grid(pl.DataFrame(keys | {"low": [1.0, 2.0], "high": [3.0, 4.0], "why": ["z" * 9] * 2}))

    assert [(0, 1, 2, 3), (0, 1, 2, 4), (0, 1, 2, 5)] == split(wide, width=50)


def test_a_key_that_fills_the_width_is_given_up() -> None:
    """Where no other column would fit beside it, the table is parted as if its first column were enough."""
    wide = grid(pl.DataFrame({"a": ["x" * 9] * 2, "b": ["y" * 9] * 2, "c": ["one", "two"], "d": [1, 2]}))

    assert [(0, 1), (0, 2, 3)] == split(wide, width=22)


def test_paragraphs_stand_apart(findings: Findings) -> None:
    """An answer in paragraphs has an empty line between them; one in sentences has none."""
    answer = ("First.", "Second.")

    assert "First. Second." in shown(replace(findings, answer=answer))
    assert "First.\n\nSecond." in shown(replace(findings, answer=answer, in_paragraphs=True))
