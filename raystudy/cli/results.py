"""`raystudy results`: the observations as a table, CSV, JSON or Parquet."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

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
    "energy_u_j",
    "energy_shared_j",
    "energy_estimated_j",
    "mfu",
    "loss_heldout",
    "sample_examples",
    "accuracy",
)
"""The columns of the table; the other formats have all."""
SHOWN_OF_INTERVALS = (
    "trial_id",
    "interval",
    "tokens_seen",
    "loss_train",
    "loss_heldout",
    "energy_j",
    "energy_u_j",
    "energy_estimated_j",
)
WHOSE = ("trial_id", "condition", "repetition", "seed", "init_seed", "order_seed", "stopped")
"""What tells whose an interval is."""
WHERE_ANY = ("energy_j", "energy_u_j", "energy_shared_j", "energy_estimated_j", "sample_examples", "accuracy")
"""Columns of joules, and of labelled examples: shown where there are any."""


def results(
    folder: Folder,
    *,
    intervals: Annotated[
        bool, typer.Option("--intervals", help="One row an interval of the trajectory instead of one a trial.")
    ] = False,
    format_: Annotated[Format, typer.Option("--format", help="How to write them.")] = Format.table,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; needed for parquet. Default: stdout.")
    ] = None,
) -> None:
    """
    Write the finished trials of a study, one row a trial; pretrainings are rows too, of repetition 0.

    CSV leaves out the nested columns (traces, spans, intervals, energies); JSON and Parquet have them. With --intervals
    each interval is a row, as `raystudy dynamics` takes it. The table on the terminal shows some columns only.

    Example: `raystudy results data/studies/efficiency-laptop --format csv --out trials.csv`
    """
    table = Archive(folder).table().collect()
    if intervals:
        table = _intervals(table)
    if format_ is Format.table:
        if out is not None:
            raise ArchiveError("A table is for the terminal: choose --format csv, json or parquet for a file.")
        _print(table, SHOWN_OF_INTERVALS if intervals else SHOWN)
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


def _intervals(table: "pl.DataFrame") -> "pl.DataFrame":
    """Return one row an interval: which trial, what it gave, what it took."""
    import polars as pl

    each = table.select(*WHOSE, "intervals", "interval_energies").explode("intervals", "interval_energies")
    number = pl.int_range(pl.len()).over("trial_id")
    return each.select(*WHOSE, pl.exclude(*WHOSE), interval=number).unnest("intervals", "interval_energies")


def _print(frame: "pl.DataFrame", columns: Sequence[str]) -> None:
    """Show some columns, in parts where they do not fit beside each other."""
    from raystudy.analysis.findings import Table
    from raystudy.report.terminal import show_table

    shown = [column for column in columns if not (column in WHERE_ANY and frame[column].is_null().all())]
    named = frame.select(frame[column].alias(column.replace("_", " ")) for column in shown)
    show_table(Table(name="results", title=f"{frame.height:,} rows", frame=named), Console(), most_rows=None)
