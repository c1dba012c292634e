"""What is asked of an archive from afar, and how the answer travels: as one marked line of a job's log.

Question ──JSON──▶ words of the query job     frame | State | refusal ──zstd, base64──▶ line ──▶ Answer
"""

import base64
import io
from dataclasses import dataclass
from typing import Literal

import polars as pl
from pydantic import TypeAdapter

from raystudy.dashboard.state import State
from raystudy.errors import ArchiveError

MARK = "raystudy-answer"
MOST_BYTES = 30_000_000
"""Of a line: Ray's head reads a log of this size, and hands it over, in two seconds (60 MB in the same)."""

Answer = pl.DataFrame | State | str
"""Text is a refusal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked."""

    ask: Literal["results", "status"]
    archive: str
    host: str | None = None
    """Whose folder the archive is, to be told where the head does not see it."""
    sql: str | None = None
    intervals: bool = False
    nested: bool = True
    """Whether columns of lists are asked for: traces are most of the bytes."""

    def to_json(self) -> str:
        """Return it for the command line."""
        return TypeAdapter(Question).dump_json(self).decode()


def question_of(text: str) -> Question:
    """Read a question back."""
    return TypeAdapter(Question).validate_json(text)


def line_of(answer: Answer) -> str:
    """Return the line of an answer; raises ArchiveError where it is too long for a log."""
    kind, content = _packed(answer)
    line = f"{MARK} {kind} {base64.b64encode(content).decode()}"
    if len(line) > MOST_BYTES:
        raise ArchiveError(
            f"The answer has {len(line) / 1e6:,.0f} MB, more than the {MOST_BYTES / 1e6:.0f} MB that come through the "
            "dashboard. Select fewer columns or rows with --sql; traces and intervals are the largest."
        )
    return line


def answer_in(log: str) -> Answer | None:
    """Return the last answer in a log; null where there is none."""
    lines = [line for line in log.splitlines() if line.startswith(f"{MARK} ")]
    if not lines:
        return None
    _, kind, content = lines[-1].split(" ")
    return _unpacked(kind, base64.b64decode(content))


def _packed(answer: Answer) -> tuple[str, bytes]:
    if isinstance(answer, str):
        return "refusal", answer.encode()
    if isinstance(answer, State):
        return "state", TypeAdapter(State).dump_json(answer)
    sink = io.BytesIO()
    answer.write_ipc_stream(sink, compression="zstd", compat_level=pl.CompatLevel.oldest())
    return "rows", sink.getvalue()


def _unpacked(kind: str, content: bytes) -> Answer:
    if kind == "refusal":
        return content.decode()
    if kind == "state":
        return TypeAdapter(State).validate_json(content)
    return pl.read_ipc_stream(content)
