"""Tests of the public functions of the report."""

import subprocess
import sys

from raystudy.analysis.findings import Findings
from raystudy.report import chart_svgs, render_markdown


def test_the_markdown_links_to_its_charts(findings: Findings) -> None:
    """Each chart has the path that the Markdown links to."""
    markdown, charts = render_markdown(findings), chart_svgs(findings)

    assert {f"charts/{figure.name}.svg" for figure in findings.figures} == set(charts)
    assert all(f"({path})" in markdown for path in charts)


def test_importing_the_report_loads_no_chart_library() -> None:
    """A verb that only shows a table starts quickly: Altair, Vega and Jinja come when a chart is drawn."""
    code = "import sys, raystudy.report; print([m for m in ('altair', 'vl_convert', 'jinja2') if m in sys.modules])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "[]" == said.strip()
