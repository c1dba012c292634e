"""A table that raystudy did not make, opened for a statistic: checked in whole, and still read piece by piece.

    path ──open_file──▶ TableFile ──where──▶ rows ──checks──▶ LazyFrame of text and numbers, for the caller to aggregate

Each check is a pass that keeps counts only, so that 50 million rows need no memory. What is returned can be collected
without an error, and none of its text is blank.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from raystudy.cli.table_files import CSV, TableFile, open_file, reading
from raystudy.cli.table_where import Condition, parse
from raystudy.errors import AnalysisError

MISSING = ("", "na", "n/a", "null", "none", "nan")
"""What stands, in any case of letters, for a number that was not measured."""

SHOWN = 15
"""A message lists as many columns at most."""

ROW, KEPT = "\0row", "\0kept "
"""Names, or beginnings of names, that no table has."""


def open_table(path: Path, *, text: Sequence[str], numbers: Sequence[str], where: str | None = None) -> pl.LazyFrame:
    """
    Return the columns `text` (String) and `numbers` (Float64) of a CSV, Parquet or Arrow table, in the rows of `where`.

    Text is as written, without white space around it; a missing number is null. Raises `AnalysisError` for whatever
    a statistic would stumble on later.
    """
    file = open_file(path)
    condition = None if where is None else parse(where, file.names)
    wanted = _wanted(file, [*text, *numbers], condition)
    with reading(path, file.kind if where is None else f"{file.kind} where {where}"):
        table = file.scan(wanted)
        schema = table.collect_schema()
        for name in wanted:
            _check_type(path, name, schema[name], number=name in numbers)
        rows = table.with_row_index(ROW, offset=1)
        if condition is not None:
            rows = _keep(rows, condition, [*text, *numbers], file.kind)
        _check_rows(path, rows, text=text, numbers=numbers, where=where)
        return rows.select(
            *(_text(name, schema[name]) for name in text), *(_number(name, schema[name]) for name in numbers)
        )


def _wanted(file: TableFile, asked: Sequence[str], condition: Condition | None) -> list[str]:
    """Return all columns that are needed, each once; the file must have each, and once."""
    for name in asked:
        if asked.count(name) > 1:
            raise AnalysisError(f"Column {name!r} is asked for twice; a column has one part. Name another column.")
    wanted = list(dict.fromkeys([*asked, *(condition.names if condition else ())]))
    for name in wanted:
        if name not in file.names:
            raise AnalysisError(f"{file.path} has no column {name!r}. {_columns(name, file.names)}")
        if file.names.count(name) > 1:
            raise AnalysisError(
                f"{file.path} has {file.names.count(name)} columns {name!r}; one is expected. Rename the others."
            )
    return wanted


def _columns(name: str, names: Sequence[str]) -> str:
    """Say which columns there are, and which may be meant."""
    folded = {other.casefold(): other for other in names}
    near = get_close_matches(name.casefold(), folded, n=1)
    hint = f"Do you mean {folded[near[0]]!r}? " if near else ""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    shown = ", ".join(map(repr, names[:SHOWN]))
    return (
        f"{hint}Its columns are {shown}{more}. One row a value is expected; if columns are levels, unpivot them first."
    )


def _check_type(path: Path, name: str, kind: pl.DataType, *, number: bool) -> None:
    """Refuse a column whose values cannot be written as text, or read as numbers."""
    if kind.is_nested() or kind in (pl.Binary, pl.Object) or (number and kind.is_temporal()):
        expected = "numbers are" if number else "one text or number a row is"
        raise AnalysisError(f"Column {name!r} of {path} holds {kind}, where {expected} expected. Name another column.")


def _text(name: str, kind: pl.DataType) -> pl.Expr:
    """Return a column as text, without white space around it; blank is null, and so is NaN."""
    known = pl.col(name).fill_nan(None) if kind.is_float() else pl.col(name)
    written = known.cast(pl.String).str.strip_chars()
    return pl.when(written != "").then(written).alias(name)


def _number(name: str, kind: pl.DataType) -> pl.Expr:
    """Return a column as numbers; what is missing, or none, is null."""
    written = pl.col(name).str.strip_chars() if kind == pl.String else pl.col(name)
    return written.cast(pl.Float64, strict=False).fill_nan(None)


def _unreadable(name: str) -> pl.Expr:
    """Say of each row of a column of text whether it holds something that is neither a number nor missing."""
    written = pl.col(name).str.strip_chars()
    return written.cast(pl.Float64, strict=False).is_null() & ~written.str.to_lowercase().is_in(MISSING)


def _keep(table: pl.LazyFrame, condition: Condition, asked: Sequence[str], kind: str) -> pl.LazyFrame:
    """Return the rows that fulfil a condition, with the columns that are asked for as they were."""
    schema = table.collect_schema()
    numeric = {name for name in condition.names if schema[name].is_numeric()}
    if kind == CSV:
        numeric = _numeric(table, condition.names)
    seen = [
        _number(name, schema[name])
        if name in numeric
        else _text(name, schema[name])
        if schema[name] == pl.String
        else pl.col(name)
        for name in condition.names
    ]
    condition.check(table.select(seen).collect_schema())
    kept = {KEPT + name: pl.col(name) for name in (ROW, *asked)}
    rows = table.select(*seen, **kept).filter(condition.expression)
    return rows.select(pl.col(name).alias(name.removeprefix(KEPT)) for name in kept)


def _numeric(table: pl.LazyFrame, names: Sequence[str]) -> set[str]:
    """Return which columns of text hold numbers only: a CSV does not say what its columns are."""
    others = table.select(_unreadable(name).any() for name in names).collect(engine="streaming")
    return {name for name in names if not others[name].item()}


def _check_rows(
    path: Path, rows: pl.LazyFrame, *, text: Sequence[str], numbers: Sequence[str], where: str | None
) -> None:
    """Refuse a table without rows, with text among its numbers, or with text that is blank or not surely the same."""
    schema = rows.collect_schema()
    written = [name for name in numbers if schema[name] == pl.String]
    counts = (
        rows.select(
            pl.len().alias("rows"),
            *(_unreadable(name).sum().alias(f"unreadable {name}") for name in written),
            *(_text(name, schema[name]).is_null().sum().alias(f"blank {name}") for name in text),
            *(
                (_text(name, schema[name]) != pl.col(name)).sum().alias(f"padded {name}")
                for name in text
                if schema[name] == pl.String
            ),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    if not counts["rows"]:
        raise AnalysisError(_no_rows(path, where))
    for name in written:
        if counts[f"unreadable {name}"]:
            raise AnalysisError(_not_a_number(path, rows, name, counts[f"unreadable {name}"]))
    for name in text:
        if counts[f"blank {name}"]:
            raise AnalysisError(
                f"Column {name!r} of {path} is blank in {counts[f'blank {name}']:,} of {counts['rows']:,} rows. "
                f"Each row needs it, to say what its values belong to: fill it in, or leave these rows out."
            )
        if counts.get(f"padded {name}"):
            _check_spelling(path, rows, name)


def _no_rows(path: Path, where: str | None) -> str:
    if where is None:
        return f"{path} has a header and no row. At least one row is expected; write the file anew."
    return f"No row of {path} fulfils the condition {where!r}; at least one is expected. Mend the condition."


def _not_a_number(path: Path, rows: pl.LazyFrame, name: str, count: int) -> str:
    """Show the first value of a column that is no number."""
    first = rows.filter(_unreadable(name)).select(ROW, name).first().collect(engine="streaming")
    row, value = first.row(0)
    return (
        f"Column {name!r} of {path} holds {value[:60]!r} in data row {row:,}, where a number is expected "
        f"({count:,} such in all). Write numbers as 1234.5, no thousands separators; leave a missing one empty, or NA."
    )


def _check_spelling(path: Path, rows: pl.LazyFrame, name: str) -> None:
    """Refuse two values that white space alone tells apart."""
    spellings = rows.select(pl.col(name).alias("written"), _text(name, pl.String()).alias("meant")).unique()
    doubled = (
        spellings.group_by("meant")
        .agg(pl.len(), pl.col("written").min().alias("one"), pl.col("written").max().alias("other"))
        .filter(pl.col("len") > 1)
        .sort("meant")
        .first()
        .collect(engine="streaming")
    )
    if doubled.height:
        _, _, one, other = doubled.row(0)
        raise AnalysisError(
            f"Column {name!r} of {path} holds both {one!r} and {other!r}, which only white space tells apart. "
            f"One spelling of each value is expected; mend the table."
        )
