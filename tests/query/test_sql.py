"""Queries that are answered, and what people send who want more than an answer."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from raystudy.errors import QueryError
from raystudy.query import sandbox
from raystudy.query.sql import judged, select

TABLES = {
    "trials": pl.DataFrame({"trial_id": ["a", "b", "c"], "energy_j": [1.0, 2.0, None], "traces": [[1, 2], [3], []]}),
    "intervals": pl.DataFrame({"trial_id": ["a", "a", "b"], "interval": [0, 1, 0]}),
    "failures": pl.DataFrame({"trial_id": ["c"], "reason": ["It died."]}),
}
LIMIT_S = 30.0
"""Of queries that take none: a busy machine starts a process slowly."""


def ask(sql: str, *, max_rows: int = 100, limit_s: float = LIMIT_S) -> pl.DataFrame:
    """Answer a query about the tables above."""
    return select(TABLES, sql, max_rows=max_rows, limit_s=limit_s)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select trial_id from trials where energy_j > 1", [("b",)]),
        ("select count(*) from trials", [(3,)]),
        ("SELECT t.energy_j, interval FROM trials t JOIN intervals USING (trial_id) ORDER BY 1, 2 LIMIT 1", [(1.0, 0)]),
        ("with m as (select max(energy_j) j from trials) select trial_id from trials, m where energy_j = j", [("b",)]),
        ("select trial_id from failures union select min(trial_id) from trials order by 1", [("a",), ("c",)]),
        ("select log2(energy_j) as x, energy_j // 2 as y from trials where trial_id = 'b'", [(1.0, 1.0)]),
        ("select median(energy_j) as m, log10(100.0) as l from trials", [(1.5, 2.0)]),
        ("select `trial_id` from trials where \"energy_j\" is null", [("c",)]),
        ("select 'a\\' as s, 'it''s' as t", [("a\\", "it's")]),
        ("select trial_id ~ '^\\w$' as m, try_cast(trial_id as int) as n from trials limit 1", [(True, None)]),
        ("with read_csv as (select 1 as x) select x from read_csv -- and no function", [(1,)]),
        ("select traces[1] as first from trials limit 1;", [(1,)]),
    ],
)  # fmt: skip
def test_a_query_is_answered_as_polars_answers_it(sql: str, rows: list[tuple[object, ...]]) -> None:
    """What is judged and written anew says what was asked."""
    assert rows == ask(sql).rows()


ATTACKS = [
    # files, as tables and as functions
    "select * from read_csv('/etc/passwd')",
    "select * from READ_CSV('/etc/passwd')",
    "select * from rEaD_cSv ( '/etc/passwd' )",
    "select * from read_parquet('trials/*.parquet')",
    "select * from read_ipc('x.arrow')",
    "select * from read_json('x.json')",
    "select * from scan_csv('/etc/passwd')",
    "select * from scan_parquet('s3://bucket/x')",
    "select * from \"read_csv\"('/etc/passwd')",
    "select * from `read_csv`('/etc/passwd')",
    "select * from read_csv/**/('/etc/passwd')",
    "select * from read_csv--\n('/etc/passwd')",
    "select * from trials, read_csv('/etc/passwd')",
    "select * from trials join read_csv('/etc/passwd') x on true",
    "select * from trials where trial_id in (select * from read_csv('/etc/passwd'))",
    "select (select count(*) from read_csv('/etc/passwd')) as n from trials",
    "with x as (select * from read_csv('/etc/passwd')) select * from x",
    "select trial_id from trials union select * from read_csv('/etc/passwd')",
    "select * from lateral read_csv('/etc/passwd')",
    "select * from trials cross join lateral (select * from read_csv('/etc/passwd')) x",
    "select * from table(read_csv('/etc/passwd'))",
    "from read_csv('/etc/passwd')",
    "select read_csv('/etc/passwd')",
    "select * from generate_series(1, 1000000000)",
    "select * from unnest([1, 2]) as t(x)",
    "select * from '/etc/passwd'",
    'select * from "/etc/passwd"',
    "select * from `trials/../../x.parquet`",
    "select * from file.trials",
    "select * from main.trials",
    "select * from information_schema.tables",
    # a string that one parser might end elsewhere than the other
    "select 'a\\', * from read_csv('/etc/passwd') --'",
    "select 'a\\'' from trials; select * from read_csv('/etc/passwd') --",
    "select $$ $$ from read_csv($$/etc/passwd$$)",
    "select E'\\'' from read_csv('/etc/passwd')",
    # what changes something, or tells of more than tables
    "select 1; drop table trials",
    "select 1; select 2",
    "drop table trials",
    "truncate table trials",
    "delete from trials",
    "update trials set energy_j = 0",
    "insert into trials select * from trials",
    "create table x as select * from trials",
    "create view x as select 1",
    "with x as (delete from trials returning *) select * from x",
    "select * into x from trials",
    "copy trials to '/tmp/x.csv'",
    "copy (select 1) to program 'id'",
    "explain select * from trials",
    "show tables",
    "describe trials",
    "set x = 1",
    "pragma x",
    "attach 'x' as y",
    "load x",
    "install httpfs",
    "call x()",
    "do $$ begin end $$",
    "execute x",
    "select * from trials for update",
    # unending, or hidden
    "with recursive r as (select 1 as n union all select n + 1 from r) select * from r",
    "with trials as (select 1 as x) select * from trials",
    "select * from trіals",
    "select * from trials\u202e where 1 = 1",
    "select * from trials\x00",
    "select * from ｒｅａｄ_csv('/etc/passwd')",
    "select " + "(" * 3_000 + "1" + ")" * 3_000,
    "select '" + "x" * 20_000 + "'",
    "",
    ";",
    "-- nothing",
    "no sql at all",
]


@pytest.mark.parametrize("sql", ATTACKS)
def test_what_is_no_query_about_the_tables_is_refused_before_anything_runs(sql: str) -> None:
    """Files, functions as tables, statements, and what no eye sees: one sentence, and no process is started."""
    with pytest.raises(QueryError, match=r"\.$"):
        judged(TABLES, sql)


@pytest.mark.parametrize(
    ("sql", "match"),
    [
        ("select lpad('x', 8000000000, 'y')", "more than 2 GiB"),
        (f"select count(*) from {', '.join(f'trials t{i}' for i in range(30))}", "more than|longer than|cannot be"),
        ("select * from trials limit 99999999999999999999", "too large"),
        ("select version()", "unsupported function"),
        ("select nothing_of_that_name(1)", "unsupported function"),
        ("select energi_j from trials", r"no column 'energi_j'. Did you mean energy_j"),
        ("select zzz from failures", r"no column 'zzz': failures has trial_id, reason"),
        ("select * from trial", r"no table 'trial'. Did you mean trials\? There are: failures, intervals, trials"),
        ("select cast(trial_id as int) from trials", "cannot be answered"),
    ],
)
def test_what_polars_cannot_answer_is_a_sentence(sql: str, match: str) -> None:
    """Memory, depth, names and types: whatever ends the process, the asker is told why."""
    with pytest.raises(QueryError, match=match):
        ask(sql)


@pytest.mark.parametrize("sql", ["select 1", "select " + "+".join(["1"] * 4_900)])
def test_a_query_that_takes_too_long_is_ended(sql: str) -> None:
    """The process is killed when its time is over; 4,900 ones would be added for more than a minute."""
    with pytest.raises(QueryError, match=r"longer than 0.1 s"):
        ask(sql, limit_s=0.1)


def test_rows_beyond_the_limit_are_told() -> None:
    """The first rows are given, and how many there are is said."""
    told: list[str] = []

    frame = select(TABLES, "select trial_id from trials order by 1", max_rows=2, limit_s=LIMIT_S, tell=told.append)

    assert (["a", "b"], ["first 2 of 3 rows"]) == (frame["trial_id"].to_list(), told)


def straight(sql: str, *, most_bytes: int) -> str:
    """Return the error of a process that is given a query which nobody has judged."""
    order = {"sql": sql, "tables": {}, "max_rows": 9, "most_bytes": most_bytes, "memory_bytes": 2**31, "cpu_s": 60}
    said = subprocess.run(
        [sys.executable, sandbox.__file__], input=json.dumps(order).encode(), capture_output=True, check=False
    ).stdout
    return str(json.loads(said)["error"])


@pytest.mark.parametrize("sql", ["select * from read_csv('{}')", "select * from read_parquet('{}')"])
def test_the_process_itself_opens_no_file(tmp_path: Path, sql: str) -> None:
    """A query that got by all that judges it finds a process that cannot open what it names."""
    file = tmp_path / "secret"
    file.write_text("secret\n1\n")

    assert "Too many open files" in straight(sql.format(file), most_bytes=10**6)


def test_an_answer_that_is_too_large_is_not_sent() -> None:
    """Few rows may be large: whoever asks is not to be filled up with them."""
    assert "the answer has 1 MB, more than 0" == straight("select lpad('x', 1000000, 'y') as x", most_bytes=9)
