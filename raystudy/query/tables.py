"""What may be asked about an archive, as tables: one row a trial, one an interval, one an attempt that failed.

archive ──tables──▶ trials, intervals, failures ──sql──▶ an answer
"""

import dataclasses

import polars as pl
import pyarrow as pa

from raystudy.record.archive import Archive, Failure
from raystudy.record.observation import SCHEMA
from raystudy.record.schema import fields_of

WHOSE = ("trial_id", "condition", "repetition", "seed", "init_seed", "order_seed", "stopped")
"""What tells whose an interval is."""


def tables(archive: Archive) -> dict[str, pl.LazyFrame]:
    """
    Return the tables of a study, unread: readings are most of the bytes, and few ask for them.

    Raises ArchiveError where there is no study, or a file that is none of its own.
    """
    archive.study()
    trials = archive.table() if archive.has_observations else _frame(SCHEMA.empty_table()).lazy()
    return {"trials": trials, "intervals": intervals(trials), "failures": _failures(archive).lazy()}


def intervals(trials: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row an interval: which trial, what it gave, what it took."""
    each = trials.select(*WHOSE, "intervals", "interval_energies").explode("intervals", "interval_energies")
    number = pl.int_range(pl.len()).over("trial_id")
    return each.select(*WHOSE, pl.exclude(*WHOSE), interval=number).unnest("intervals", "interval_energies")


def _failures(archive: Archive) -> pl.DataFrame:
    """Return one row an attempt that came to nothing, also of trials that finished since."""
    rows = [dataclasses.asdict(failure) for failure in archive.all_failures()]
    frame = _frame(pa.Table.from_pylist(rows, schema=pa.schema(list(fields_of(Failure)))))
    return frame.select("trial_id", pl.exclude("trial_id"))


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
