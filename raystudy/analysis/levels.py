"""Findings of one value across the levels of any table: the answer in a sentence, what to know, and the tests.

rows, Columns ──compared──▶ Levels ──findings──▶ Findings
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from raystudy.analysis.findings import Findings, Table
from raystudy.analysis.inference import differences, effects_table, frame_of, pairs_table, sizes_table, trends_table
from raystudy.analysis.level_answer import answer, interactions
from raystudy.analysis.soundness import soundness_table
from raystudy.analysis.tested_caveats import few_for_levels, left_out
from raystudy.analysis.words import listing
from raystudy.errors import AnalysisError
from raystudy.stats.cells import design
from raystudy.stats.checks import Checks, check
from raystudy.stats.comparison import Along, Comparison, compare
from raystudy.stats.equivalence import Equivalence, tost
from raystudy.stats.intervals import within_subject_intervals
from raystudy.stats.mixed import Mixed, mixed_model

FACTOR, SUBJECTS = "factor", "subjects"
_EACH_ROW = 0.97
"""Complete subjects have two rows or more; the count of different names is off by a hundredth or so."""
MOST_PAIRS = 45
"""More pairs than these, of ten levels, are too many to read; JSON has them all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """What the columns of a table stand for."""

    subject: str
    within: tuple[str, ...]
    between: tuple[str, ...] = ()
    value: str

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that name things; the other one holds numbers."""
        return (self.subject, *self.within, *self.between)


@dataclass(frozen=True, kw_only=True, slots=True)
class Levels:
    """All that is said of one value across the levels of a table."""

    value: str
    comparison: Comparison
    checks: tuple[Checks, ...]
    """Of each within factor, in order."""
    equivalence: tuple[Equivalence, ...] = ()
    """Of the pairs of the first within factor, where it was asked for."""
    mixed: Mixed | None = None


def compared(rows: pl.LazyFrame, columns: Columns, *, equivalent: float | None = None, mixed: bool = False) -> Levels:
    """
    Compare; `equivalent` is the difference below which levels count as the same, `mixed` asks for a mixed model.

    Raises AnalysisError for one subject alone, for a mixed model of several factors, and for what `design` refuses.
    """
    if equivalent is not None and not 0 < equivalent < math.inf:
        raise AnalysisError(
            f"A difference of {equivalent:g} cannot be the bound below which levels count as the same. Give a positive "
            "number, in the unit of the value."
        )
    if mixed and len(columns.names) > 2:
        raise AnalysisError("A mixed model is fitted to one within factor alone; give no other factor beside it.")
    _refuse_unrepeated(rows, columns)
    data = design(rows, subject=columns.subject, within=columns.within, between=columns.between, value=columns.value)
    if data.n_given < 2:
        raise AnalysisError(
            f"The table has one subject only, by its column {columns.subject!r}. A comparison within subjects needs "
            "two or more: give the column that names them, each of which has a value at every level."
        )
    comparison = compare(data)
    first = comparison.along[0].data
    return Levels(
        value=columns.value,
        comparison=comparison,
        checks=tuple(check(each.data) for each in comparison.along),
        equivalence=() if equivalent is None else tost(first, low=-equivalent, high=equivalent),
        mixed=_fitted(rows, columns, first.levels) if mixed else None,
    )


def _refuse_unrepeated(rows: pl.LazyFrame, columns: Columns) -> None:
    """Refuse a subject column that names each row, before a great table is grouped by it."""
    names = pl.col(columns.subject), pl.col(columns.within[0])
    counts = rows.select(pl.len(), *(name.approx_n_unique() for name in names)).collect(engine="streaming")
    n_rows, subjects, levels = counts.row(0)
    if levels > 1 and subjects > _EACH_ROW * n_rows:
        raise AnalysisError(
            f"Nearly each of the {n_rows:,} rows has a {columns.subject!r} of its own, so nothing is compared within "
            "one. Name the column that is the same across levels, such as a seed or a block."
        )


def _fitted(rows: pl.LazyFrame, columns: Columns, levels: Sequence[str]) -> Mixed:
    (level,) = columns.within
    return mixed_model(rows.collect(), subject=columns.subject, level=level, value=columns.value, levels=levels)


def findings(levels: Levels) -> Findings:
    """Say what was found."""
    comparison, data = levels.comparison, levels.comparison.data
    along = {each.factor: each for each in comparison.along}
    checked = {name: (each, check) for (name, each), check in zip(along.items(), levels.checks, strict=True)}
    pairs = {name: differences(each.pairs) for name, each in along.items() if 0 < len(each.pairs) <= MOST_PAIRS}
    return Findings(
        study=levels.value,
        question=f"Does {levels.value} differ by {listing([each.name for each in (*data.between, *data.within)])}?",
        answer=tuple(answer(comparison, value=levels.value, mixed=levels.mixed)),
        caveats=tuple(_caveats(comparison)),
        tables=(
            _means(comparison),
            effects_table(comparison.tested, first="effect", subjects=SUBJECTS),
            sizes_table(comparison.tested, first="effect", subjects=SUBJECTS),
            *_trends(along),
            *([pairs_table(pairs, first=FACTOR, subjects=SUBJECTS)] if pairs else []),
            *_equivalence(levels.equivalence),
            *_mixed(levels.mixed),
            soundness_table(checked, first=FACTOR, subjects=SUBJECTS),
        ),
        figures=(),
        facts=(),
    )


def _caveats(comparison: Comparison) -> Iterator[str]:
    data = comparison.data
    yield from left_out(data, subject="subject", cell="a cell")
    yield from interactions(comparison)
    for along in comparison.along:
        levels = along.data.levels
        if along.data.scores is None and any(level[:1].isdigit() for level in levels):
            yield (
                f"The levels of {along.factor} are text ({levels[0]!r}, ...), so they stand as they first appear, and "
                "have no trend; write plain numbers, as 1000 for 1K, if they are sizes."
            )
        if len(along.pairs) > MOST_PAIRS:
            yield f"The {len(along.pairs)} pairs of {along.factor} are too many to read here; --format json has all."
        yield from few_for_levels(along.data, subjects="subjects", levels=f"levels of {along.factor}")


def _means(comparison: Comparison) -> Table:
    rows = [
        {"factor": along.factor, "level": level, "mean": each.mean, "95 % low": each.low, "95 % high": each.high}
        for along in comparison.along
        for level, each in zip(along.data.levels, within_subject_intervals(along.data.values), strict=True)
    ]
    kinds = {"factor": pl.String, "level": pl.String}
    note = "Intervals leave out what differs between subjects (Cousineau and Morey)."
    return Table(name="means", title="Means", frame=frame_of(rows, kinds, SUBJECTS), note=note)


def _trends(along: Mapping[str, Along]) -> Iterator[Table]:
    trends = {name: each.trend for name, each in along.items() if each.data.scores is not None}
    if trends:
        yield trends_table(trends, first=FACTOR, subjects=SUBJECTS)


def _equivalence(equivalences: Sequence[Equivalence]) -> Iterator[Table]:
    if equivalences:
        rows = [
            {
                "pair": f"{each.b} − {each.a}",
                "difference": None if each.mean_diff is None else 0.0 - each.mean_diff,
                "p (TOST)": each.p,
                "df": each.df,
            }
            for each in equivalences
        ]
        note = "Two one-sided tests: a small p says that the difference is smaller than the bound, either way."
        frame = frame_of(rows, {"pair": pl.String, "df": pl.Int64}, SUBJECTS)
        yield Table(name="equivalence", title="Are they the same for practical purposes?", frame=frame, note=note)


def _mixed(mixed: Mixed | None) -> Iterator[Table]:
    if mixed is not None:
        rows = [{"level": each.level, "n": each.n, "mean": each.mean, "± se": each.se} for each in mixed.means]
        frame = frame_of(rows, {"level": pl.String, "n": pl.Int64}, SUBJECTS)
        yield Table(name="mixed", title="With every value: a mixed model", frame=frame, note=_mixed_note(mixed))


def _mixed_note(mixed: Mixed) -> str:
    if mixed.f is None or mixed.p is None:
        return f"No fit: {mixed.reason}."
    return (
        f"Random intercept for each of {mixed.n_subjects} subjects, all {mixed.n_cells} cells: F({mixed.df_effect}, "
        f"{mixed.df_error}) = {mixed.f:.2f}, p = {mixed.p:.3g}. It takes any two levels to correlate alike, so it is "
        "for missing cells, not for trajectories."
    )
