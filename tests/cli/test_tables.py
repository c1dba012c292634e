"""A table that is returned can be aggregated without a surprise; any other is refused in one sentence."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from raystudy.cli.tables import open_table
from raystudy.errors import AnalysisError

HEADER = "subject,level,value\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the table of a test lies."""
    return tmp_path / "table.csv"


def opened(
    path: Path,
    rows: str | None = None,
    *,
    text: Sequence[str] = ("subject", "level"),
    numbers: Sequence[str] = ("value",),
    where: str | None = None,
) -> list[tuple[str | float | None, ...]]:
    """Write rows below the header, unless the file is there, and return what is read of it."""
    if rows is not None:
        path.write_text(HEADER + rows, encoding="utf-8")
    return open_table(path, text=text, numbers=numbers, where=where).collect(engine="streaming").rows()


def refusal(path: Path, rows: str | None = None, **asked: Any) -> str:
    """Return the sentence that refuses a table, with FILE for its path."""
    with pytest.raises(AnalysisError) as refused:
        opened(path, rows, **asked)
    return str(refused.value).replace(str(path), "FILE")


def typed(path: Path, columns: Mapping[str, Any]) -> Path:
    """Write a Parquet file beside the path."""
    pl.DataFrame(columns).write_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def test_columns_have_the_types_that_were_asked_for(path: Path) -> None:
    """The columns are those asked for, in that order, and known before anything is read."""
    path.write_text("value,other,subject\n1,x,2\n", encoding="utf-8")
    table = open_table(path, text=["subject"], numbers=["value"])

    assert {"subject": pl.String, "value": pl.Float64} == dict(table.collect_schema())


def test_text_is_as_written(path: Path) -> None:
    """The text 007 is no number, and 1e6 and 1000000 are two levels."""
    assert [("007", "1e6", 1.0), ("007", "1000000", 2.0)] == opened(path, "007,1e6,1\n007,1000000,2\n")


def test_missing_numbers_are_null(path: Path) -> None:
    """Empty, NA, N/A, null, None and nan, in any case, are missing; infinity is not, and white space is nothing."""
    written = ["", "NA", "n/a", "NULL", "None", "NaN", "-nan", " 1.5 ", "inf", "-Inf", "1e-3"]
    values = [value for *_, value in opened(path, "".join(f"s,l,{one}\n" for one in written))]

    assert [None] * 7 + [1.5, float("inf"), float("-inf"), 0.001] == values


@pytest.mark.parametrize("value", ["1;5", "1 000", "fast", "1_000", "0x10", "1.5 s", "-"])
def test_text_among_numbers(path: Path, value: str) -> None:
    """The first value that is no number is shown, with its row and how many there are."""
    said = refusal(path, f"s1,a,1\ns1,b,{value}\ns2,a,\ns2,b,{value}\n")

    assert f"Column 'value' of FILE holds {value!r} in data row 2, where a number is expected (2 such in all)" in said


def test_separators_in_numbers(path: Path) -> None:
    """A decimal comma or a thousands separator is not guessed at."""
    said = refusal(path, 's1,a,"1,500"\n')

    assert "holds '1,500' in data row 1" in said


def test_row_is_counted_in_the_file(path: Path) -> None:
    """The row of a wrong value is that of the file, also where a condition leaves rows out."""
    said = refusal(path, "s1,a,1\ns1,b,2\ns2,b,x\n", where="level = 'b'")

    assert "holds 'x' in data row 3" in said


def test_wrong_value_in_a_row_that_is_left_out(path: Path) -> None:
    """What a condition leaves out need not be right."""
    assert [("s1", "a", 1.0)] == opened(path, "s1,a,1\n,b,x\n", where="level = 'a'")


def test_blank_text(path: Path) -> None:
    """A value whose subject is not said belongs to nobody."""
    said = refusal(path, "s1,a,1\n,b,2\n  ,c,3\n")

    assert "Column 'subject' of FILE is blank in 2 of 3 rows" in said


def test_white_space_around_text_is_left_out(path: Path) -> None:
    """Where no two values become one, white space around them is no part of them."""
    assert [("s1", "a b", 1.0), ("s2", "c", 2.0)] == opened(path, "s1, a b ,1\ns2,c,2\n")


def test_values_that_white_space_tells_apart(path: Path) -> None:
    """Two levels that look the same are shown in quotes."""
    said = refusal(path, "s1,a,1\ns1,a ,2\ns2,b,3\n")

    assert "Column 'level' of FILE holds both 'a' and 'a ', which only white space tells apart" in said


def test_header_alone(path: Path) -> None:
    """A table without rows is none."""
    assert refusal(path, "").startswith("FILE has a header and no row.")


def test_condition_that_no_row_fulfils(path: Path) -> None:
    """An empty choice is not an empty file."""
    assert refusal(path, "s1,a,1\n", where="value > 1").startswith("No row of FILE fulfils the condition 'value > 1'")


@pytest.mark.parametrize(
    ("where", "subjects"),
    [("value > 1.5", ["010", "x"]), ("subject = 'x'", ["x"]), ("subject like '0%'", ["007", "010"])],
)
def test_condition_on_a_csv(path: Path, where: str, subjects: list[str]) -> None:
    """A column is of numbers for a condition if it holds nothing else, and its text stays as written."""
    assert subjects == [subject for subject, *_ in opened(path, "007,a,1\n010,a,2\nx,a,3\n", where=where)]


def test_condition_sees_numbers_where_all_are(path: Path) -> None:
    """Text of figures alone compares as a number and is returned as it was."""
    assert [("007", "a", 1.0)] == opened(path, "007,a,1\n010,a,2\n", where="subject = 7")


def test_condition_does_not_keep_what_is_missing(path: Path) -> None:
    """NaN is missing in a condition, too; polars alone holds it to be greater than any number."""
    table = typed(path, {"subject": ["s1", "s2"], "value": [1.0, float("nan")]})

    assert [("s1", 1.0)] == opened(table, text=["subject"], where="value > 0")


def test_condition_that_fails_on_a_value(path: Path) -> None:
    """A conversion in a condition that some value does not bear is a sentence."""
    said = refusal(path, "s1,a,1\n", where="cast(level as int) > 1")

    assert said.startswith("FILE cannot be read as CSV where cast(level as int) > 1: conversion from `str` to `i32`")


def test_missing_column(path: Path) -> None:
    """A column that is not there is named, with the one that may be meant."""
    said = refusal(path, "s1,a,1\n", numbers=["Valeu"])

    assert said.startswith(
        "FILE has no column 'Valeu'. Do you mean 'value'? Its columns are 'subject', 'level', 'value'."
    )
    assert said.endswith("if columns are levels, unpivot them first.")


def test_missing_column_of_a_condition(path: Path) -> None:
    """A condition may only name columns that there are."""
    assert refusal(path, "s1,a,1\n", where="loss > 1").startswith("FILE has no column 'loss'.")


def test_many_columns_are_not_all_listed(path: Path) -> None:
    """A message lists fifteen columns and says how many more there are."""
    path.write_text(",".join(f"c{at}" for at in range(40)) + "\n", encoding="utf-8")

    assert "'c13', 'c14' and 25 more. One row" in refusal(path)


def test_column_that_is_there_twice(path: Path) -> None:
    """Which of two columns is meant is not guessed; one that nobody asks for may stand twice."""
    path.write_text("subject,value,value,note,note\ns1,1,2,x,y\n", encoding="utf-8")

    assert "FILE has 2 columns 'value'" in refusal(path, text=["subject"])


def test_column_that_is_asked_for_twice(path: Path) -> None:
    """A column is text or numbers."""
    assert refusal(path, "s1,a,1\n", numbers=["level"]).startswith("Column 'level' is asked for twice")


def test_typed_columns_as_text(path: Path) -> None:
    """Integers have no decimals, floats their shortest form, and everything else its own."""
    columns = {
        "integer": [500_000],
        "float": [0.1],
        "flag": [True],
        "day": [date(2024, 2, 29)],
        "category": pl.Series(["a"], dtype=pl.Categorical),
        "choice": pl.Series(["b"], dtype=pl.Enum(["b"])),
        "decimal": pl.Series(["1.50"]).cast(pl.Decimal(10, 2)),
    }

    assert [("500000", "0.1", "true", "2024-02-29", "a", "b", "1.50")] == opened(
        typed(path, columns), text=list(columns), numbers=[]
    )


def test_nan_as_text(path: Path) -> None:
    """A subject that is not a number is no subject."""
    said = refusal(typed(path, {"subject": [1.0, float("nan")]}), text=["subject"], numbers=[])

    assert "is blank in 1 of 2 rows" in said


def test_typed_columns_as_numbers(path: Path) -> None:
    """Integers, truth values, decimals, text of numbers and nothing at all are numbers; NaN is missing."""
    columns = {
        "integer": pl.Series([2], dtype=pl.UInt8),
        "flag": [True],
        "decimal": pl.Series(["1.50"]).cast(pl.Decimal(10, 2)),
        "text": [" 2.5"],
        "nothing": [None],
        "nan": [float("nan")],
    }

    assert [(2.0, 1.0, 1.5, 2.5, None, None)] == opened(typed(path, columns), text=[], numbers=list(columns))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([[1]], "holds List(Int64), where numbers are expected"),
        ([{"mean": 1}], "holds Struct({'mean': Int64}), where numbers are expected"),
        ([b"1"], "holds Binary, where numbers are expected"),
        ([date(2024, 2, 29)], "holds Date, where numbers are expected"),
        (["2 s"], "holds '2 s' in data row 1, where a number is expected"),
    ],
)
def test_typed_columns_that_are_no_numbers(path: Path, column: list[object], said: str) -> None:
    """A column that is more than a number a row is refused by its type."""
    assert said in refusal(typed(path, {"value": column}), text=[]).replace(str(path.with_suffix(".parquet")), "FILE")


def test_nested_column_as_text(path: Path) -> None:
    """A list has no text."""
    assert "where one text or number a row is expected" in refusal(
        typed(path, {"subject": [[1]]}), text=["subject"], numbers=[]
    )
