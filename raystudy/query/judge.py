"""Whether SQL is a query about the tables of a study and nothing else, and how it is put to polars.

SQL ──sqlglot──▶ tree ──judged: only queries, only these tables?──▶ needed: columns · anew: SQL ──polars──▶ refused

It runs in sandbox.py alone: some queries of 200 characters keep sqlglot's parser busy for hours.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from raystudy.errors import QueryError
from raystudy.query.dialect import PolarsSql

LONGEST = 10_000
"""Characters of a query."""
LONGEST_REASON = 200
"""Characters of what polars says of a query."""

_NEVER = (exp.DDL, exp.DML, exp.Command, exp.Into, exp.Lock)
_DROPPED: Mapping["type[exp.Expr]", str] = {
    exp.Sort: "SORT BY",
    exp.Cluster: "CLUSTER BY",
    exp.Distribute: "DISTRIBUTE BY",
    exp.Pivot: "PIVOT or UNPIVOT",
    exp.IgnoreNulls: "IGNORE NULLS",
    exp.RespectNulls: "RESPECT NULLS",
    exp.WithTableHint: "hint WITH (...)",
}
"""Clauses that would be lost as a query is written anew; polars has none of them."""
_OF_FILES = ("read_", "scan_", "write_", "sink_")


def judged(tables: Iterable[str], sql: str) -> "exp.Expr":
    """Return the tree of a query; raises QueryError where it is anything else, or asks for other tables."""
    tree = _parsed(sql)
    nodes = list(tree.walk())
    if not isinstance(tree, exp.Query) or any(isinstance(node, _NEVER) for node in nodes):
        raise QueryError("Only queries are answered: SELECT, WITH ... SELECT, or UNION of these.")
    if any(isinstance(node, exp.With) and node.args.get("recursive") for node in nodes):
        raise QueryError("WITH RECURSIVE is not answered: nothing in these tables needs it.")
    inner = {node.alias for node in nodes if isinstance(node, exp.CTE)}
    if hidden := inner.intersection(tables):
        name = min(hidden)
        raise QueryError(f"WITH {name} hides the table {name}. Give it another name.")
    for node in nodes:
        _refuse_unknown_clause(node)
        if isinstance(node, exp.CTE | exp.Subquery) and not isinstance(node.this, exp.Query):
            raise QueryError("Only queries may stand in brackets, and after WITH ... AS.")
        if isinstance(node, exp.Anonymous) and node.name.lower().startswith(_OF_FILES):
            raise QueryError(f"{node.name}() is not answered: a query reads no file. {_there_are(tables)}")
        if isinstance(node, exp.Table | exp.Lateral | exp.TableFromRows | exp.Unnest):
            _refuse_other_table(node, tables, inner)
    return tree


def anew(tree: "exp.Expr") -> str:
    """Write a query anew: without comments, and each name in quotes (`interval` is a column here, a keyword there)."""
    try:
        return tree.sql(dialect=PolarsSql, comments=False, identify=True, unsupported_level=ErrorLevel.RAISE)
    except (SqlglotError, RecursionError) as error:
        raise QueryError(
            "The query holds too much within itself, or a clause that is not answered. Ask for less."
        ) from error


def needed(tree: "exp.Expr", columns: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the tables that a query names, with the columns that it may name: readings are hundreds of megabytes."""
    whole = any(_is_of_whole_rows(node) for node in tree.walk())
    words = {node.name for node in tree.find_all(exp.Identifier)}
    return {
        name: [column for column in columns[name] if whole or column in words] or list(columns[name][:1])
        for name in sorted({table.name for table in tree.find_all(exp.Table)} & columns.keys())
    }


def refused(said: str, columns: Mapping[str, Sequence[str]]) -> QueryError:
    """Return what polars said as a sentence; where a column is missing, with those of the tables that were asked."""
    reason = said.partition("\n\nResolved plan")[0].strip().splitlines()[0]
    missing = re.search(r'(?:unable to find column|no .*?column named) ["\']([^"\']+)["\']', reason)
    if missing is None or not columns:
        told = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]} ..."
        return QueryError(f"The query cannot be answered: {told}.")
    every = [column for names in columns.values() for column in names]
    if near := difflib.get_close_matches(missing[1], every, n=3):
        return QueryError(f"There is no column {missing[1]!r}. Did you mean {' or '.join(near)}?")
    have = "; ".join(f"{name} has {', '.join(names)}" for name, names in columns.items())
    return QueryError(f"There is no column {missing[1]!r}: {have}.")


def _parsed(sql: str) -> "exp.Expr":
    if len(sql) > LONGEST:
        raise QueryError(f"The query has {len(sql):,} characters; at most {LONGEST:,} are read.")
    if any(not letter.isprintable() and letter not in "\t\r\n" for letter in sql):
        raise QueryError("The query holds characters that cannot be seen. Type it anew.")
    try:
        statements = [each for each in PolarsSql().parse(sql) if each is not None]
    except (SqlglotError, RecursionError) as error:
        raise QueryError(f"The query is no SQL that can be read{_where(error)}.") from error
    if len(statements) != 1:
        raise QueryError(f"One query is answered at a time; there are {len(statements)} statements.")
    return statements[0]


def _where(error: Exception) -> str:
    """Say where a parser stopped; nothing where it does not tell."""
    told = getattr(error, "errors", None) or [{}]
    column, near = told[0].get("col"), told[0].get("highlight")
    return f" (at character {column}, near {near!r})" if near else ""


def _refuse_unknown_clause(node: "exp.Expr") -> None:
    """Refuse what would be dropped, or read as something else, when the query is written anew."""
    if type(node) in _DROPPED:
        raise QueryError(f"A query has no {_DROPPED[type(node)]} here. Leave it out.")
    if (
        isinstance(node, exp.Select)
        and node.args.get("where")
        and not any(isinstance(part, exp.From) for part in node.iter_expressions())
    ):
        raise QueryError("WHERE without FROM is not answered: polars would take no notice of it.")
    if isinstance(node, exp.TableAlias) and isinstance(node.parent, exp.Table) and node.args.get("columns"):
        raise QueryError(f"{node.name}(...) after a table is not answered: name columns after SELECT, by AS.")


def _refuse_other_table(node: "exp.Expr", tables: Iterable[str], inner: Iterable[str]) -> None:
    """Refuse a table that is none of the study's: a function, a file, another schema."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise QueryError(f"A query reads tables, no functions and no files. {_there_are(tables)}")
    known = [*tables, *inner]
    name = ".".join(part.name for part in node.parts)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise QueryError(f"There is no table {name!r}.{hint} {_there_are(tables)}")


def _there_are(tables: Iterable[str]) -> str:
    return f"There are: {', '.join(sorted(tables))}."


def _is_of_whole_rows(node: "exp.Expr") -> bool:
    """Whether it may mean any column: a star, columns(), a natural join, or a name that polars takes as a pattern."""
    if isinstance(node, exp.Star):
        return not (isinstance(node.parent, exp.Anonymous) and node.parent.name.lower() == "count")
    if isinstance(node, exp.Identifier):
        return node.name.startswith("^")
    return (isinstance(node, exp.Anonymous) and node.name.lower() == "columns") or bool(node.args.get("natural"))
