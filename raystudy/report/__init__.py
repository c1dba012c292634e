"""Findings told to people: as a page, as Markdown, in the terminal.

Findings ──render_html──▶ report.html      one file, opens offline
         ──render_markdown──▶ report.md    beside charts/NAME.svg from chart_svgs
         ──show──▶ the terminal
"""

from rich.console import Console

from raystudy.analysis.findings import Findings


def render_html(findings: Findings) -> str:
    """Write the report as one page that loads nothing from anywhere."""
    from raystudy.report.html import render_html as render  # Altair and Vega take a second to come

    return render(findings)


def render_markdown(findings: Findings) -> str:
    """Write the report as GitHub Markdown; its charts are links to `charts/NAME.svg`."""
    from raystudy.report.markdown import render_markdown as render

    return render(findings)


def chart_svgs(findings: Findings) -> dict[str, str]:
    """Draw each figure; the key is its path beside the Markdown, as `charts/loss.svg`."""
    from raystudy.report.charts import chart_svgs as draw

    return draw(findings.figures)


def show(findings: Findings, console: Console, *, brief: bool = False) -> None:
    """Print the answer, the caveats and the short tables, in at most 100 columns; if `brief`, the first ones."""
    from raystudy.report.terminal import show as show_in

    show_in(findings, console, brief=brief)
