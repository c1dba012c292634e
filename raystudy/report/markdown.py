"""The report as GitHub Markdown, for a repository, an issue or a review."""

import re
from collections.abc import Iterable, Iterator

from raystudy.analysis.findings import Figure, Findings, Table
from raystudy.report.grid import grid
from raystudy.report.words import NO_CAVEATS, chart_path

_MARKUP = re.compile(r"([\\`*\[\]<>|~$])|(?<![^\W_])(_)|(_)(?![^\W_])|(&)(?=#?\w+;)")
"""What Markdown, GitHub's tables or its mathematics would take for markup; an underscore within a word is none."""
_LINE_START = re.compile(r"^(\s*)([#+-]|\d+[.)])(?=\s)")


def render_markdown(findings: Findings) -> str:
    """Write the whole report; blocks stand apart by an empty line."""
    return "\n\n".join(_blocks(findings)) + "\n"


def escape(text: str) -> str:
    """Keep a user's text from being read as markup, on one line."""
    line = _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
    return _LINE_START.sub(lambda start: f"{start[1]}{start[2][:-1]}\\{start[2][-1]}", line)


def _blocks(findings: Findings) -> Iterator[str]:
    yield f"# {escape(findings.study)}"
    yield f"*{escape(findings.question)}*"
    yield "## Answer"
    yield from map(escape, findings.paragraphs)
    yield "## Caveats"
    yield _caveats(findings)
    if findings.figures:
        yield "## Figures"
    for figure in findings.figures:
        yield from _figure(figure)
    if findings.tables:
        yield "## Tables"
    for table in findings.tables:
        yield from _table(table)
    if findings.facts:
        yield "## Facts"
        yield "\n".join(f"- **{escape(name)}:** {escape(value)}" for name, value in findings.facts)


def _caveats(findings: Findings) -> str:
    numbered = [f"{place}. {escape(caveat)}" for place, caveat in enumerate(findings.caveats, start=1)]
    return "\n".join(numbered) or NO_CAVEATS


def _figure(figure: Figure) -> Iterator[str]:
    yield f"### {escape(figure.title)}"
    yield f"![{escape(figure.title)}]({chart_path(figure)})"
    yield escape(figure.caption)


def _table(table: Table) -> Iterator[str]:
    text = grid(table.frame)
    yield f"### {escape(table.title)}"
    yield "\n".join(
        [
            _row(escape(name) for name in text.names),
            _row("---:" if numeric else ":---" for numeric in text.numeric),
            *(_row(escape(cell) for cell in row) for row in text.rows),
        ]
    )
    if table.note:
        yield escape(table.note)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
