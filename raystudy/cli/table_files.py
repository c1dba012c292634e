"""A table in a file of any of the formats people keep tables in, found by what the file holds and read piece by piece.

    path ──first bytes──▶ CSV | Parquet | Arrow ──TableFile.scan(columns)──▶ LazyFrame

What a file says about itself is not believed: its suffix, its types and its row count are held against what is there.
"""

import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from raystudy.errors import AnalysisError

CSV, PARQUET, ARROW = "CSV", "Parquet", "Arrow"
PROMISES = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), CSV),
    **dict.fromkeys((".parquet", ".pq"), PARQUET),
    **dict.fromkeys((".arrow", ".arrows", ".feather", ".ipc"), ARROW),
}
"""What a suffix promises; any other promises nothing."""

STREAM_MARK, GZIP_MARK = b"\xff\xff\xff\xff", b"\x1f\x8b"
BEGINNINGS = {b"PAR1": PARQUET, b"ARROW1": ARROW, STREAM_MARK: ARROW}
"""The first bytes of each format; what begins with none of them is text."""

SEPARATORS = ",;\t"
LONGEST_LINE = 2**20
"""Bytes of a header that are looked at, so that a file without line ends is not read whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TableFile:
    """A file that holds one table."""

    path: Path
    kind: str
    """CSV, Parquet or Arrow."""
    names: tuple[str, ...]
    """Its columns, in order; a name stands twice where the file has it twice."""
    scan: Callable[[Sequence[str]], pl.LazyFrame]
    """Return these columns, and maybe others, in the file's own types; every column of a CSV is text."""


def open_file(path: Path) -> TableFile:
    """Return the table that a file holds; none of its rows is read yet."""
    beginning = _beginning(path)
    kind = next((kind for mark, kind in BEGINNINGS.items() if beginning.startswith(mark)), CSV)
    promised = PROMISES.get(path.suffix.lower(), kind)
    if promised != kind:
        raise AnalysisError(
            f"{path} is named as {promised} and does not begin as such a file does. "
            f"A name that says what is in the file is expected: rename it, or write it anew."
        )
    with reading(path, kind):
        return {CSV: _csv, PARQUET: _parquet, ARROW: _arrow}[kind](path)


def _beginning(path: Path) -> bytes:
    """Return the first bytes of a file, or say why there are none."""
    if path.is_dir():
        raise AnalysisError(f"{path} is a folder; one file with a table is expected. Name the file.")
    if path.exists() and not path.is_file():
        raise AnalysisError(f"{path} is a pipe or a device; a file that can be read twice is expected. Save it first.")
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
    except FileNotFoundError as error:
        raise AnalysisError(f"There is no file {path}. Name a CSV, Parquet or Arrow file that exists.") from error
    except OSError as error:
        raise AnalysisError(f"{path} cannot be opened: {error.strerror}. Name a file that can be read.") from error
    if not beginning:
        raise AnalysisError(f"{path} is empty: 0 bytes. A header and rows are expected; write the file anew.")
    return beginning


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn what a reader says of a file that it cannot read into one sentence."""
    import pyarrow as pa

    try:
        yield
    except (
        *(pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, csv.Error),
        *(OSError, EOFError, ValueError, TypeError, NotImplementedError),
    ) as error:
        why = " ".join(str(error).split("\n\n")[0].split()).rstrip(".")[:200] or type(error).__name__
        raise AnalysisError(
            f"{path} cannot be read as {kind}: {why}. "
            f"A whole table as CSV in UTF-8, Parquet or Arrow is expected: mend the file, or write it anew."
        ) from error


def _csv(path: Path) -> TableFile:
    """Open a CSV; its separator is the one that cuts the header into the most names."""
    headers = {separator: _header(path, separator) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda one: len(headers[one]))
    if not headers[separator] or "\0" in "".join(headers[separator]):
        raise ValueError("it does not begin with a header")

    def scan(columns: Sequence[str]) -> pl.LazyFrame:
        table = pl.scan_csv(path.absolute(), separator=separator, infer_schema=False, glob=False)
        if unseen := set(columns).difference(table.collect_schema()):
            raise ValueError(f"its header cannot be cut into columns such as {min(unseen)!r}")
        _check_lines(path, separator, len(headers[separator]))
        # All columns: polars sees that a row has too many fields only where it reads each of them. A row without any
        # value, as an empty line or one of separators alone, is none.
        return table.filter(pl.any_horizontal(pl.all().is_not_null()))

    return TableFile(path=path, kind=CSV, names=tuple(headers[separator]), scan=scan)


def _header(path: Path, separator: str) -> list[str]:
    """Return the first line that is not empty, cut at the separator."""
    with path.open("rb") as plain, gzip.open(plain) as unpacked:
        file = unpacked if plain.peek(2).startswith(GZIP_MARK) else plain
        lines = (line.decode("utf-8-sig") for line in iter(lambda: file.readline(LONGEST_LINE), b""))
        return next((fields for fields in csv.reader(lines, delimiter=separator) if fields), [])


def _check_lines(path: Path, separator: str, columns: int) -> None:
    """
    Refuse a line with more or fewer fields than the header, which polars fills up in silence.

    Where fields are quoted, a separator or a line's end may stand in them, and only polars can tell: it sees too many.
    """
    line = pl.col("line")
    lines = pl.scan_csv(
        path.absolute(),
        separator="\0",
        quote_char=None,
        has_header=False,
        new_columns=["line"],
        infer_schema=False,
        row_index_name="number",
        row_index_offset=1,
        glob=False,
    )
    ragged = (line.str.strip_chars() != "") & (line.str.count_matches(separator, literal=True) != columns - 1)
    counts = lines.select(ragged.sum(), line.str.contains('"', literal=True).any().alias("quoted"))
    count, quoted = counts.collect(engine="streaming").row(0)
    if count and not quoted:
        number, text = lines.filter(ragged).first().collect(engine="streaming").row(0)
        raise ValueError(
            f"line {number:,} has {text.count(separator) + 1} fields and the header {columns}: "
            f"{text[:60]!r} ({count:,} such in all)"
        )


def _parquet(path: Path) -> TableFile:
    """Open a Parquet file."""
    import pyarrow.parquet as pq

    def batches(columns: Sequence[str]) -> Iterator[Any]:
        with pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file:
            _compare_types(file.metadata, columns)
            rows = 0
            for batch in file.iter_batches(columns=columns):
                rows += batch.num_rows
                yield batch
            if rows != file.metadata.num_rows:
                raise ValueError(f"it declares {file.metadata.num_rows:,} rows and holds {rows:,}")

    with pq.ParquetFile(path) as file:
        return _from_batches(path, PARQUET, file.schema_arrow, batches)


def _compare_types(metadata: Any, columns: Sequence[str]) -> None:
    """Refuse a column stored in another type than declared: eight bytes of an integer would pass for a float."""
    for at in range(metadata.num_columns):
        declared = metadata.schema.column(at)
        if declared.path.split(".")[0] not in columns and declared.path not in columns:
            continue
        for group in range(metadata.num_row_groups):
            stored = metadata.row_group(group).column(at).physical_type
            if stored != declared.physical_type:
                raise ValueError(f"column {declared.path!r} is declared {declared.physical_type} and holds {stored}")


def _arrow(path: Path) -> TableFile:
    """Open an Arrow file, or a stream kept in a file."""
    import pyarrow as pa

    def batches(columns: Sequence[str]) -> Iterator[Any]:
        with pa.OSFile(str(path)) as source:
            for batch in _arrow_reader(source)[1]:
                yield batch.select(columns)

    with pa.OSFile(str(path)) as source:
        return _from_batches(path, ARROW, _arrow_reader(source)[0], batches)


def _arrow_reader(source: Any) -> tuple[Any, Iterator[Any]]:
    """Return the schema and the batches, by whichever of the two formats it is."""
    from pyarrow import ipc

    if source.read(4) == STREAM_MARK:
        source.seek(0)
        stream = ipc.open_stream(source)
        return stream.schema, iter(stream)
    file = ipc.open_file(source)
    return file.schema, (file.get_batch(at) for at in range(file.num_record_batches))


def _from_batches(path: Path, kind: str, schema: Any, batches: Callable[[Sequence[str]], Iterator[Any]]) -> TableFile:
    """Return a table whose batches are checked and handed to polars one by one."""

    def scan(columns: Sequence[str]) -> pl.LazyFrame:
        def frames(
            wanted: list[str] | None, predicate: pl.Expr | None, _rows: int | None, _batch: int | None
        ) -> Iterator[pl.DataFrame]:
            for batch in batches(columns):
                batch.validate(full=True)
                frame = _frame(batch).select(wanted if wanted is not None else columns)
                yield frame if predicate is None else frame.filter(predicate)

        import pyarrow as pa

        empty = pa.schema([schema.field(name) for name in columns]).empty_table()
        return register_io_source(frames, schema=_frame(empty).schema)

    return TableFile(path=path, kind=kind, names=tuple(schema.names), scan=scan)


def _frame(arrow: Any) -> pl.DataFrame:
    """
    Hand a batch to polars.

    What its writer noted beside the columns is left out: polars panics where a damaged note is no UTF-8 (2.1.0).
    Categories become text, as each batch may number its own.
    """
    import pyarrow as pa

    frame = pl.from_arrow(pa.table(arrow.columns, names=arrow.schema.names))
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
