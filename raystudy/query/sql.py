"""SQL over the tables of a study, from people who are not trusted with more than that.

    SQL ──sqlglot──▶ tree ──only queries, only these tables?──▶ SQL anew ──▶ sandbox.py, a process of its own ──▶ answer

What polars is given is written anew from the tree that was judged, so what one parser read is what the other reads.
"""

import difflib
import io
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from sqlglot import exp
from sqlglot.errors import SqlglotError

from raystudy.errors import QueryError
from raystudy.query.dialect import PolarsSql

LONGEST = 10_000
"""Characters of a query."""
MEMORY_BYTES = 2 * 2**30
"""What an answer may take, on top of the tables themselves."""
MOST_BYTES = 500_000_000
"""Of an answer: it comes to a process that bounds nothing."""
THREADS = 4

_SANDBOX = Path(__file__).with_name("sandbox.py")
_ENVIRONMENT = ("PATH", "HOME", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")
"""All that the process is told of ours: Python finds polars by these."""
_NEVER = (exp.DDL, exp.DML, exp.Command, exp.Into, exp.Lock)
_OF_FILES = ("read_", "scan_", "write_", "sink_")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """What the process said."""

    rows: int
    """All that there are; the stream holds the first ones."""
    error: str | None
    stream: bytes


def select(
    tables: Mapping[str, pl.DataFrame],
    sql: str,
    *,
    max_rows: int,
    limit_s: float,
    tell: Callable[[str], None] = lambda _: None,
) -> pl.DataFrame:
    """
    Return the first `max_rows` rows that a query gives; `tell` hears where there are more.

    Raises QueryError where it is no query, names what is not there, or takes too long or too much.
    """
    tree = judged(tables, sql)
    wanted = {name: _needed(tree, tables[name]) for name in sorted(_named(tree)) if name in tables}
    answer = _answered(wanted, _anew(tree), max_rows=max_rows, limit_s=limit_s)
    if answer.error is not None:
        raise _refused(answer.error, tables, _named(tree))
    if answer.rows > max_rows:
        tell(f"first {max_rows:,} of {answer.rows:,} rows")
    return pl.read_ipc_stream(answer.stream)


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
        if isinstance(node, exp.CTE | exp.Subquery) and not isinstance(node.this, exp.Query):
            raise QueryError("Only queries may stand in brackets, and after WITH ... AS.")
        if isinstance(node, exp.Anonymous) and node.name.lower().startswith(_OF_FILES):
            raise QueryError(f"{node.name}() is not answered: a query reads no file. {_there_are(tables)}")
        if isinstance(node, exp.Table | exp.Lateral | exp.TableFromRows | exp.Unnest):
            _refuse_other_table(node, tables, inner)
    return tree


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


def _anew(tree: "exp.Expr") -> str:
    """Write a query anew: without comments, and each name in quotes (`interval` is a column here, a keyword there)."""
    try:
        return tree.sql(dialect=PolarsSql, comments=False, identify=True)
    except (SqlglotError, RecursionError) as error:
        raise QueryError("The query holds too much within itself to be written. Ask for less.") from error


def _where(error: Exception) -> str:
    """Say where a parser stopped; nothing where it does not tell."""
    told = getattr(error, "errors", None) or [{}]
    column, near = told[0].get("col"), told[0].get("highlight")
    return f" (at character {column}, near {near!r})" if near else ""


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


def _named(tree: "exp.Expr") -> set[str]:
    return {table.name for table in tree.find_all(exp.Table)}


def _needed(tree: "exp.Expr", table: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that a query may name; the readings of a big study are hundreds of megabytes."""
    if any(_is_of_whole_rows(node) for node in tree.walk()):
        return table
    words = {node.name for node in tree.find_all(exp.Identifier)}
    return table.select([name for name in table.columns if name in words] or table.columns[:1])


def _is_of_whole_rows(node: "exp.Expr") -> bool:
    if isinstance(node, exp.Star):
        return not (isinstance(node.parent, exp.Anonymous) and node.parent.name.lower() == "count")
    return (isinstance(node, exp.Anonymous) and node.name.lower() == "columns") or bool(node.args.get("natural"))


def _answered(tables: Mapping[str, pl.DataFrame], sql: str, *, max_rows: int, limit_s: float) -> _Answer:
    """Ask the process; raises QueryError where it ends without an answer."""
    streams = {name: _stream(table) for name, table in tables.items()}
    order = {
        "sql": sql,
        "tables": {name: len(stream) for name, stream in streams.items()},
        "max_rows": max_rows,
        "most_bytes": MOST_BYTES,
        "memory_bytes": MEMORY_BYTES,
        "cpu_s": math.ceil(limit_s) * THREADS,
    }
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        ended = subprocess.run(  # noqa: S603 - our own file, by our own interpreter
            [sys.executable, "-P", str(_SANDBOX)],
            input=b"".join([json.dumps(order).encode(), b"\n", *streams.values()]),
            capture_output=True,
            check=False,
            env=environment | {"POLARS_MAX_THREADS": str(THREADS)},
            timeout=limit_s,
        )
    except subprocess.TimeoutExpired:
        raise QueryError(f"The query took longer than {limit_s:g} s. Ask for less: filter before you join.") from None
    head, _, body = ended.stdout.partition(b"\n")
    if ended.returncode != 0 or not head:
        raise QueryError(_why_ended(ended.stderr.decode(errors="replace")))
    told = json.loads(head)
    return _Answer(rows=told.get("rows", 0), error=told.get("error"), stream=body)


def _why_ended(said: str) -> str:
    if "memory" in said.lower():
        return f"The query takes more than {MEMORY_BYTES // 2**30} GiB of memory. Ask for less: filter before you join."
    last = (said.strip().splitlines() or ["it was killed"])[-1]
    return f"The query cannot be answered: polars gave it up ({last[:200]})."


def _stream(table: pl.DataFrame) -> bytes:
    body = io.BytesIO()
    table.write_ipc_stream(body)
    return body.getvalue()


def _refused(said: str, tables: Mapping[str, pl.DataFrame], named: Iterable[str]) -> QueryError:
    """Return what polars said as a sentence; where a column is missing, with those that there are."""
    reason = said.partition("\n\nResolved plan")[0].strip().splitlines()[0]
    missing = re.search(r'(?:unable to find column|no .*?column named) ["\']([^"\']+)["\']', reason)
    asked = {name: tables[name].columns for name in sorted(named) if name in tables}
    if missing is None or not asked:
        return QueryError(f"The query cannot be answered: {reason}.")
    every = [column for columns in asked.values() for column in columns]
    if near := difflib.get_close_matches(missing[1], every, n=3):
        return QueryError(f"There is no column {missing[1]!r}. Did you mean {' or '.join(near)}?")
    have = "; ".join(f"{name} has {', '.join(columns)}" for name, columns in asked.items())
    return QueryError(f"There is no column {missing[1]!r}: {have}.")
