"""A process that answers one query and can do nothing else: it opens no file, and its memory and time have an end.

    stdin: {"sql", "columns": {table: [name]}, ...} ──judge──▶ stdout: {"needed": {table: [name]}}, or {"error"}
    stdin: {table: bytes}, then each table as an Arrow stream
        ──confine──▶ polars SQL ──▶ stdout: {"rows"} and the answer as an Arrow stream, or {"error"}

sql.py runs it, and ends it when its time is over.
"""

import contextlib
import io
import json
import resource
import sys
from pathlib import Path

import polars as pl

from raystudy.errors import QueryError
from raystudy.query.judge import anew, judged, needed, refused


def main() -> None:
    """Read what is asked, answer it, and end."""
    order = json.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_CPU, (order["cpu_s"], order["cpu_s"]))  # whoever asked may be gone
    try:
        tree = judged(order["columns"], order["sql"])
        sql, columns = anew(tree), needed(tree, order["columns"])
    except QueryError as error:
        return _say({"error": str(error)})
    _say({"needed": columns})
    frames = {name: pl.read_ipc_stream(sys.stdin.buffer.read(size)) for name, size in _sizes().items()}
    asked = {name: order["columns"][name] for name in columns}
    return answer(sql, frames, asked, **{name: order[name] for name in ("max_rows", "most_bytes", "memory_bytes")})


def answer(
    sql: str,
    frames: dict[str, pl.DataFrame],
    columns: dict[str, list[str]],
    *,
    max_rows: int,
    most_bytes: int,
    memory_bytes: int,
) -> None:
    """Confine this process, and say what polars answers; `columns` are all that the tables have."""
    asked = pl.SQLContext(frames, register_globals=False)
    _warm_up()
    confine(memory_bytes)
    try:
        found = asked.execute(sql, eager=True)
    except (pl.exceptions.PolarsError, MemoryError, OSError, TypeError, ValueError) as error:
        return _say({"error": str(refused(str(error) or type(error).__name__, columns))})
    first = found.head(max_rows)
    if (size := first.estimated_size()) > most_bytes:
        too_large = f"the answer has {size / 1e6:,.0f} MB, more than {most_bytes / 1e6:,.0f}"
        return _say({"error": str(refused(too_large, columns))})
    return _say({"rows": found.height}, first)


def confine(memory_bytes: int) -> None:
    """Give up, for good, what a query needs not: files, and more memory than so much on top of now."""
    limits = {"RLIMIT_NOFILE": 0, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    with contextlib.suppress(FileNotFoundError):  # without /proc (macOS) the kernel bounds no address space either
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits["RLIMIT_AS"] = pages * resource.getpagesize() + memory_bytes
    for name, limit in limits.items():
        resource.setrlimit(getattr(resource, name), (limit, limit))


def _sizes() -> dict[str, int]:
    sizes: dict[str, int] = json.loads(sys.stdin.buffer.readline())
    return sizes


def _warm_up() -> None:
    """Start the threads, and import what is imported late: afterwards no file can be opened."""
    with contextlib.suppress(pl.exceptions.PolarsError):
        pl.SQLContext(x=pl.DataFrame({"a": [1]})).execute("select sum(a) as s from x group by a order by a", eager=True)
        pl.SQLContext().execute("select nothing", eager=True)


def _say(head: dict[str, object], answer: pl.DataFrame | None = None) -> None:
    body = io.BytesIO()  # never a file to polars: it would open it a second time
    if answer is not None:
        answer.write_ipc_stream(body)
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + body.getvalue())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
