"""Tests of the Markdown report."""

import re
from dataclasses import replace

import polars as pl
import pytest

from raystudy.analysis.findings import Findings, Table
from raystudy.report import chart_svgs, render_markdown
from raystudy.report.markdown import escape


def test_the_parts_stand_in_the_order_of_the_page(findings: Findings) -> None:
    """Answer, caveats, figures, tables, facts."""
    heads = re.findall(r"^## (.*)$", render_markdown(findings), flags=re.MULTILINE)

    assert ["Answer", "Caveats", "Figures", "Tables", "Facts"] == heads


def test_every_link_leads_to_a_chart(findings: Findings) -> None:
    """The Markdown links exactly the pictures that are written beside it."""
    links = re.findall(r"^!\[.*\]\((.*)\)$", render_markdown(findings), flags=re.MULTILINE)

    assert list(chart_svgs(findings)) == links


def test_a_table_is_githubs(findings: Findings) -> None:
    """Numbers are aligned right, text left, null is a dash, and a bar in a cell does not part it."""
    frame = pl.DataFrame({"pair": ["a|b", "c"], "t": [1.5, None]})

    text = render_markdown(replace(findings, figures=(), tables=(Table(name="t", title="T", frame=frame),)))

    assert "| pair | t |\n| :--- | ---: |\n| a\\|b | 1.5 |\n| c | — |\n" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words, 95 %.", "plain words, 95 %."),
        ("energy_j_per_token", "energy_j_per_token"),
        ("_emphasis_", r"\_emphasis\_"),
        ("2 * 3 * 4", r"2 \* 3 \* 4"),
        ("<b>bold</b>", r"\<b\>bold\</b\>"),
        ("costs $5 or $6", r"costs \$5 or \$6"),
        ("&lt; stays", r"\&lt; stays"),
        ("R&D", "R&D"),
        ("two\nlines", "two lines"),
        ("# no heading", r"\# no heading"),
        ("1. no list", r"1\. no list"),
    ],
)
def test_text_is_not_read_as_markup(text: str, expected: str) -> None:
    """What Markdown would obey is escaped; what reads well stays as it is."""
    written = escape(text)

    assert expected == written


def test_paragraphs_stand_apart(findings: Findings) -> None:
    """Each is a block of its own, where the answer has paragraphs."""
    answer = ("First.", "Second.")

    assert "## Answer\n\nFirst. Second.\n\n## Caveats" in render_markdown(replace(findings, answer=answer))
    assert "## Answer\n\nFirst.\n\nSecond.\n\n## Caveats" in render_markdown(
        replace(findings, answer=answer, in_paragraphs=True)
    )
