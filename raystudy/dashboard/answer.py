"""Answers a question on the machine where the archive lies: `python -m raystudy.dashboard.answer QUESTION`.

Question ──▶ Archive ──▶ rows, or state ──▶ a line of the job's log

It imports neither ray nor torch: an answer is to come in a few seconds.
"""

import sys
from pathlib import Path

import polars as pl

from raystudy.dashboard.formats import emptied
from raystudy.dashboard.question import Question, line_of, question_of
from raystudy.dashboard.state import State, state_of
from raystudy.errors import ArchiveError, QueryError, RaystudyError
from raystudy.query.sql import select
from raystudy.query.tables import tables
from raystudy.record.archive import Archive

MOST_ROWS = 1_000_000
MOST_S = 60.0
"""What a query may take."""


def answer(question: Question) -> pl.DataFrame | State:
    """Return what was asked for; raises RaystudyError with a sentence where it cannot be had."""
    archive = _archive(question)
    if question.ask == "status":
        return state_of(archive)
    return rows(archive, sql=question.sql, intervals=question.intervals, nested=question.nested)


def rows(archive: Archive, *, sql: str | None, intervals: bool, nested: bool) -> pl.DataFrame:
    """Return one row a trial, or an interval, or what SQL selects; without `nested`, columns of lists are null."""
    held = tables(archive)
    with archive.reading():
        if sql is not None:
            selected, all_rows = select(held, sql, max_rows=MOST_ROWS, limit_s=MOST_S)
            if all_rows > MOST_ROWS:
                raise QueryError(
                    f"The query would give the first {MOST_ROWS:,} of {all_rows:,} rows only. Add a LIMIT, or ask for "
                    "less."
                )
            found = selected.lazy()
        elif not archive.has_observations:
            raise ArchiveError(f"{archive.place} holds no finished trial yet. `raystudy run` adds them.")
        else:
            found = held["intervals" if intervals else "trials"]
        return (found if nested else emptied(found)).collect()


def _archive(question: Question) -> Archive:
    """Open the archive; a folder that this machine lacks is told as that."""
    place = question.archive
    if "://" in place:
        return Archive(place)
    folder = Path(place).expanduser()
    if not folder.is_dir():
        whose = f" It is a folder of {question.host}." if question.host else ""
        raise ArchiveError(
            f"The head of the cluster sees no folder {folder}; a study makes it as it begins.{whose} Ask there, "
            "or keep results where the head sees them, as s3://BUCKET/NAME."
        )
    return Archive(folder)


def main() -> None:
    """Print the answer to the question that is the only argument."""
    try:
        line = line_of(answer(question_of(sys.argv[1])))
    except RaystudyError as error:
        line = line_of(str(error))
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
