"""From long to wide: every cell of every subject filled, or the subject is left out by name."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from raystudy.errors import AnalysisError
from raystudy.stats.cells import design
from raystudy.stats.design import Design, Dropped, Fault

Row = tuple[object, object, float | None]


def of(rows: Sequence[Row], levels: Sequence[str] | None = None) -> Design:
    """Return the one-way design of rows of subject, level, value."""
    table = pl.DataFrame(rows, schema=["subject", "level", "value"], orient="row")
    named = None if levels is None else {"level": levels}
    return design(table, subject="subject", within=["level"], value="value", levels=named)


def complete(*subjects: str) -> list[Row]:
    """Return rows of subjects that lack nothing."""
    return [(subject, level, float(level)) for subject in subjects for level in (1, 2, 3)]


def crossed(*, without: Sequence[tuple[str, str, str]] = (), **columns: str) -> pl.DataFrame:
    """Return three subjects at 2 x 2 cells, their values 0, 1, 2, ..., less some cells; columns are one text each."""
    cells = [(subject, a, b) for subject in "xyz" for a in ("low", "high") for b in ("1", "2")]
    rows = [(*cell, float(place)) for place, cell in enumerate(cells) if cell not in without]
    table = pl.DataFrame(rows, schema=["subject", "a", "b", "value"], orient="row")
    return table.with_columns(pl.lit(text).alias(name) for name, text in columns.items())


def two_way(table: pl.DataFrame, **asked: Any) -> Design:
    """Return the design of two factors within subjects."""
    return design(table, subject="subject", within=["a", "b"], value="value", **asked)


def test_values_stand_by_subject_and_level() -> None:
    """Rows in any order become the same matrix."""
    found = of([("x", 2, 2.0), ("y", 1, 3.0), ("y", 2, 4.0), ("x", 1, 1.0)])

    assert [[1.0, 2.0], [3.0, 4.0]] == found.values.tolist()


def test_levels_stand_in_the_order_given() -> None:
    """The order given is kept, and a level that nobody has leaves nobody."""
    found = of(complete("x"), levels=("3", "2", "4"))

    assert (("3", "2", "4"), (0, 3)) == (found.levels, found.values.shape)


def test_levels_that_are_not_named_are_left_out() -> None:
    """What a subject lacks at a level that nobody asks for costs it nothing."""
    found = of([*complete("x"), ("y", 1, 4.0), ("y", 2, 5.0)], levels=("1", "2"))

    assert ([[1.0, 2.0], [4.0, 5.0]], ()) == (found.values.tolist(), found.dropped)


def test_numbers_stand_by_their_size() -> None:
    """The level 10 comes after 9, not after 1, and so does the subject 10."""
    found = of([(subject, level, 1.0) for subject in ("10", "9") for level in ("10", "9", "1e3", "2,000")])

    assert (("9", "10"), ("9", "10", "1e3", "2,000")) == (found.subjects, found.levels)


def test_names_stand_as_they_appear() -> None:
    """Levels that are no numbers keep the order of the table, which is often one of sense: before, after."""
    found = of([("x", "before", 1.0), ("x", "after", 2.0)])

    assert ("before", "after") == found.levels


def test_subjects_do_not_stand_as_they_appear() -> None:
    """What is drawn at random for each subject is the same for the same table, however its rows are sorted."""
    rows = complete("b", "a", "c")

    assert of(rows).subjects == of(rows[::-1]).subjects


def test_one_number_written_twice_is_refused() -> None:
    """Whether 1000 and 1e3 are meant to be two levels, a table cannot tell."""
    with pytest.raises(AnalysisError, match="level holds both '1000' and '1e3', which are one number"):
        of([("x", "1000", 1.0), ("x", "1e3", 2.0)])


def test_diagonally_missing_cells_are_seen() -> None:
    """Subjects that each lack another level are all named, though every level holds as many rows."""
    rows = [row for row in complete("a", "b", "c", "d") if (row[0], row[1]) not in {("a", 1), ("b", 2), ("c", 3)}]
    found = of(rows)

    assert (("d",), {"a": ("1",), "b": ("2",), "c": ("3",)}) == (
        found.subjects,
        {dropped.subject: dropped.levels for dropped in found.dropped},
    )


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ((1.0, None, 1.0), Fault.MISSING),
        ((1.0, float("nan"), 1.0), Fault.NOT_FINITE),
        ((1.0, float("-inf"), 1.0), Fault.NOT_FINITE),
    ],
)
def test_who_is_dropped_and_why(values: Sequence[float | None], fault: Fault) -> None:
    """A null, a NaN and an infinity each take their subject out, with the level where it happened."""
    found = of([*complete("a"), *(("b", level, value) for level, value in zip((1, 2, 3), values, strict=True))])

    assert (("a",), (Dropped(subject="b", fault=fault, levels=("2",)),), 2) == (
        found.subjects,
        found.dropped,
        found.n_given,
    )


def test_rows_that_are_not_there_are_missing_too() -> None:
    """A row with an empty value and no row at all are the same."""
    absent, empty = of([*complete("a"), ("b", 1, 1.0)]), of([*complete("a"), ("b", 1, 1.0), ("b", 2, None)])

    assert (Dropped(subject="b", fault=Fault.MISSING, levels=("2", "3")),) == absent.dropped == empty.dropped


def test_all_may_be_dropped() -> None:
    """Where nobody is complete, the design is empty and knows who was there."""
    found = of([("x", 1, 1.0), ("y", 2, 1.0)])

    assert ((0, 2), (), 2, 2) == (found.values.shape, found.subjects, found.n_given, len(found.dropped))


def test_replicates_are_averaged() -> None:
    """Two rows of one cell count as one, their mean, and the design says so."""
    found = of([*complete("x"), ("x", 2, 5.0)])

    assert ([[1.0, 3.5, 3.0]], 2) == (found.values.tolist(), found.replicates)


def test_an_empty_replicate_is_no_missing_cell() -> None:
    """A cell is missing where none of its rows holds a value."""
    found = of([*complete("x"), ("x", 2, None)])

    assert ([[1.0, 2.0, 3.0]], ()) == (found.values.tolist(), found.dropped)


def test_the_last_factor_varies_fastest() -> None:
    """Of 2 x 2 cells, the two of the second factor stand beside each other."""
    found = two_way(crossed())

    assert [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]] == found.values.tolist()


def test_a_cell_of_two_factors_is_named_by_both() -> None:
    """Who lacks a combination is told which."""
    (dropped,) = two_way(crossed(without=[("y", "high", "1")])).dropped

    assert Dropped(subject="y", fault=Fault.MISSING, levels=("high:1",)) == dropped


def test_a_combination_that_nobody_has_leaves_nobody() -> None:
    """A factor nested in another one is no factor crossed with it."""
    found = two_way(crossed(without=[(subject, "high", "2") for subject in "xyz"]))

    assert (0, 4) == found.values.shape


def test_groups_of_subjects() -> None:
    """Each subject belongs to the one combination of between levels that its rows name."""
    of_each = pl.col("subject").replace_strict({"x": "A", "y": "B", "z": "B"})
    found = two_way(crossed().with_columns(group=of_each), between=["group"])

    assert ((("A", "B"), [0, 1, 1], [1, 2])) == (
        found.between[0].levels,
        found.groups.tolist(),
        found.group_sizes.tolist(),
    )


def test_groups_that_nobody_belongs_to() -> None:
    """Two between factors that are not crossed leave a combination empty, and it counts."""
    of_each = {name: pl.col("subject").replace_strict(dict(zip("xyz", names, strict=True))) for name, names in HALVES}
    found = two_way(crossed().with_columns(**of_each), between=["g", "h"])

    assert [2, 0, 0, 1] == found.group_sizes.tolist()


HALVES = (("g", "AAB"), ("h", "112"))
"""Groups of x, y and z that cannot be told apart."""


def test_a_subject_in_two_groups_is_refused() -> None:
    """It has no group, or its factor is not one between subjects."""
    table = crossed().with_columns(group=pl.col("b"))

    with pytest.raises(AnalysisError, match="Subject x stands at several levels of group, as 3 of 3"):
        two_way(table, between=["group"])


@pytest.mark.parametrize(("row", "name"), [((None, 1, 1.0), "subject"), (("x", None, 1.0), "level")])
def test_rows_without_identity_are_refused(row: Row, name: str) -> None:
    """A value of nobody, or of no level, cannot be left out in silence."""
    with pytest.raises(AnalysisError, match=f"Some rows have no {name}"):
        of([row, ("x", 1, 2.0)])


def test_whole_numbers_and_categories_are_welcome() -> None:
    """Columns need no type of their own: what names things is read as text, what is measured as a number."""
    table = pl.DataFrame({"subject": [1, 1], "level": ["a", "b"], "value": [3, 4]})
    found = design(
        table.with_columns(pl.col("level").cast(pl.Categorical)), subject="subject", within=["level"], value="value"
    )

    assert (("1",), [[3.0, 4.0]]) == (found.subjects, found.values.tolist())


def test_replicates_of_many_digits_keep_them() -> None:
    """The mean of replicates far from zero is exact."""
    found = of([("x", 1, 1e8 + 0.25), ("x", 1, 1e8 + 0.75), ("x", 2, 1e8)])

    assert [[0.5, 0.0]] == (found.values - 1e8).tolist()


def test_large_designs_keep_their_order() -> None:
    """A thousand subjects at twenty levels stand where they belong."""
    rows = [(str(i), j, float(i * 20 + j)) for i in range(1000) for j in range(20)]

    assert np.array_equal(np.arange(20_000.0).reshape(1000, 20), of(rows[::-1]).values)
