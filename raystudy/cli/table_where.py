"""A condition on the rows of a table, in the words of SQL: `model = 'tiny' AND tokens <= 1e6`.

text ──parse──▶ Condition ──check(schema)──▶ a truth value for each row, or one sentence that says why not
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from raystudy.errors import AnalysisError

QUOTED = r"""'(?:[^']|'')*'|"(?:[^"]|"")*\""""
BEYOND_A_ROW = re.compile(r"\b(select|from)\b|\bvalues\s*\(|--|/\*|;", re.IGNORECASE)
"""What a condition on one row never needs. polars opens the files that a subquery names as soon as it parses it."""

EXPECTED = "A comparison for each row is expected, as value > 0, or model = 'tiny' AND tokens <= 1e6"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """What a row must fulfil to be kept."""

    sql: str
    """As the user wrote it."""
    expression: pl.Expr
    names: tuple[str, ...]
    """The columns that it names."""

    def check(self, schema: pl.Schema) -> None:
        """Refuse a condition that gives no truth value for each row of such a table."""
        try:
            answer = pl.DataFrame(schema=schema).lazy().select(self.expression).collect()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            holds = ", ".join(f"{name!r} holds {_words(schema[name])}" for name in self.names)
            raise _refusal(self.sql, f"cannot be worked out: {_first_line(error)}. Here {holds}") from error
        if answer.dtypes != [pl.Boolean]:
            kinds = ", ".join(_words(kind) for kind in answer.dtypes)
            raise _refusal(self.sql, f"gives {kinds}, where true or false is expected")
        if answer.height:
            raise _refusal(self.sql, "gives one answer for the whole table")


def parse(sql: str, columns: Collection[str]) -> Condition:
    """Read a condition; where a column's name is a word of SQL, as `interval`, it is taken as the column."""
    if BEYOND_A_ROW.search(re.sub(QUOTED, "''", sql)):
        raise _refusal(sql, "is more than an expression")
    try:
        expression = _expression(sql)
    except pl.exceptions.PolarsError as error:
        try:
            expression = _expression(_quote(sql, columns))
        except pl.exceptions.PolarsError:
            raise _refusal(sql, f"is no SQL expression: {_first_line(error)}") from error
    names = tuple(dict.fromkeys(expression.meta.root_names()))
    if not names:
        raise _refusal(sql, "names no column")
    return Condition(sql=sql, expression=expression, names=names)


def _expression(sql: str) -> pl.Expr:
    expression = pl.sql_expr(sql)
    assert isinstance(expression, pl.Expr)
    return expression


def _quote(sql: str, columns: Collection[str]) -> str:
    """Put the names of columns into double quotes, except where they stand in quotes or call a function."""
    return re.sub(rf"{QUOTED}|\b\w+\b(?!\s*\()", lambda word: f'"{word[0]}"' if word[0] in columns else word[0], sql)


def _refusal(sql: str, why: str) -> AnalysisError:
    return AnalysisError(
        f"The condition {sql!r} {why}. {EXPECTED}. "
        f"Text stands in single quotes, a number in none, and a column's name with signs such as - in double quotes."
    )


def _words(kind: pl.DataType) -> str:
    """Name a type as people do."""
    if kind.is_numeric():
        return "numbers"
    return {pl.String: "text", pl.Boolean: "true or false"}.get(kind.base_type(), str(kind))


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0].rstrip(".")[:200]
