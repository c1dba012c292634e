"""From long to wide: every cell filled once, or the subject is left out by name."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from raystudy.errors import AnalysisError
from raystudy.stats.design import Design, Dropped, Fault, design


def of(rows: Sequence[tuple[object, object, float | None]], levels: Sequence[str] = ("1", "2", "3")) -> Design:
    """Return the design of rows of subject, level, value."""
    table = pl.DataFrame(rows, schema=["subject", "level", "value"], orient="row")
    return design(table, subject="subject", level="level", value="value", levels=levels)


def complete(*subjects: str) -> list[tuple[object, object, float | None]]:
    """Return rows of subjects that lack nothing."""
    return [(subject, level, float(level)) for subject in subjects for level in (1, 2, 3)]


def test_values_stand_by_subject_and_level() -> None:
    """Rows in any order become the same matrix."""
    found = of([("a", 2, 2.0), ("b", 1, 3.0), ("b", 2, 4.0), ("a", 1, 1.0)], levels=("1", "2"))

    assert [[1.0, 2.0], [3.0, 4.0]] == found.values.tolist()


def test_levels_stand_in_the_order_given() -> None:
    """The order given is kept, and a level that nobody has leaves nobody."""
    found = of(complete("a"), levels=("3", "2", "4"))

    assert (("3", "2", "4"), (0, 3)) == (found.levels, found.values.shape)


def test_diagonally_missing_cells_are_seen() -> None:
    """Subjects that each lack another level are all named, though every level holds as many rows."""
    rows = [row for row in complete("a", "b", "c", "d") if (row[0], row[1]) not in {("a", 1), ("b", 2), ("c", 3)}]
    found = of(rows)

    assert (("d",), {"a": ("1",), "b": ("2",), "c": ("3",)}) == (
        found.subjects,
        {dropped.subject: dropped.levels for dropped in found.dropped},
    )


@pytest.mark.parametrize(
    ("extra", "fault"),
    [
        ([("b", 1, 1.0), ("b", 2, None), ("b", 3, 1.0)], Fault.MISSING),
        ([("b", 1, 1.0), ("b", 2, float("nan")), ("b", 3, 1.0)], Fault.NOT_FINITE),
        ([("b", 1, 1.0), ("b", 2, 1.0), ("b", 2, 1.0), ("b", 3, 1.0)], Fault.REPEATED),
    ],
)
def test_who_is_dropped_and_why(extra: list[tuple[object, object, float | None]], fault: Fault) -> None:
    """A null, a NaN and a second value each take their subject out, with the level where it happened."""
    found = of(complete("a") + extra)

    assert (("a",), (Dropped(subject="b", fault=fault, levels=("2",)),)) == (found.subjects, found.dropped)


def test_dropped_reads_as_a_sentence() -> None:
    """The list of who was dropped can be printed as it is."""
    assert "r03 has no value at 50,000" == str(Dropped(subject="r03", fault=Fault.MISSING, levels=("50,000",)))


def test_rows_without_identity_are_refused() -> None:
    """A value of nobody cannot be left out in silence."""
    with pytest.raises(AnalysisError, match="no subject or no level"):
        of([(None, 1, 1.0), ("a", 1, 2.0)])


def test_large_designs_keep_their_order() -> None:
    """A thousand subjects at twenty levels stand where they belong."""
    rows = [(f"s{i}", j, float(i * 20 + j)) for i in range(1000) for j in range(20)]

    assert np.array_equal(np.arange(20_000.0).reshape(1000, 20), of(rows, levels=[str(j) for j in range(20)]).values)
