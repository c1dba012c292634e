"""`raystudy results`: the observations as a table, CSV, JSON or Parquet."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
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
    "trial_id", "seed", "tokens_seen", "train_s", "energy_j", "energy_estimated_j", "mfu", "loss_initial",
    "loss_heldout", "perplexity",
)  # fmt: skip
"""The columns of the table; the other formats have all."""


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
    import polars as pl

    table = Archive(folder).table().collect()
    if format_ is Format.table:
        _print(table)
    elif format_ is Format.parquet:
        if out is None:
            raise ArchiveError("Parquet is not text: give the file to write with --out.")
        table.write_parquet(out)
    else:
        flat = table.select(name for name, kind in table.schema.items() if not isinstance(kind, pl.List))
        text = flat.write_csv() if format_ is Format.csv else table.write_json()
        if out is None:
            sys.stdout.write(text)
        else:
            out.write_text(text, encoding="utf-8")


def _print(frame: "pl.DataFrame") -> None:
    table = Table()
    for column in SHOWN:
        table.add_column(column, justify="left" if column == "trial_id" else "right")
    for row in frame.select(SHOWN).iter_rows():
        table.add_row(
            *("—" if cell is None else f"{cell:,.4g}" if isinstance(cell, float) else str(cell) for cell in row)
        )
    Console().print(table)
