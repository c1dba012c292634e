"""From a long table to a matrix of subjects x levels, every cell filled once.

    subject, level, value ──design──▶ Design: values (subjects, levels), and who was dropped and why

Balance is checked cell by cell. statsmodels' own check only compares how many rows each level holds in all, so it lets
subjects pass that each lack a different level, and gives F 5.26, p .008 where the complete ones give F 3.40, p .053.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from raystudy.errors import AnalysisError

Matrix = NDArray[np.float64]


class Fault(StrEnum):
    """What is wrong with a cell."""

    MISSING = "no value"
    NOT_FINITE = "a value that is not finite"
    REPEATED = "more than one value"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropped:
    """A subject left out, since some of its cells are not filled exactly once."""

    subject: str
    fault: Fault
    levels: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.subject} has {self.fault} at {', '.join(self.levels)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """A complete matrix, and what it took to get it."""

    values: Matrix
    """(subjects, levels)"""
    subjects: tuple[str, ...]
    levels: tuple[str, ...]
    dropped: tuple[Dropped, ...]


def design(table: pl.DataFrame, *, subject: str, level: str, value: str, levels: Sequence[str]) -> Design:
    """Make the matrix with levels in this order, leaving out every subject that lacks or repeats a cell."""
    long = table.select(subject=pl.col(subject).cast(pl.String), level=pl.col(level).cast(pl.String), value=value)
    if long.select(pl.col("subject", "level").is_null().any()).row(0) != (False, False):
        raise AnalysisError(f"Some rows have no {subject} or no {level}; every value needs both.")
    grid = _grid(long, levels)
    faulty = grid.filter(pl.col("fault").is_not_null())
    kept = grid.join(faulty, on="subject", how="anti", maintain_order="left")
    return Design(
        values=kept["value"].to_numpy().reshape(-1, len(levels)),
        subjects=tuple(kept["subject"].unique(maintain_order=True)),
        levels=tuple(levels),
        dropped=_dropped(faulty),
    )


def _grid(long: pl.DataFrame, levels: Sequence[str]) -> pl.DataFrame:
    """Return one row for each subject and level, with its value and its fault."""
    cells = long.group_by("subject", "level").agg(
        rows=pl.len(), value=pl.col("value").cast(pl.Float64).first(), filled=pl.col("value").is_not_null().all()
    )
    fault = (
        pl.when(pl.col("rows") > 1)
        .then(pl.lit(Fault.REPEATED.value))
        .when(pl.col("rows").is_null() | ~pl.col("filled"))
        .then(pl.lit(Fault.MISSING.value))
        .when(~pl.col("value").is_finite())
        .then(pl.lit(Fault.NOT_FINITE.value))
    )
    subjects = long.select(pl.col("subject").unique(maintain_order=True))
    grid = subjects.join(pl.DataFrame({"level": levels}, schema={"level": pl.String}), how="cross")
    return grid.join(cells, on=["subject", "level"], how="left", maintain_order="left").with_columns(fault=fault)


def _dropped(faulty: pl.DataFrame) -> tuple[Dropped, ...]:
    by_subject = faulty.group_by("subject", "fault", maintain_order=True).agg("level")
    return tuple(
        Dropped(subject=subject, fault=Fault(fault), levels=tuple(levels))
        for subject, fault, levels in by_subject.iter_rows()
    )
