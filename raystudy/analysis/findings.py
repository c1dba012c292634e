"""What a study may say: an answer, the doubts about it, tables and figures, as plain values that a report can show.

table of observations ──analysis──▶ Findings ──report──▶ terminal, Markdown, HTML
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table for people; column names carry their units."""

    name: str
    """Short and stable, as `conditions`; names an anchor in the report."""
    title: str
    frame: pl.DataFrame
    note: str = ""
    """What a reader must know to read it: what an abbreviation means, what is an estimate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """One line for each series over x, and their mean with an interval."""

    name: str
    title: str
    caption: str
    x_title: str
    y_title: str
    each: pl.DataFrame
    """Columns x, y, series (text)."""
    mean: pl.DataFrame
    """Columns x, y, low, high."""
    log_x: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Bands:
    """One line for each series over x, and for each arm, in a colour of its own, their mean with two bands."""

    name: str
    title: str
    caption: str
    x_title: str
    y_title: str
    each: pl.DataFrame
    """Columns x, y, series (text), arm (text)."""
    mean: pl.DataFrame
    """Columns x, y, low, high (pointwise), all_low, all_high (simultaneous), arm (text)."""
    marks: pl.DataFrame
    """Points of the means that stand out: columns x, y, arm (text)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """Differences between pairs of conditions, each with its interval, around a line at no difference."""

    name: str
    title: str
    caption: str
    x_title: str
    pairs: pl.DataFrame
    """Columns pair (text), difference, low, high."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerTrace:
    """Power over the seconds of one trial, with its spans marked."""

    name: str
    title: str
    caption: str
    y_title: str
    readings: pl.DataFrame
    """Columns device (text), at_s (from the start of the first span), power_w."""
    spans: pl.DataFrame
    """Columns span (text: load, train, eval, save), start_s, end_s."""


Figure = Lines | Bands | Differences | PowerTrace


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """All that one study found."""

    study: str
    question: str
    answer: tuple[str, ...]
    """A few sentences: two of an efficiency study; of a dynamics study two for each arm, and one for each pair. Of a
    composition study a paragraph for each task, and one on whether only volume counts."""
    caveats: tuple[str, ...]
    """What an expert would object to, each in a sentence or two; shown before the tables."""
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    facts: tuple[tuple[str, str], ...]
    """Name and value: machine, versions, corpus, method; shown last."""
    in_paragraphs: bool = False
    """Whether each text of the answer is a paragraph of its own."""

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The answer as it is laid out."""
        return self.answer if self.in_paragraphs else (" ".join(self.answer),)
