"""Tables as they are written."""

from datetime import timedelta

import polars as pl
import pytest

from raystudy.dashboard.formats import Format, emptied, flat, written
from raystudy.errors import QueryError

NESTED = pl.DataFrame({"a": [1, 2], "many": [[1], [2, 3]], "named": [{"x": 1}, {"x": 2}]})


def test_csv_leaves_out_nested_columns() -> None:
    """The others are as they were."""
    assert b"a\n1\n2\n" == written(NESTED, "csv")


def test_nested_columns_alone_are_refused() -> None:
    """An empty file would be no answer."""
    with pytest.raises(QueryError, match=r"are nested \(many, named\)"):
        flat(NESTED.drop("a"))


def test_emptied_columns_are_still_named() -> None:
    """Their kinds stay, so that whoever leaves them out can tell which there were."""
    light = emptied(NESTED.lazy()).collect()

    assert (NESTED.schema, [1, 2]) == (light.schema, light["a"].to_list())
    assert {2} == {light[name].null_count() for name in ("many", "named")}


@pytest.mark.parametrize(
    ("value", "format_"),
    [(b"\xff", "csv"), (b"\xff", "json"), ([{"x": b"\xff"}], "json"), (timedelta(seconds=1), "csv")],
)
def test_what_a_format_cannot_hold_is_told_by_column(value: object, format_: Format) -> None:
    """Bytes anywhere, and in CSV spans of time: polars would panic, or not say where."""
    with pytest.raises(QueryError, match=f"The column 'b' is .* {format_} cannot hold"):
        written(pl.DataFrame({"a": [1], "b": [value]}), format_)


def test_spans_of_time_are_json() -> None:
    """As ISO 8601 has them."""
    assert b'[{"b":"PT1S"}]' == written(pl.DataFrame({"b": [timedelta(seconds=1)]}), "json")
