"""A table is found in a file by what the file holds, and a file that does not hold it is refused in a sentence."""

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raystudy.cli.table_files import open_file, reading
from raystudy.errors import AnalysisError

TABLE = pl.DataFrame({"subject": ["s1", "s2"], "value": [1.5, 2.5]})
ROWS = TABLE.rows()
WRITERS = (pl.DataFrame.write_parquet, pl.DataFrame.write_ipc, pl.DataFrame.write_ipc_stream)
CUT_GZIP = gzip.compress(b"subject,value\n" + b"s1,1\n" * 99, mtime=0)[:-9]


def collected(path: Path, columns: tuple[str, ...] = ("subject", "value")) -> pl.DataFrame:
    """Read some columns of a file, the way `open_table` does."""
    file = open_file(path)
    with reading(path, file.kind):
        return file.scan(columns).select(columns).collect(engine="streaming")


def refusal(path: Path, columns: tuple[str, ...] = ("subject", "value")) -> str:
    """Return the sentence that refuses a file, without its path."""
    with pytest.raises(AnalysisError) as refused:
        collected(path, columns)
    return str(refused.value).replace(str(path), "FILE")


def wrote(path: Path, content: bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(content)
    return path


def plain_parquet(path: Path) -> Path:
    """Write a Parquet file whose bytes are easy to change: not compressed, and without Arrow's own schema."""
    pq.write_table(
        pa.table({"value": [1.5, 2.5], "count": [1, 2]}),
        path,
        compression="none",
        use_dictionary=False,
        store_schema=False,
    )
    return path


@pytest.mark.parametrize("write", WRITERS)
def test_format_is_told_by_the_first_bytes(tmp_path: Path, write: Callable[..., None]) -> None:
    """Parquet, Arrow's file and Arrow's stream are each read under a name that promises nothing."""
    write(TABLE, tmp_path / "table.dat")

    assert ROWS == collected(tmp_path / "table.dat").rows()


@pytest.mark.parametrize("suffix", ["csv", "arrow", "feather"])
def test_name_that_promises_another_format(tmp_path: Path, suffix: str) -> None:
    """A file whose suffix is not that of what it holds is refused."""
    TABLE.write_parquet(tmp_path / f"table.{suffix}")

    assert "does not begin as such a file does" in refusal(tmp_path / f"table.{suffix}")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separator_is_found_in_the_header(tmp_path: Path, separator: str) -> None:
    """Comma, semicolon or tab: whichever divides the header, whatever the file is called."""
    path = wrote(tmp_path / "table.txt", f"subject{separator}value\ns1{separator}1.5\n".encode())

    assert [("s1", "1.5")] == collected(path).rows()


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfsubject,value\r\ns1,1.5\r\n",
        b"\n\nsubject,value\ns1,1.5\n\n,\n",
        b'"subject","value"\n"s1","1.5"\n',
        gzip.compress(b"subject,value\ns1,1.5\n", mtime=0),
    ],
    ids=["byte order mark and Windows' line ends", "empty lines", "quotes", "gzip"],
)
def test_csv_of_every_day(tmp_path: Path, content: bytes) -> None:
    """What spreadsheets and zippers do to a CSV changes nothing of its table."""
    path = wrote(tmp_path / "table.csv", content)

    assert [("s1", "1.5")] == collected(path).rows()


def test_quoted_field_holds_separators_and_line_ends(tmp_path: Path) -> None:
    """A field in quotes is one field."""
    path = wrote(tmp_path / "table.csv", b'subject,value\n"a,b\nc",1\n')

    assert [("a,b\nc", "1")] == collected(path).rows()


def test_categories_are_text_in_every_batch(tmp_path: Path) -> None:
    """Batches that number their categories differently still say the same words."""
    path = tmp_path / "table.arrow"
    kind = pa.dictionary(pa.int8(), pa.string())
    batches = [pa.record_batch({"subject": pa.array(words).cast(kind)}) for words in (["a", "b"], ["b", "a"])]
    with pa.ipc.new_stream(path, batches[0].schema) as stream:
        for batch in batches:
            stream.write_batch(batch)

    assert ["a", "b", "b", "a"] == collected(path, ("subject",))["subject"].to_list()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "FILE is empty: 0 bytes"),
        (b"\n\n", "it does not begin with a header"),
        (b"subject,value\ns1,1,2\n", "line 2 has 3 fields and the header 2: 's1,1,2' (1 such in all)"),
        (b"\nsubject,value\n\ns1,1\ns2\ns3\n", "line 5 has 1 fields and the header 2: 's2' (2 such in all)"),
        (b'subject,value\n"s1",1,2\n', "found more fields"),
        (b"subject,value\n\xe9,1\n", "invalid utf-8"),
        (b"subject,\xe9\ns1,1\n", "'utf-8' codec can't decode"),
        ("subject,value\n".encode("utf-16"), "'utf-8' codec can't decode"),
        (bytes(range(64)), "it does not begin with a header"),
        (b'subject,"value\ns1,1\n', "FILE cannot be read as CSV"),
        (CUT_GZIP, "FILE cannot be read as CSV"),
        (b"PAR1", "FILE is named as CSV and does not begin as such a file does"),
    ],
)
def test_csv_that_is_none(tmp_path: Path, content: bytes, said: str) -> None:
    """A file that is no CSV throughout is refused with what is wrong, and where that can be told, with the line."""
    path = wrote(tmp_path / "table.csv", content)

    assert said in refusal(path)


def test_path_where_nothing_is(tmp_path: Path) -> None:
    """A missing file is called missing."""
    assert refusal(tmp_path / "none.csv").startswith("There is no file FILE")


def test_path_of_a_folder(tmp_path: Path) -> None:
    """A folder is called a folder."""
    assert refusal(tmp_path).startswith("FILE is a folder")


@pytest.mark.parametrize("write", WRITERS)
def test_truncated_file(tmp_path: Path, write: Callable[..., None]) -> None:
    """A file that lost its end is refused, however much is left."""
    write(TABLE, tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    cut = (wrote(tmp_path / "cut", content[:length]) for length in range(8, len(content) - 8, 64))
    said = [refusal(path) for path in cut]

    assert [] == [one for one in said if "FILE cannot be read as" not in one]


@pytest.mark.parametrize(
    ("true", "false", "said"),
    [
        (
            b"\x15\n%\x02\x18\x05value",
            b"\x15\x04%\x02\x18\x05value",
            "column 'value' is declared INT64 and holds DOUBLE",
        ),
        (b"\x15\n\x19%", b"\x15\x04\x19%", "column 'value' is declared DOUBLE and holds INT64"),
    ],
    ids=["the schema", "the column"],
)
def test_parquet_that_lies_about_its_types(tmp_path: Path, true: bytes, false: bytes, said: str) -> None:
    """A file whose schema and pages differ is refused: read on trust, 1.5 would be 4609434218613702656."""
    path = plain_parquet(tmp_path / "table.parquet")
    path.write_bytes(path.read_bytes().replace(true, false))

    assert said in refusal(path, ("value",))


def test_parquet_that_lies_about_its_rows(tmp_path: Path) -> None:
    """A file that declares three rows and holds two is refused."""
    path = plain_parquet(tmp_path / "table.parquet")
    path.write_bytes(path.read_bytes().replace(b"\x16\x04\x19\x1c\x19", b"\x16\x06\x19\x1c\x19"))

    assert "it declares 3 rows and holds 2" in refusal(path, ("value",))
