"""A process that answers one query and can do nothing else: it opens no file, and its memory and time have an end.

    stdin: {"sql", "tables": {name: bytes}, ...}, then each table as an Arrow stream
        ──confine──▶ polars SQL ──▶ stdout: {"rows"} and the answer as an Arrow stream, or {"error"}

It is run as a file, by sql.py, and imports polars alone.
"""

import contextlib
import io
import json
import resource
import sys
from pathlib import Path

import polars as pl


def main() -> None:
    """Read what is asked, answer it, and end."""
    order = json.loads(sys.stdin.buffer.readline())
    frames = {name: pl.read_ipc_stream(sys.stdin.buffer.read(size)) for name, size in order["tables"].items()}
    asked = pl.SQLContext(frames, register_globals=False)
    _warm_up()
    confine(memory_bytes=order["memory_bytes"], cpu_s=order["cpu_s"])
    try:
        answer = asked.execute(order["sql"], eager=True)
    except (pl.exceptions.PolarsError, MemoryError, OSError, TypeError, ValueError) as error:
        return _say({"error": str(error) or type(error).__name__})
    first = answer.head(order["max_rows"])
    if (size := first.estimated_size()) > order["most_bytes"]:
        return _say({"error": f"the answer has {size / 1e6:,.0f} MB, more than {order['most_bytes'] / 1e6:,.0f}"})
    return _say({"rows": answer.height}, first)


def confine(*, memory_bytes: int, cpu_s: int) -> None:
    """Give up, for good, what a query needs not: files, more memory than so much on top of now, endless time."""
    limits = {"RLIMIT_NOFILE": 0, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0, "RLIMIT_CPU": cpu_s}
    with contextlib.suppress(FileNotFoundError):  # without /proc (macOS) the kernel bounds no address space either
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits["RLIMIT_AS"] = pages * resource.getpagesize() + memory_bytes
    for name, limit in limits.items():
        resource.setrlimit(getattr(resource, name), (limit, limit))


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


if __name__ == "__main__":
    main()
