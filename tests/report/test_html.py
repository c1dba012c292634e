"""Tests of the page."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from raystudy.analysis.findings import Findings, Table
from raystudy.report import render_html
from raystudy.report.charts import theme

LOADING = {"src", "href", "srcset", "data", "poster", "action", "xlink:href"}


class _Page(HTMLParser):
    """Collects what a browser would load, and what it would run or show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[tuple[str, str | None]] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [(tag, value) for name, value in attrs if name in LOADING]


def test_the_page_loads_nothing(page: str) -> None:
    """No script, style, font or picture comes from anywhere: the page opens offline."""
    styles = "".join(re.findall(r"<style>.*?</style>", page.partition("<body>")[0], flags=re.DOTALL))

    assert ([], False, False) == (_Page(page).loads, "@import" in styles, "url(" in styles)


def test_the_page_forbids_itself_to_load(page: str) -> None:
    """The browser is told to load nothing, so that not even Vega can."""
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)

    assert policy is not None
    assert "default-src 'none'" in policy[1]


def test_vega_is_inlined_once(page: str) -> None:
    """Five charts share one copy of the libraries."""
    assert 1 == page.count("window.vegaEmbed=")


def test_a_page_without_figures_carries_no_libraries(findings: Findings) -> None:
    """Where nothing is drawn, nothing runs."""
    bare = render_html(replace(findings, figures=()))

    assert "script" not in _Page(bare).tags


def test_the_answer_comes_first_and_the_facts_last(page: str) -> None:
    """Question, answer, caveats, figures, tables, facts: the doubts stand before the numbers."""
    parts = ['class="question"', *(f'id="{name}"' for name in ("answer", "caveats", "figures", "tables", "facts"))]

    places = [page.index(part) for part in parts]

    assert sorted(places) == places


def test_every_figure_stands_without_javascript(page: str, findings: Findings) -> None:
    """Each figure is a picture before any script runs."""
    assert len(findings.figures) == len(re.findall(r'<div class="still"><svg', page))


def test_every_figure_has_a_title_and_a_caption(page: str, findings: Findings) -> None:
    """A figure says in words what it shows."""
    titles = re.findall(r'<h3 id="figure-\w+-title">(.*?)</h3>', page)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)

    assert [(figure.title, figure.caption) for figure in findings.figures] == list(zip(titles, captions, strict=True))


@pytest.mark.parametrize("field", ["study", "question"])
def test_text_from_users_stays_text(findings: Findings, field: str) -> None:
    """A study's name or question with markup in it is shown, not obeyed."""
    hostile = replace(findings, figures=(), **{field: "<script>alert('5 & 6')</script>"})

    page = render_html(hostile)

    assert ("&lt;script&gt;alert(&#39;5 &amp; 6&#39;)&lt;/script&gt;" in page, "script" in _Page(page).tags) == (
        True,
        False,
    )


def test_a_figures_text_cannot_end_its_script(findings: Findings) -> None:
    """A title that ends a script would run what follows it."""
    hostile = replace(findings.figures[0], title="</script><b id='out'>", x_title="</script><b id='out'>")

    page = render_html(replace(findings, figures=(hostile,)))

    assert "b" not in _Page(page).tags


def test_a_missing_value_is_shown_as_a_dash(findings: Findings) -> None:
    """Null, and NaN too, is a dash in a cell that is read from the right."""
    frame = pl.DataFrame({"level": ["a", "b"], "energy, J": [None, float("nan")]})

    page = render_html(replace(findings, figures=(), tables=(Table(name="t", title="T", frame=frame),)))

    assert 2 == page.count('<td class="n">—</td>')


def test_no_caveat_is_said_in_words(findings: Findings) -> None:
    """A study without doubts says so, rather than leaving the reader to wonder."""
    page = render_html(replace(findings, figures=(), caveats=()))

    assert "None of raystudy&#39;s checks raised a doubt" in page


def test_the_page_stays_small(page: str) -> None:
    """The page can be mailed: under 5 MB with five charts, most of it Vega."""
    assert len(page.encode()) < 5_000_000


def test_every_data_colour_has_a_sister_for_the_dark(page: str) -> None:
    """A dark blue line on a dark page is lost: the style sheet lightens each colour that marks are drawn in."""
    dark = page.partition("prefers-color-scheme: dark")[2].partition("</style>")[0]

    assert [] == [color for color in (theme.INK, theme.MEAN, theme.EACH, *theme.DEVICES) if f'"{color}"]' not in dark]


def test_paragraphs_stand_apart(findings: Findings) -> None:
    """Each has an element of its own, where the answer has paragraphs."""
    answer, bare = ("First.", "Second."), replace(findings, figures=())
    head = '<section id="answer" aria-label="Answer">\n  <h2>Answer</h2>\n'

    assert f"{head}  <p>First. Second.</p>\n</section>" in render_html(replace(bare, answer=answer))
    assert f"{head}  <p>First.</p>\n  <p>Second.</p>\n</section>" in render_html(
        replace(bare, answer=answer, in_paragraphs=True)
    )
