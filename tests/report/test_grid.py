"""Tests of tables as text."""

import polars as pl

from raystudy.report.grid import Grid, grid


def test_a_grid_says_which_columns_hold_numbers() -> None:
    """Numbers are read from the right, text from the left; the layout asks the grid which is which."""
    frame = pl.DataFrame({"trial": ["a", "b"], "n": [1, None], "energy, J": [1.5, 2.5]})

    written = grid(frame)

    assert (
        Grid(
            names=("trial", "n", "energy, J"),
            numeric=(False, True, True),
            rows=(("a", "1", "1.5"), ("b", "—", "2.5")),
        )
        == written
    )


def test_a_table_without_rows_keeps_its_names() -> None:
    """An empty table still says what it would have held."""
    written = grid(pl.DataFrame(schema={"pair": pl.String, "t": pl.Float64}))

    assert (("pair", "t"), ()) == (written.names, written.rows)
