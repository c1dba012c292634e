"""Tests of the public functions of the report."""

import subprocess
import sys
from pathlib import Path

from raystudy.analysis.findings import Findings
from raystudy.report import write_report


def test_the_report_is_a_page_a_text_and_its_charts(findings: Findings, tmp_path: Path) -> None:
    """One call writes all that belongs together, and says where the page is."""
    page = write_report(findings, tmp_path / "out")

    written = {path.relative_to(page.parent).as_posix() for path in page.parent.rglob("*") if path.is_file()}
    charts = {f"charts/{figure.name}.svg" for figure in findings.figures}
    assert {"report.html", "report.md", *charts} == written


def test_importing_the_report_loads_no_chart_library() -> None:
    """A verb that only shows a table starts quickly: Altair, Vega and Jinja come when a chart is drawn."""
    code = "import sys, raystudy.report; print([m for m in ('altair', 'vl_convert', 'jinja2') if m in sys.modules])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "[]" == said.strip()
