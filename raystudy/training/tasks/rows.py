"""Rows of the user's own table, each with its place in the file for messages.

.csv      a line of names, then rows; cells may hold quoted line breaks
.jsonl    one object a line
.parquet  one row an example
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from raystudy.errors import CorpusError
from raystudy.training.corpora.files import parsed

_LONGEST_CELL = 2**31 - 1
"""Characters; the csv module's own limit, 131,072, is less than a long document has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row: its cells by the names of their columns."""

    cells: Mapping[str, object]
    where: str
    """File and line, or row."""

    def text(self, column: str, *, advice: str) -> str:
        """
        Return a cell as text, null as an empty one; raises CorpusError where there is none, or no text.

        `advice` says what to do about a column that is not there, as "Set recipe.label_column."
        """
        if column not in self.cells:
            raise CorpusError(f"{self.where} has no column {column!r}; it has: {', '.join(self.cells)}. {advice}")
        value = self.cells[column]
        if value is not None and not isinstance(value, str | int):
            raise CorpusError(
                f"{self.where}: {column!r} holds {type(value).__name__}, not text or a whole number. "
                "Write it as text, or name another column."
            )
        return "" if value is None else encodable(str(value))


def encodable(text: str) -> str:
    """Return a text that UTF-8 can hold: JSON can also spell half a surrogate pair."""
    return text.encode(errors="replace").decode()


def cells_of_csv(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield where each row begins, and its cells; blank lines are none. Raises CorpusError, also for an empty file."""
    csv.field_size_limit(_LONGEST_CELL)
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        begins, n_rows = 1, 0
        try:
            for cells in reader:
                if cells:
                    n_rows += 1
                    yield f"{file}, line {begins}", cells
                begins = reader.line_num + 1
        except csv.Error as error:
            raise CorpusError(
                f"{file}, line {begins} is no row of a CSV file: {error}. Check the quotes from there on."
            ) from error
    if not n_rows:
        raise CorpusError(f"{file} is empty. Give a file with a row for each example.")


def refuse_other_width(cells: list[str], *, where: str, expected: int, of: str) -> None:
    """Raise CorpusError where a row has more or fewer cells than it should; `of` says what they are."""
    if len(cells) != expected:
        raise CorpusError(
            f"{where} has {len(cells)} {'cell' if len(cells) == 1 else 'cells'}; {expected} are expected: {of}. "
            "Check its commas and quotes."
        )


def _from_csv(file: Path) -> Iterator[Row]:
    rows = cells_of_csv(file)
    where, columns = next(rows)
    names = [name.strip() for name in columns]
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise CorpusError(f"{where} names the column {twice[0]!r} twice. Rename one of them.")
    for where, cells in rows:
        refuse_other_width(cells, where=where, expected=len(names), of=", ".join(names))
        yield Row(cells=dict(zip(names, cells, strict=True)), where=where)


def _from_jsonl(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            where = f"{file}, line {number}"
            entry = parsed(line.strip(), where) if line.strip() else {}
            if not isinstance(entry, dict):
                raise CorpusError(f"{where} holds {type(entry).__name__}, not an object. Write one object a line.")
            if entry:
                yield Row(cells=entry, where=where)


def _from_parquet(file: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as table:
            rows = (row for batch in table.iter_batches() for row in batch.to_pylist())
            for number, row in enumerate(rows, start=1):
                yield Row(cells=row, where=f"{file}, row {number}")
    except pa.ArrowException as error:
        raise CorpusError(f"{file} is not a readable Parquet file: {str(error).splitlines()[0]}.") from error


ROWS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    ".csv": _from_csv,
    ".jsonl": _from_jsonl,
    ".parquet": _from_parquet,
}
