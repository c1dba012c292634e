"""A table of findings as text in rows and columns, the same for the page, for Markdown and for the terminal."""

from dataclasses import dataclass

import polars as pl

from raystudy.report.numbers import column


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Text, ready to be laid out; which text is escaped for what is left to the layout."""

    names: tuple[str, ...]
    numeric: tuple[bool, ...]
    """Whether a column holds numbers, which are read from the right."""
    rows: tuple[tuple[str, ...], ...]


def grid(frame: pl.DataFrame) -> Grid:
    """Write every value of a frame."""
    columns = [column(series) for series in frame]
    return Grid(
        names=tuple(frame.columns),
        numeric=tuple(dtype.is_numeric() for dtype in frame.dtypes),
        rows=tuple(zip(*columns, strict=True)),
    )
