"""A table as somebody asked for it: JSON, CSV, an Arrow stream, or a page."""

import io
from collections.abc import Mapping
from typing import Literal, get_args

import polars as pl

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
    """Write a table for a program; CSV leaves out nested columns. Arrow is for readers of any age."""
    if format_ == "csv":
        return flat(frame).write_csv().encode()
    if format_ == "json":
        return frame.write_json().encode()
    sink = io.BytesIO()
    frame.write_ipc_stream(sink, compat_level=pl.CompatLevel.oldest())
    return sink.getvalue()


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out nested columns."""
    return frame.select(name for name, kind in frame.schema.items() if not kind.is_nested())
