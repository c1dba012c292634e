"""`raystudy results`: the observations as a table, CSV, JSON, Parquet or Arrow, from here or through a dashboard."""

import io
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from raystudy.cli.arguments import Insecure, OfStudy, Place, dashboard_at
from raystudy.errors import ArchiveError

if TYPE_CHECKING:
    import polars as pl


class Format(StrEnum):
    """How results are written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"
    arrow = "arrow"


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
WHERE_ANY = ("energy_j", "energy_u_j", "energy_shared_j", "energy_estimated_j", "sample_examples", "accuracy")
"""Columns of joules, and of labelled examples: shown where there are any."""
FLAT = (Format.table, Format.csv)
"""Formats without nested columns."""


def results(
    place: Place,
    *,
    study: OfStudy = None,
    sql: Annotated[
        str | None,
        typer.Option("--sql", help="A query over the tables `trials`, `intervals` and `failures`, in polars' SQL."),
    ] = None,
    intervals: Annotated[
        bool, typer.Option("--intervals", help="One row an interval of the trajectory instead of one a trial.")
    ] = False,
    format_: Annotated[Format, typer.Option("--format", help="How to write them.")] = Format.table,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; needed for parquet. Default: stdout.")
    ] = None,
    insecure: Insecure = False,
) -> None:
    """
    Write the finished trials of a study, one row a trial; pretrainings are rows too, of repetition 0.

    CSV leaves out the nested columns (traces, spans, intervals, energies); JSON, Parquet and Arrow have them. With
    --intervals each interval is a row, as `raystudy dynamics` takes it. The table on the terminal shows some columns
    only. Arrow goes to a file as an IPC file, to a pipe as an IPC stream.

    Through the dashboard of a cluster a query job reads them there, and its answer comes back in the job's log.

    Example: `raystudy results data/studies/efficiency-laptop --format csv --out trials.csv`

    Example: `raystudy results http://localhost:8265 --sql "select tokens, avg(energy_j) from trials group by tokens"`
    """
    _check(format_, out, sql=sql, intervals=intervals)
    table = _asked(place, study=study, sql=sql, intervals=intervals, nested=format_ not in FLAT, insecure=insecure)
    if format_ in FLAT:
        table = _flat(table, tell=sql is not None)
    if format_ is Format.table:
        _print(table, table.columns if sql else SHOWN_OF_INTERVALS if intervals else SHOWN)
    elif out is not None:
        _write(table, format_, out)
    else:
        sys.stdout.buffer.write(_written(table, format_))


def _check(format_: Format, out: Path | None, *, sql: str | None, intervals: bool) -> None:
    """Refuse what does not go together, before anything is asked."""
    if sql is not None and intervals:
        raise ArchiveError("--sql names its tables itself: select from `intervals`, and leave --intervals out.")
    if format_ is Format.table and out is not None:
        raise ArchiveError("A table is for the terminal: choose --format csv, json, parquet or arrow for a file.")
    if format_ is Format.parquet and out is None:
        raise ArchiveError("Parquet is not text: give the file to write with --out.")
    if format_ is Format.arrow and out is None and sys.stdout.isatty():
        raise ArchiveError("Arrow is not text: give the file to write with --out, or pipe it on.")


def _asked(
    place: str, *, study: str | None, sql: str | None, intervals: bool, nested: bool, insecure: bool
) -> "pl.DataFrame":
    """Read the rows here, or let the cluster do so."""
    dashboard = dashboard_at(place, study=study, insecure=insecure)
    if dashboard is not None:
        from raystudy.dashboard.ask import ask_rows

        return ask_rows(dashboard, study=study, sql=sql, intervals=intervals, nested=nested)
    from raystudy.dashboard.answer import rows
    from raystudy.record.archive import Archive

    return rows(Archive(place), sql=sql, intervals=intervals, nested=nested)


def _flat(table: "pl.DataFrame", *, tell: bool) -> "pl.DataFrame":
    """Leave out nested columns, and say which of them a query named."""
    from raystudy.dashboard.formats import flat

    plain = flat(table)
    left_out = [name for name in table.columns if name not in plain.columns]
    if tell and left_out:
        sys.stderr.write(
            f"Left out, being nested: {len(left_out)} ({', '.join(left_out)}). JSON and Arrow have them.\n"
        )
    return plain


def _write(table: "pl.DataFrame", format_: Format, out: Path) -> None:
    import polars as pl

    sink = io.BytesIO()  # never the file to polars: of a full disk it says that Parquet is out of specification
    if format_ is Format.parquet:
        table.write_parquet(sink)
    elif format_ is Format.arrow:
        table.write_ipc(sink, compat_level=pl.CompatLevel.oldest())
    else:
        sink.write(_written(table, format_))
    try:
        out.write_bytes(sink.getbuffer())
    except OSError as error:
        raise ArchiveError(f"{out} cannot be written: {error.strerror or error}.") from error


def _written(table: "pl.DataFrame", format_: Format) -> bytes:
    from raystudy.dashboard.formats import format_of, written

    return written(table, format_of(format_, ""))


def _print(frame: "pl.DataFrame", columns: Sequence[str]) -> None:
    """Show some columns, in parts where they do not fit beside each other."""
    from raystudy.analysis.findings import Table
    from raystudy.report.terminal import show_table

    shown = [column for column in columns if not (column in WHERE_ANY and frame[column].is_null().all())]
    named = frame.select(frame[column].alias(column.replace("_", " ")) for column in shown)
    show_table(Table(name="results", title=f"{frame.height:,} rows", frame=named), Console(), most_rows=None)
