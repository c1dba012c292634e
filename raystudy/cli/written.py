"""A result written as asked: a report for people on the terminal or as Markdown, or one JSON object for programs."""

import json
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from raystudy.analysis.findings import Findings


class Format(StrEnum):
    """How a result is written."""

    table = "table"
    json = "json"
    md = "md"


def write(format_: Format, *, findings: "Callable[[], Findings]", record: Callable[[], Mapping[str, Any]]) -> None:
    """Write the record as JSON, or the findings for people; the other one is not made."""
    from raystudy import report

    if format_ is Format.json:
        sys.stdout.write(json.dumps(record(), indent=2, allow_nan=False, ensure_ascii=False) + "\n")
    elif format_ is Format.md:
        sys.stdout.write(report.render_markdown(findings()))
    else:
        report.show(findings(), Console())
