"""Queries that are answered, and what people send who want more than an answer."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from raystudy.errors import QueryError
from raystudy.query.judge import anew, judged, needed
from raystudy.query.sql import select

TABLES = {
    "trials": pl.DataFrame({"trial_id": ["a", "b", "c"], "energy_j": [1.0, 2.0, None], "traces": [[1, 2], [3], []]}),
    "intervals": pl.DataFrame({"trial_id": ["a", "a", "b"], "interval": [0, 1, 0]}),
    "failures": pl.DataFrame({"trial_id": ["c"], "reason": ["It died."]}),
}
UNREAD = {name: table.lazy() for name, table in TABLES.items()}
LIMIT_S = 30.0
"""Of queries that take none: a busy machine starts a process slowly."""


def ask(sql: str, *, max_rows: int = 100, limit_s: float = LIMIT_S) -> pl.DataFrame:
    """Answer a query about the tables above."""
    return select(UNREAD, sql, max_rows=max_rows, limit_s=limit_s)[0]


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
        ("select interval * 2 + 1 as i from intervals where interval in (1) and interval - 1 = 0", [(3,)]),
        ("select \"^ener.*$\" from trials where trial_id = 'a'", [(1.0,)]),
        ("with x(a) as (select min(trial_id) from trials) select b from (select a from x) as y(b)", [("a",)]),
        ("select 1::uint32 as a, cast(1 as uint64) as b, try_cast(1 as ubigint) as c", [(1, 1, 1)]),
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
    # clauses that would be lost on the way
    "select first(trial_id ignore nulls) from trials",
    "select trial_id from trials sort by trial_id",
    "select trial_id from trials cluster by trial_id",
    "select trial_id from trials distribute by trial_id",
    "select trial_id from trials with (nolock)",
    "select trial_id from trials unpivot (v for n in (energy_j, traces))",
    "select trial_id from trials pivot (sum(energy_j) for trial_id in ('a'))",
    "select * from trials match_recognize (partition by trial_id)",
    "select x from trials as t(x, y, z)",
    "select trial_id from trials where trial_id in (select 'a' where 1 = 0)",
]


@pytest.mark.parametrize("sql", ATTACKS)
def test_what_is_no_query_about_the_tables_is_refused_before_anything_runs(sql: str) -> None:
    """Files, functions as tables, statements, what no eye sees, what would be lost: one sentence, before polars."""
    with pytest.raises(QueryError, match=r"\.$"):
        anew(judged(TABLES, sql))


UNENDING = ("array[{}]", "struct({})", "date({})", "decimal({})", "timestamp ({})")


@pytest.mark.parametrize("nested", UNENDING)
def test_what_keeps_the_parser_busy_is_ended_too(nested: str) -> None:
    """Each bracket doubles the parser's work: the process reads the query, and its time is over."""
    sql = "1"
    for _ in range(30):
        sql = nested.format(sql)

    with pytest.raises(QueryError, match=r"longer than 1 s"):
        ask(f"select {sql}", limit_s=1)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select count(*) from intervals", {"intervals": ["trial_id"]}),
        ("select t.energy_j from trials t", {"trials": ["energy_j"]}),
        ('select "^en.*$" from trials', {"trials": TABLES["trials"].columns}),
        ("select * from trials, failures", {name: TABLES[name].columns for name in ("failures", "trials")}),
    ],
)
def test_the_process_gets_what_it_needs(sql: str, expected: dict[str, list[str]]) -> None:
    """Columns that a query does not name stay here, unless a star or a pattern may mean them."""
    columns = {name: table.columns for name, table in TABLES.items()}

    assert expected == needed(judged(columns, sql), columns)


@pytest.mark.parametrize(
    ("sql", "match"),
    [
        ("select lpad('x', 8000000000, 'y')", "more than 2 GiB"),
        ("select * from trials limit 99999999999999999999", "too large"),
        ("select version()", "unsupported function"),
        ("select nothing_of_that_name(1)", "unsupported function"),
        ("select energi_j from trials", r"no column 'energi_j'. Did you mean energy_j"),
        ("select zzz from failures", r"no column 'zzz': failures has trial_id, reason"),
        ("select * from trial", r"no table 'trial'. Did you mean trials\? There are: failures, intervals, trials"),
        ("select cast(trial_id as int) from trials", "cannot be answered"),
        (f"select {'x' * 300}(1)", r"cannot be answered: .{200} \.\.\."),
    ],
)
def test_what_polars_cannot_answer_is_a_sentence(sql: str, match: str) -> None:
    """Memory, depth, names and types: whatever ends the process, the asker is told why."""
    with pytest.raises(QueryError, match=match):
        ask(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "+".join(["1"] * 4_900),
        f"select count(*) from {', '.join(f'trials t{i}' for i in range(30))}",
    ],
)
def test_a_query_that_takes_too_long_is_ended(sql: str) -> None:
    """The process is killed when its time is over, or its memory full: either would take more than a minute."""
    with pytest.raises(QueryError, match=r"longer than 1 s|more than 2 GiB"):
        ask(sql, limit_s=1)


def test_rows_beyond_the_limit_are_told() -> None:
    """The first rows are given, and how many there are is said."""
    frame, rows = select(UNREAD, "select trial_id from trials order by 1", max_rows=2, limit_s=LIMIT_S)

    assert (["a", "b"], 3) == (frame["trial_id"].to_list(), rows)


def straight(sql: str, *, most_bytes: int) -> str:
    """Return the error of a process that is given a query which nobody has judged."""
    code = (
        "import sys; from raystudy.query.sandbox import answer;"
        f"answer(sys.argv[1], {{}}, {{}}, max_rows=9, most_bytes={most_bytes}, memory_bytes=2**31)"
    )
    said = subprocess.run([sys.executable, "-c", code, sql], capture_output=True, check=False).stdout
    return str(json.loads(said)["error"])


@pytest.mark.parametrize("sql", ["select * from read_csv('{}')", "select * from read_parquet('{}')"])
def test_the_process_itself_opens_no_file(tmp_path: Path, sql: str) -> None:
    """A query that got by all that judges it finds a process that cannot open what it names."""
    file = tmp_path / "secret"
    file.write_text("secret\n1\n")

    assert "Too many open files" in straight(sql.format(file), most_bytes=10**6)


def test_an_answer_that_is_too_large_is_not_sent() -> None:
    """Few rows may be large: whoever asks is not to be filled up with them."""
    assert "the answer has 1 MB, more than 0" in straight("select lpad('x', 1000000, 'y') as x", most_bytes=9)
