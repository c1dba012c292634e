"""Tables of tests: each figure in its row, each missing one with its reason."""

import math

import numpy as np
import polars as pl
import pytest

from raystudy.analysis.inference import (
    REASON,
    differences,
    effects_table,
    frame_of,
    pair_name,
    pairs_table,
    trends_table,
)
from raystudy.stats.decision import decided
from raystudy.stats.design import Design, one_way
from raystudy.stats.pairwise import pairwise
from raystudy.stats.trend import trend

CONSTANT = one_way(np.ones((6, 3)), ["1", "2", "4"])


def made(*, n: int = 8) -> Design:
    """Return subjects at three levels of size 1, 2 and 4, rising."""
    return one_way(np.random.default_rng(2).normal(size=(n, 3)) + np.arange(3), ["1", "2", "4"])


def test_effects() -> None:
    """One row a name, with the test that decides before the others, and log10 p beside p."""
    data = made()
    frame = effects_table({"loss": decided(data)}, first="measure", subjects="blocks").frame
    effect, decision = decided(data)

    assert effect.test is not None
    assert ("loss", 8, decision.test, decision.p, decision.log10_p, effect.test.f) == frame.select(
        "measure", "blocks", "decided by", "p", "log10 p", "F"
    ).row(0)


def test_no_column_of_reasons_without_a_reason() -> None:
    """Where every test exists, nothing is said of those that do not."""
    assert REASON not in effects_table({"loss": decided(made())}, first="measure", subjects="blocks").frame.columns


def test_a_reason_in_the_words_of_a_study() -> None:
    """What statistics call a subject is called as the table calls it, and what is missing is null."""
    tested = {"loss": decided(made()), "size": decided(CONSTANT)}
    frame = effects_table(tested, first="measure", subjects="blocks").frame

    assert [None, "constant: no block differs between levels"] == frame[REASON].to_list()
    assert [False, True] == frame["F"].is_null().to_list()


def test_no_nan() -> None:
    """What has no value is null in every table, never NaN."""
    frames = (
        effects_table({"x": decided(CONSTANT)}, first="measure", subjects="blocks").frame,
        pairs_table({"x": pairwise(CONSTANT)}, first="measure", subjects="blocks").frame,
        trends_table({"x": trend(CONSTANT)}, first="measure", subjects="blocks").frame,
    )

    assert [0, 0, 0] == [
        sum(math.isnan(value) for row in frame.rows() for value in row if isinstance(value, float)) for frame in frames
    ]


def test_why_there_is_no_mauchly() -> None:
    """Where sphericity cannot be tested, the note says why, once."""
    few = one_way(np.random.default_rng(0).normal(size=(3, 6)))
    note = effects_table({name: decided(few) for name in "ab"}, first="measure", subjects="blocks").note

    assert 1 == note.count("Where Mauchly's p is missing: singular: fewer degrees of freedom than contrasts.")


def test_differences_are_later_less_earlier() -> None:
    """People ask what more of it did: signs and bounds are turned, p values are not."""
    (pair, *_), (turned, *_) = pairwise(made()), differences(pairwise(made()))

    assert pair.mean_diff is not None
    assert ("2 − 1", -pair.mean_diff, pair.p, pair.p_max_t) == (
        pair_name(turned),
        turned.mean_diff,
        turned.p,
        turned.p_max_t,
    )
    assert turned.ci_low is not None
    assert turned.ci_high is not None
    assert True is (turned.ci_low < -pair.mean_diff < turned.ci_high)


def test_no_difference_has_no_sign() -> None:
    """A difference of nothing is 0, not -0, whichever way it is taken."""
    values = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]])
    (turned,) = differences(pairwise(one_way(values)))

    assert ("0.0", "0.0", "0.0") == (str(turned.mean_diff), str(turned.t), str(turned.d_z))


def test_a_pair_without_a_test_keeps_its_difference() -> None:
    """Every subject shows the same difference: it is known, and its t is not."""
    (pair,) = pairwise(one_way(np.array([[1.0, 2.0], [2.0, 3.0], [5.0, 6.0]])))
    frame = pairs_table({"x": differences([pair])}, first="measure", subjects="seeds").frame

    assert (1.0, None, "zero error: every seed shows the same effect, so F and t are infinite") == frame.select(
        "difference", "t", REASON
    ).row(0)


def test_trends() -> None:
    """Four rows a name: line and bend, over levels and over their logarithms; slopes are of lines alone."""
    frame = trends_table({"loss": trend(made())}, first="measure", subjects="blocks").frame

    assert ["line", "bend", "line over logarithms", "bend over logarithms"] == frame["trend"].to_list()
    assert [False, True, False, True] == frame["slope"].is_null().to_list()


@pytest.mark.parametrize("title", ["anova", "pairwise", "trend"])
def test_tables_of_nothing(title: str) -> None:
    """No measure makes a table without rows."""
    tables = (
        effects_table({}, first="measure", subjects="blocks"),
        pairs_table({}, first="measure", subjects="blocks"),
        trends_table({}, first="measure", subjects="blocks"),
    )

    assert [0] == [table.frame.height for table in tables if table.name == title]


def test_a_column_that_only_some_rows_have() -> None:
    """Rows need not have the same keys; whole numbers stay whole where that is known."""
    frame = frame_of([{"name": "a", "n": 3}, {"name": "b", "p": 0.5}], {"name": pl.String, "n": pl.Int64}, "blocks")

    assert [("a", 3, None), ("b", None, 0.5)] == frame.rows()
