"""Variance components: what initial weights do, what data order does, and the rest."""

import numpy as np
import polars as pl
import pytest

from raystudy.stats.components import Components, components
from raystudy.stats.design import Matrix
from raystudy.stats.reason import Reason

BY_HAND = np.array([[1.0, 2.0, 6.0], [5.0, 6.0, 7.0]])
"""Row means 3 and 6; column means 3, 4, 6.5; mean squares 13.5 (1), 6.5 (2) and 1.5 (2)."""


def long(values: Matrix, *, times: int = 1) -> pl.DataFrame:
    """Return a matrix (first, second) as a long table, each value so many times."""
    cells = [(f"i{a}", f"o{b}", value) for (a, row) in enumerate(values.tolist()) for (b, value) in enumerate(row)]
    return pl.DataFrame(cells * times, schema=["init", "order", "loss"], orient="row")


def split(table: pl.DataFrame) -> Components:
    """Return the components of such a table."""
    return components(table, first="init", second="order", value="loss")


def test_by_hand() -> None:
    """(13.5 - 1.5) / 3 columns, (6.5 - 1.5) / 2 rows, and 1.5."""
    found = split(long(BY_HAND))

    assert [("init", 1, pytest.approx(4.0)), ("order", 2, pytest.approx(2.5)), ("rest", 2, pytest.approx(1.5))] == [
        (each.name, each.df, each.variance) for each in (found.first, found.second, found.rest)
    ]


def test_the_rest_has_the_interval_of_chi_squared() -> None:
    """1.5 x 2 over 7.3778 and over 0.050636, its quantiles with 2 degrees of freedom."""
    rest = split(long(BY_HAND)).rest

    assert pytest.approx((3 / 7.37775891, 3 / 0.05063562)) == (rest.low, rest.high)


def test_without_a_rest_the_interval_is_that_of_chi_squared() -> None:
    """Where rows and columns add up exactly, a factor's mean square is all its own."""
    found = split(long(np.array([[0.0, 10.0], [1.0, 11.0], [5.0, 15.0]]))).first

    assert pytest.approx((7.0, 14 / 7.37775891, 14 / 0.05063562)) == (found.variance, found.low, found.high)


def test_levels_closer_than_chance_puts_them_have_none() -> None:
    """A negative estimate is 0, said beside what it was; its interval starts at 0."""
    found = split(long(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]]))).second

    assert (0.0, 0.0, True) == (found.variance, found.low, found.raw is not None and found.raw < 0)


def test_an_interval_that_would_end_below_zero_is_none() -> None:
    """Orders with equal means beside a large rest: [0, 0] would pass for certainty, so the reason stands instead."""
    found = split(long(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [2.0, 1.0], [1.5, 1.5]]))).second

    assert (0.0, None, None, True) == (
        found.variance, found.low, found.high, (found.reason or "").startswith("no interval: "),
    )  # fmt: skip


def test_an_offset_costs_nothing() -> None:
    """Losses 1e9 from zero have the same components."""
    near, far = (split(long(BY_HAND + offset)) for offset in (0.0, 2.0**30))

    assert near == far


def test_several_values_of_a_cell_are_averaged() -> None:
    """As many in each cell; that many are said."""
    once, twice = (split(long(BY_HAND, times=times)) for times in (1, 2))

    assert (once.first, once.rest, 2) == (twice.first, twice.rest, twice.values_per_cell)


def test_one_order_only() -> None:
    """The spread of initial weights is told with the interval of chi squared, and that it holds noise too."""
    found = split(long(np.array([[1.0], [2.0], [3.0]])))

    assert pytest.approx((1.0, 2 / 7.37775891, 2 / 0.05063562)) == (
        found.first.variance,
        found.first.low,
        found.first.high,
    )
    assert (
        "confounded: with one order, it holds interaction and noise too",
        (None, Reason.ONE_LEVEL),
        (None, "confounded: with one order, it is part of init"),
    ) == (
        found.first.reason,
        (found.second.variance, found.second.reason),
        (found.rest.variance, found.rest.reason),
    )


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (long(BY_HAND).clear(), Reason.NO_SUBJECT),
        (long(BY_HAND)[1:], "not crossed: init i0 has no value at o0; every init must meet every order, with a value"),
        (pl.concat([long(BY_HAND), long(BY_HAND)[:1]]), "unbalanced: cells of init and order hold 1 to 2 values"),
        (long(np.full((2, 2), 0.1)), "constant: all values are equal"),
        (long(np.array([[1.0]])), Reason.ONE_LEVEL),
    ],
)
def test_refused(table: pl.DataFrame, reason: str) -> None:
    """A table that is not crossed, or whose cells hold different numbers of values, has no components."""
    found = split(table)

    assert [(None, reason)] * 3 == [(each.variance, each.reason) for each in (found.first, found.second, found.rest)]


def test_the_true_variances_are_held() -> None:
    """Of 200 tables of 4 x 3 with variances 4, 1 and 1, 95 % intervals hold them as often as they say."""
    random, held = np.random.default_rng(0), np.zeros(3)
    for _ in range(200):
        values = 2 * random.normal(size=(4, 1)) + random.normal(size=(1, 3)) + random.normal(size=(4, 3))
        found = split(long(values))
        for place, (each, true) in enumerate(
            zip((found.first, found.second, found.rest), (4.0, 1.0, 1.0), strict=True)
        ):
            held[place] += each.low is not None and each.high is not None and each.low <= true <= each.high

    assert (held >= 183).all()  # 190 expected, with a deviation of 3.1
