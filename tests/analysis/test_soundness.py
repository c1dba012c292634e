"""Second thoughts in a table: one row a measure, each figure where it belongs."""

import numpy as np

from raystudy.analysis.soundness import soundness_table
from raystudy.stats.checks import Checks, check
from raystudy.stats.comparison import Along, compare
from raystudy.stats.design import Design, one_way


def checked(data: Design) -> tuple[Along, Checks]:
    """Return what is said along the only factor, and the looks at it."""
    return compare(data).along[0], check(data)


def made() -> Design:
    """Return ten subjects far apart at three levels, one value of which strays."""
    random = np.random.default_rng(8)
    values = random.normal(size=(10, 3)) + 20 * random.normal(size=(10, 1)) + np.arange(3)
    values[4, 1] += 30
    return one_way(values)


def test_a_row() -> None:
    """Figures are those of the looks, those of the leave-one-out the least and the greatest."""
    along, checks = checked(made())
    frame = soundness_table({"loss": (along, checks)}, first="measure", subjects="blocks").frame

    assert (
        "loss",
        checks.pairing.icc,
        checks.welch.p,
        checks.sign_flip.p,
        along.friedman.p,
        checks.influence.p_low,
        checks.influence.p_high,
        len(checks.diagnostics.outliers),
    ) == frame.select(
        "measure",
        "ICC",
        "Welch p",
        "sign-flip p",
        "Friedman p",
        "p without one, low",
        "p without one, high",
        "strays",
    ).row(0)


def test_subjects_are_called_as_the_table_calls_them() -> None:
    """A study has blocks, a table subjects; the plan is for as many of them."""
    table = soundness_table({"loss": checked(made())}, first="measure", subjects="blocks")

    assert True is ("blocks to plan" in table.frame.columns and "Blocks to plan" in table.note)


def test_what_cannot_be_looked_at_is_null() -> None:
    """A measure that never varies has no figure but its name, and none is NaN."""
    row = soundness_table({"size": checked(one_way(np.ones((5, 3))))}, first="measure", subjects="blocks").frame.row(0)

    assert ("size", []) == (row[0], [value for value in row[1:] if value is not None])


def test_of_nobody() -> None:
    """A measure that no block has whole is a row of nulls too."""
    frame = soundness_table({"x": checked(one_way(np.empty((0, 3))))}, first="measure", subjects="blocks").frame

    assert {"x", None} == set(frame.row(0))
