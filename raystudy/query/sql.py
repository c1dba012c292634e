"""SQL over the tables of a study, from people who are not trusted with more than that.

    SQL, names of columns ──▶ sandbox.py, a process of its own ──▶ which columns it needs
                    these ──▶ the same process                 ──▶ answer

What polars is given is written anew from the tree that was judged, so what one parser read is what the other reads.
"""

import io
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import polars as pl

from raystudy.errors import QueryError

MEMORY_BYTES = 2 * 2**30
"""What an answer may take, on top of the tables themselves."""
MOST_BYTES = 500_000_000
"""Of an answer: it comes to a process that bounds nothing."""
THREADS = 4

_OURS = Path(__file__).parents[2]
"""Where raystudy lies."""
_ENVIRONMENT = ("PATH", "HOME", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")
"""All that the process is told of ours: Python finds polars by these."""


def select(tables: Mapping[str, pl.LazyFrame], sql: str, *, max_rows: int, limit_s: float) -> tuple[pl.DataFrame, int]:
    """
    Return the first `max_rows` rows that a query gives, and how many it gives in all.

    Raises QueryError where it is no query, names what is not there, or takes too long or too much.
    """
    order = {
        "sql": sql,
        "columns": {name: table.collect_schema().names() for name, table in tables.items()},
        "max_rows": max_rows,
        "most_bytes": MOST_BYTES,
        "memory_bytes": MEMORY_BYTES,
        "cpu_s": math.ceil(limit_s) * THREADS,
    }
    try:
        return _answered(tables, order, until_s=time.monotonic() + limit_s)
    except subprocess.TimeoutExpired:
        raise QueryError(f"The query took longer than {limit_s:g} s. Ask for less: filter before you join.") from None


def _answered(
    tables: Mapping[str, pl.LazyFrame], order: Mapping[str, object], *, until_s: float
) -> tuple[pl.DataFrame, int]:
    """Ask the process; raises QueryError where it refuses, or ends without an answer."""
    with _started() as process:
        try:
            needed = _needed(process, order, until_s).items()
            streams = {name: _stream(tables[name].select(columns).collect()) for name, columns in needed}
            sizes = json.dumps({name: len(stream) for name, stream in streams.items()}).encode()
            told, said = process.communicate(b"".join([sizes, b"\n", *streams.values()]), timeout=_left_s(until_s))
        finally:
            process.kill()
    head, _, body = told.partition(b"\n")
    rows: int = _heard(head, said)["rows"]
    return pl.read_ipc_stream(body), rows


def _started() -> "subprocess.Popen[bytes]":
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join([str(_OURS), *filter(None, [environment.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "raystudy.query.sandbox"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment | {"POLARS_MAX_THREADS": str(THREADS)},
    )


def _needed(process: "subprocess.Popen[bytes]", order: Mapping[str, object], until_s: float) -> dict[str, list[str]]:
    """Give the process its order, and return which columns of which tables it wants."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with suppress(BrokenPipeError):  # it says why
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
    if not wait([process.stdout.fileno()], _left_s(until_s)):
        raise subprocess.TimeoutExpired(process.args, 0)
    line = process.stdout.readline()
    needed: dict[str, list[str]] = _heard(line, b"" if line else process.stderr.read())["needed"]
    return needed


def _left_s(until_s: float) -> float:
    return max(0.0, until_s - time.monotonic())


def _heard(line: bytes, said: bytes) -> dict[str, Any]:
    """Return a line of the process; raises QueryError where it is a refusal, or none."""
    if not line.strip():
        raise QueryError(_why_ended(said.decode(errors="replace")))
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        raise QueryError(told["error"])
    return told


def _why_ended(said: str) -> str:
    if "memory" in said.lower():
        return f"The query takes more than {MEMORY_BYTES // 2**30} GiB of memory. Ask for less: filter before you join."
    last = (said.strip().splitlines() or ["it was killed"])[-1]
    return f"The query cannot be answered: polars gave it up ({last[:200]})."


def _stream(table: pl.DataFrame) -> bytes:
    body = io.BytesIO()
    table.write_ipc_stream(body)
    return body.getvalue()
