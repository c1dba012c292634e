"""What `raystudy serve` answers: studies as pages for people, and as data for programs.

request ──Door──▶ path ──▶ Studies ──▶ JSON, CSV, Arrow, or a page

    /   /trials   /intervals   /summary   /sql?q=   /report        ?study=NAME  &format=json|csv|arrow|html

It only reads, and what is asked never names a file: a study is looked up among those that are shown.
"""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
from starlette.requests import Request
from starlette.responses import Response

from raystudy.dashboard.door import Door
from raystudy.dashboard.formats import TYPES, Format, flat, format_of, written
from raystudy.dashboard.studies import Held, Studies
from raystudy.errors import QueryError, RaystudyError
from raystudy.query.sql import select
from raystudy.report.grid import grid
from raystudy.report.html import environment

SHOWN_ROWS, MOST_ROWS = 1_000, 100_000
"""Of a page, and of data that a query gives."""
LIMIT_S = 10.0
"""Of a query."""
KEYS = ("study", "format", "q")

_EVERY: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_PAGE = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_REPORT = (  # its charts are scripts: in a sandbox they are of no site, and can ask nothing here
    "sandbox allow-scripts allow-downloads; default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a request asks for."""

    study: str | None
    format: Format
    sql: str | None


class Site:
    """The studies at some places, behind a door."""

    def __init__(self, studies: Studies, door: Door) -> None:
        self._studies, self._door = studies, door
        self._paths: Mapping[str, Callable[[Asked], Response]] = {
            "/": self._home,
            "/trials": partial(self._table, "trials"),
            "/intervals": partial(self._table, "intervals"),
            "/summary": self._summary,
            "/sql": self._sql,
            "/report": self._report,
        }

    def answer(self, request: Request) -> Response:
        """Answer a request; what is wrong with it is a sentence."""
        refusal = self._door.refusal(request.method, request.headers)
        if refusal is not None:
            return _sentence(*refusal)
        path = self._paths.get(request.url.path.rstrip("/") or "/")
        if path is None:
            return _sentence(404, f"There is no such page. There are: {', '.join(self._paths)}.")
        try:
            return path(_asked(request))
        except QueryError as error:
            return _sentence(400, str(error))
        except RaystudyError as error:
            return _sentence(409, str(error))
        except OSError as error:
            return _sentence(503, f"A study cannot be read just now: {error.strerror or error}.")

    def _home(self, asked: Asked) -> Response:
        rows = [held.progress() for held in self._studies.all().values()]
        if asked.format == "html":
            return _page("Studies", studies=rows)
        kinds = {
            "study": pl.String,
            "kind": pl.String,
            "question": pl.String,
            "finished": pl.Int64,
            "planned": pl.Int64,
        }
        return _data(pl.DataFrame(rows, schema=kinds), asked.format)

    def _table(self, which: str, asked: Asked) -> Response:
        name, held = self._one(asked)
        return _rows(f"{name}: {which}", held.tables()[which], asked, study=name)

    def _sql(self, asked: Asked) -> Response:
        name, held = self._one(asked)
        tables = held.tables()
        if asked.sql is None:
            if asked.format != "html":
                raise QueryError("What is asked? Give the query as q, as /sql?q=select+count(*)+from+trials.")
            columns = [(table, ", ".join(frame.columns)) for table, frame in tables.items()]
            return _page(f"{name}: query", study=name, sql="", columns=columns)
        most = SHOWN_ROWS if asked.format == "html" else MOST_ROWS
        read = {table: frame.lazy() for table, frame in tables.items()}
        found, rows = select(read, asked.sql, max_rows=most, limit_s=LIMIT_S)
        note = f"first {most:,} of {rows:,} rows" if rows > most else ""
        if note and asked.format != "html":
            raise QueryError(f"The answer would be the {note} only. Add a LIMIT, or ask for less.")
        return _rows(f"{name}: query", found, asked, study=name, note=note, sql=asked.sql)

    def _summary(self, asked: Asked) -> Response:
        name, held = self._one(asked)
        if asked.format not in ("html", "json"):
            raise QueryError("A summary has several tables: it is given as json or html.")
        findings = held.findings()
        if asked.format == "html":
            sheets = [(table.title, grid(table.frame), table.note) for table in findings.tables]
            return _page(f"{name}: summary", study=name, findings=findings, sheets=sheets)
        said = {
            "study": findings.study,
            "question": findings.question,
            "answer": findings.paragraphs,
            "caveats": findings.caveats,
            "tables": {
                each.name: {"title": each.title, "note": each.note, "rows": json.loads(each.frame.write_json())}
                for each in findings.tables
            },
            "facts": dict(findings.facts),
        }
        return _response(json.dumps(said, ensure_ascii=False, allow_nan=False).encode(), "json")

    def _report(self, asked: Asked) -> Response:
        return _response(self._one(asked)[1].page().encode(), "html", policy=_REPORT)

    def _one(self, asked: Asked) -> tuple[str, Held]:
        """Return the study that is asked for; the only one needs no name."""
        held = self._studies.all()
        name = next(iter(held)) if asked.study is None and len(held) == 1 else asked.study
        if name is None or name not in held:
            near = difflib.get_close_matches(name or "", held, n=1)
            what = "Which study?" if name is None else f"There is no study {name!r} here."
            hint = f" Did you mean {near[0]}?" if near else ""
            raise QueryError(f"{what}{hint} study is one of: {', '.join(held) or '(there is none yet)'}.")
        return name, held[name]


def _asked(request: Request) -> Asked:
    query = request.query_params
    for key in query:
        if key not in KEYS:
            raise QueryError(f"{key!r} is not understood: what can be asked is {', '.join(KEYS)}.")
        if len(query.getlist(key)) > 1:
            raise QueryError(f"{key} is given more than once. Give it once.")
    format_ = format_of(query.get("format"), request.headers.get("accept", ""))
    return Asked(study=query.get("study"), format=format_, sql=query.get("q") or None)


def _rows(title: str, frame: pl.DataFrame, asked: Asked, *, study: str, note: str = "", sql: str = "") -> Response:
    if asked.format != "html":
        return _data(frame, asked.format)
    if frame.height > SHOWN_ROWS:
        note = f"first {SHOWN_ROWS:,} of {frame.height:,} rows"
    plain = flat(frame)
    if left_out := [name for name in frame.columns if name not in plain.columns]:
        note = f"{note} without the nested columns {', '.join(left_out)}".strip()
    return _page(title, study=study, sql=sql, sheets=[("", grid(plain.head(SHOWN_ROWS)), note)])


def _data(frame: pl.DataFrame, format_: Format) -> Response:
    return _response(written(frame, format_), format_)


def _page(title: str, **shown: Any) -> Response:
    text = environment("dashboard").get_template("page.html").render(title=title, **shown)
    return _response(text.encode(), "html")


def _response(content: bytes, format_: Format, *, policy: str = _PAGE) -> Response:
    headers = {**_EVERY, "Content-Security-Policy": policy}
    return Response(content, media_type=TYPES[format_], headers=headers)


def _sentence(status: int, sentence: str) -> Response:
    headers = {**_EVERY, "WWW-Authenticate": "Bearer"} if status == 401 else dict(_EVERY)
    return Response(f"{sentence}\n", status_code=status, media_type="text/plain", headers=headers)
