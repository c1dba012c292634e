"""A condition on rows is an expression of SQL that is true or false for each, and can reach nothing but the row."""

from pathlib import Path

import polars as pl
import pytest

from raystudy.cli.table_where import parse
from raystudy.errors import AnalysisError

TABLE = pl.DataFrame({"model": ["tiny", "tiny", "small"], "tokens": [5e5, 2e6, 1e6], "interval": [0.0, 1.0, 2.0]})


def kept(sql: str) -> list[str]:
    """Return the models of the rows that fulfil a condition."""
    condition = parse(sql, TABLE.columns)
    condition.check(TABLE.schema)
    return TABLE.filter(condition.expression)["model"].to_list()


@pytest.mark.parametrize(
    ("sql", "models"),
    [
        ("model = 'tiny' AND tokens <= 1e6", ["tiny"]),
        ("interval > 0", ["tiny", "small"]),
        ("\"interval\" > 0 or model = 'interval'", ["tiny", "small"]),
        ("tokens between 1e6 and 3e6", ["tiny", "small"]),
        ("model in ('small', 'select')", ["small"]),
        ("lower(model) like 's%'", ["small"]),
    ],
)
def test_rows_are_kept(sql: str, models: list[str]) -> None:
    """A condition keeps the rows it is true of; a column may bear the name of a word of SQL."""
    assert models == kept(sql)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "is no SQL expression"),
        ("tokens >", "is no SQL expression"),
        ("median_of(tokens) > 1", "unsupported function 'median_of'"),
        ("1 = 1", "names no column"),
        ("columns('.*') > 1", "names no column"),
        ("tokens + 1", "gives numbers, where true or false is expected"),
        ("model", "gives text, where true or false is expected"),
        ("sum(tokens) > 1", "gives one answer for the whole table"),
        ("tokens = '5'", "cannot compare string with numeric type (f64). Here 'tokens' holds numbers"),
        ("model > 5", "Here 'model' holds text"),
        ("tokens > 1; tokens < 2", "is more than an expression"),
        ("tokens > 1 -- and so on", "is more than an expression"),
        ("SELECT tokens FROM other", "is more than an expression"),
    ],
)
def test_no_condition(sql: str, said: str) -> None:
    """What is no truth value for each row is refused, with what it is and with an example."""
    with pytest.raises(AnalysisError, match="model = 'tiny' AND tokens <= 1e6") as refused:
        kept(sql)

    assert said in str(refused.value)


@pytest.mark.parametrize(
    "query", ["SELECT tokens FROM read_csv('{}')", "FROM read_csv('{}')", "(select tokens from \"read_csv\"('{}'))"]
)
def test_no_file_is_opened(tmp_path: Path, query: str) -> None:
    """A condition that would read a file is refused before polars sees it: it opens the file as it parses."""
    secret = tmp_path / "secret"
    secret.write_text("tokens\n1\n")

    with pytest.raises(AnalysisError, match="is more than an expression"):
        parse(f"tokens IN ({query.format(secret)})", TABLE.columns)
