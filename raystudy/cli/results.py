"""`raystudy results`: the observations as a table, CSV, JSON or Parquet."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from raystudy.cli.arguments import Folder
from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive

if TYPE_CHECKING:
    import polars as pl


class Format(StrEnum):
    """How results are written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


SHOWN = (
    "trial_id",
    "tokens_seen",
    "train_s",
    "energy_j",
    "energy_shared_j",
    "energy_estimated_j",
    "mfu",
    "loss_heldout",
)
"""The columns of the table; the other formats have all."""
WHERE_ANY = ("energy_shared_j", "energy_estimated_j")
"""Columns of joules that are not measured, or not one trial's own: shown where there are any."""


def results(
    folder: Folder,
    *,
    format_: Annotated[Format, typer.Option("--format", help="How to write them.")] = Format.table,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; needed for parquet. Default: stdout.")
    ] = None,
) -> None:
    """
    Write the finished trials of a study, one row a trial.

    CSV leaves out the nested columns (traces, spans, intervals, energies); JSON and Parquet have them.

    Example: `raystudy results data/studies/efficiency-laptop --format csv --out trials.csv`
    """
    table = Archive(folder).table().collect()
    if format_ is Format.table:
        if out is not None:
            raise ArchiveError("A table is for the terminal: choose --format csv, json or parquet for a file.")
        _print(table)
    elif out is not None:
        _write(table, format_, out)
    elif format_ is Format.parquet:
        raise ArchiveError("Parquet is not text: give the file to write with --out.")
    else:
        sys.stdout.write(_text(table, format_))


def _write(table: "pl.DataFrame", format_: Format, out: Path) -> None:
    try:
        if format_ is Format.parquet:
            table.write_parquet(out)
        else:
            out.write_text(_text(table, format_), encoding="utf-8")
    except OSError as error:
        raise ArchiveError(f"{out} cannot be written: {error.strerror or error}.") from error


def _text(table: "pl.DataFrame", format_: Format) -> str:
    """Return the table as JSON, or as CSV without its nested columns."""
    import polars as pl

    if format_ is Format.json:
        return table.write_json()
    return table.select(name for name, kind in table.schema.items() if not isinstance(kind, pl.List)).write_csv()


def _print(frame: "pl.DataFrame") -> None:
    table = Table(box=box.SIMPLE_HEAD)
    shown = [column for column in SHOWN if not (column in WHERE_ANY and frame[column].is_null().all())]
    for column in shown:
        first = column == "trial_id"
        table.add_column(
            column.replace("_", " "),
            justify="left" if first else "right",
            no_wrap=column == "trial_id" or column.startswith("energy"),
        )
    for row in frame.iter_rows(named=True):
        cells = {column: _cell(row[column]) for column in shown}
        if row["energy_u_j"] is not None:
            cells["energy_j"] += f" ± {row['energy_u_j']:.2g}"
        table.add_row(*cells.values())
    Console().print(table)


def _cell(value: object) -> str:
    return "—" if value is None else f"{value:,.4g}" if isinstance(value, float) else str(value)
