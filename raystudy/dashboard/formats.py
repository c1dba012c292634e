"""A table as somebody asked for it: JSON, CSV, an Arrow stream, or a page."""

import io
from collections.abc import Iterator, Mapping
from typing import Literal, get_args

import polars as pl
from polars.datatypes import DataTypeClass

from raystudy.errors import QueryError

Format = Literal["html", "json", "csv", "arrow"]
TYPES: Mapping[Format, str] = {
    "html": "text/html",
    "json": "application/json",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
}


def format_of(asked: str | None, accept: str) -> Format:
    """Return the format that is named, else the first that is accepted, else JSON; raises QueryError."""
    for format_, kind in TYPES.items():
        if asked == format_ or (asked is None and kind in accept):
            return format_
    if asked is None:
        return "json"
    raise QueryError(f"There is no format {asked!r}: format is one of {', '.join(get_args(Format))}.")


def written(frame: pl.DataFrame, format_: Format) -> bytes:
    """
    Write a table for a program; CSV leaves out nested columns. Arrow is for readers of any age: newer ones alone know
    polars' own kind of text.

    Raises QueryError where a format cannot hold a column.
    """
    if format_ == "csv":
        return _textual(flat(frame), "csv", (pl.Binary, pl.Duration)).write_csv().encode()
    if format_ == "json":
        return _textual(frame, "json", (pl.Binary,)).write_json().encode()
    sink = io.BytesIO()
    frame.write_ipc_stream(sink, compat_level=pl.CompatLevel.oldest())
    return sink.getvalue()


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out nested columns; raises QueryError where there are no others."""
    plain = [name for name, kind in frame.schema.items() if not kind.is_nested()]
    if frame.columns and not plain:
        raise QueryError(
            f"All columns of the answer are nested ({', '.join(frame.columns)}): ask for json or arrow, or select "
            "parts of them."
        )
    return frame.select(plain)


def emptied(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Empty nested columns: they are most of the bytes, and whoever leaves them out is to know which there were."""
    return frame.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in frame.collect_schema().items() if kind.is_nested()
    )


def _textual(frame: pl.DataFrame, format_: Format, never: tuple[type[pl.DataType], ...]) -> pl.DataFrame:
    """Return the table; polars would end the process, or name no column, where a kind of data is never written."""
    for name, kind in frame.schema.items():
        if any(each.base_type() in never for each in _kinds(kind)):
            raise QueryError(f"The column {name!r} is {kind}, which {format_} cannot hold: cast it, or ask for arrow.")
    return frame


def _kinds(kind: pl.DataType | DataTypeClass) -> Iterator[pl.DataType | DataTypeClass]:
    """Yield a kind of data, and those within it."""
    yield kind
    if isinstance(kind, pl.Struct):
        for field in kind.fields:
            yield from _kinds(field.dtype)
    elif isinstance(kind, pl.List | pl.Array):
        yield from _kinds(kind.inner)
