"""Answers that no unit, offset, order or name may change, over tables that nobody thought of.

Values are multiples of 1/1024 below 1024 in size, so they are exact in binary, also 2^27 away from zero: what a change
does to a statistic is then the statistic's doing, not that of storing the values.
"""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from raystudy.stats.cells import design
from raystudy.stats.comparison import Comparison, compare
from raystudy.stats.design import Matrix
from raystudy.stats.pairwise import Pair

TWO_WAY = {"a": ("1", "2", "4"), "b": ("x", "y")}
WITHIN: dict[str, dict[str, tuple[str, ...]]] = {
    "one-way": {"a": ("1", "2", "4", "8")},
    "two-way": TWO_WAY,
    "mixed": TWO_WAY,
}
"""Factors within subjects, and their levels; the mixed design has two groups of subjects besides."""

SUBJECTS = 7
STORED = {"one-way": 1e-9, "two-way": 1e-6, "mixed": 1e-6}
"""What is kept of pairs 1e8 from zero: averages over a second factor, thirds of 1/1024, are rounded where they lie."""
Figures = dict[str, tuple[float | None, ...]]
Table = pl.DataFrame

every_design = pytest.mark.parametrize("kind", WITHIN)
some = settings(deadline=None, derandomize=True, max_examples=6, phases=[Phase.generate])
"""The same examples in each run; few, since there are many rules and three designs, and not made smaller: a seed is."""

seeds = st.integers(0, 2**32 - 1)


def made(kind: str, seed: int) -> Table:
    """Return a long table: noise on noise of its subject, level and cell, so no two designs are alike."""
    random = np.random.default_rng(seed)
    levels = WITHIN[kind]
    shape = (SUBJECTS, *map(len, levels.values()))
    effect = random.normal(size=(1, *shape[1:])) * random.choice([0.1, 1.0, 5.0])
    values = random.normal(size=shape) + effect + 3 * random.normal(size=(SUBJECTS, *[1] * len(levels)))
    rows = [
        (f"s{subject}", "AB"[subject > 2], *cell) for subject in range(SUBJECTS) for cell in product(*levels.values())
    ]
    table = pl.DataFrame(rows, schema=["subject", "group", *levels], orient="row")
    return table.with_columns(value=pl.Series(np.round(values.ravel() * 1024) / 1024))


def compared(kind: str, table: Table, *, within: Sequence[str] | None = None) -> Comparison:
    """Return every test of a table."""
    names = list(WITHIN[kind]) if within is None else within
    between = ["group"] if kind == "mixed" else []
    return compare(design(table, subject="subject", within=names, between=between, value="value"))


def effects(found: Comparison) -> Figures:
    """Return what each effect's test says, none of which has a unit."""
    return {effect.name: _effect(found, place) for place, effect in enumerate(found.effects)}


def _effect(found: Comparison, place: int) -> tuple[float | None, ...]:
    effect, decision = found.effects[place], found.decisions[place]
    test = effect.test
    assert test is not None
    assert effect.sizes is not None
    corrections = test.greenhouse_geisser, test.huynh_feldt, test.chi_muller, test.lower_bound
    return (
        test.f,
        test.log10_p,
        *(figure for each in corrections for figure in (each.epsilon, each.log10_p)),
        test.mauchly.w,
        test.mauchly.p,
        effect.sizes.pes.value,
        effect.sizes.pes.low,
        effect.sizes.pes.high,
        None if decision.value is None else abs(decision.value),
        decision.log10_p,
    )


def shares(found: Comparison) -> Figures:
    """Return the sizes that count the differences between subjects: an offset of a subject changes them."""
    sizes = {effect.name: effect.sizes for effect in found.effects}
    return {name: (size.ges.value, size.omega2.value) for name, size in sizes.items() if size}


def pairs(found: Comparison) -> Figures:
    """Return what each pair's test says, by its two levels, the sign aside."""
    return {
        f"{along.factor} {' '.join(sorted((pair.a, pair.b)))}": _pair(pair)
        for along in found.along
        for pair in along.pairs
    }


def _pair(pair: Pair) -> tuple[float | None, ...]:
    size = None if pair.t is None or pair.d_z is None else (abs(pair.t), abs(pair.d_z))
    return (*(size or ()), pair.log10_p, pair.p_holm, pair.p_bonferroni, pair.p_max_t)


def close(expected: Figures, found: Figures, *, rel: float = 1e-9) -> bool:
    """Tell whether all figures agree, and the same ones are missing; logarithms of p near 1 agree by their size."""
    assert list(expected) == list(found)
    return all(
        (one is None and other is None) or other == pytest.approx(one, rel=rel, abs=rel)
        for name in expected
        for one, other in zip(expected[name], found[name], strict=True)
    )


def within_subjects(found: Comparison) -> Figures:
    """Return the effects that no offset of a subject may change: all but that of groups of subjects."""
    return {name: figures for name, figures in effects(found).items() if name != "group"}


def offsets(seed: int) -> dict[str, float]:
    """Return a whole number up to 1e8, either way, for each subject."""
    drawn = np.random.default_rng([seed, 1]).integers(-(10**8), 10**8, size=SUBJECTS)
    return {f"s{place}": float(offset) for place, offset in enumerate(drawn)}


def scaled(factor: float) -> Callable[[Table], Table]:
    """Return a change of unit."""
    return lambda table: table.with_columns(pl.col("value") * factor)


@every_design
@some
@given(seed=seeds, a=st.integers(-(2**27), 2**27), b=st.sampled_from([-4.0, -1.0, 0.5, 2.0, 1024.0]))
def test_unit_and_zero(kind: str, seed: int, a: int, b: float) -> None:
    """Under y -> a + b y no test changes; differences are multiplied by b."""
    table = made(kind, seed)
    changed = table.with_columns(value=a + b * pl.col("value"))
    before, after = compared(kind, table), compared(kind, changed)

    assert close(effects(before), effects(after))
    assert close(shares(before), shares(after))
    assert close(pairs(before), pairs(after), rel=STORED[kind])
    assert pytest.approx([b * (pair.mean_diff or 0) for pair in before.along[0].pairs], rel=1e-6, abs=1e-7) == [
        pair.mean_diff for pair in after.along[0].pairs
    ]


@every_design
@some
@given(seed=seeds, power=st.integers(-12, 12), digits=st.floats(1, 10))
def test_scale(kind: str, seed: int, power: int, digits: float) -> None:
    """Watts, microwatts and 1e-11 of parameter efficiency have the same tests, as exactly as a product is rounded."""
    table = made(kind, seed)
    before, after = compared(kind, table), compared(kind, scaled(digits * 10.0**power)(table))

    assert close(effects(before), effects(after))
    assert close(shares(before), shares(after))
    assert close(pairs(before), pairs(after))


@every_design
@some
@given(seed=seeds)
def test_subjects_far_apart(kind: str, seed: int) -> None:
    """What each subject adds to all of its values, up to 1e8, changes nothing that is tested within subjects."""
    table = made(kind, seed)
    apart = table.with_columns(pl.col("value") + pl.col("subject").replace_strict(offsets(seed)))
    before, after = compared(kind, table), compared(kind, apart)

    assert close(within_subjects(before), within_subjects(after))
    assert close(pairs(before), pairs(after), rel=STORED[kind])


@every_design
@some
@given(seed=seeds, order=seeds)
def test_order_of_rows(kind: str, seed: int, order: int) -> None:
    """Rows may stand in any order; which level that is no number appears first decides signs alone."""
    table = made(kind, seed)
    before, after = compared(kind, table), compared(kind, table.sample(fraction=1, shuffle=True, seed=order))

    assert close(effects(before), effects(after))
    assert close(shares(before), shares(after))
    assert close(pairs(before), pairs(after))


@every_design
@some
@given(seed=seeds)
def test_names_of_levels(kind: str, seed: int) -> None:
    """What levels and subjects are called changes no test; fewer than five of them have no trend to lose."""
    table = made(kind, seed)
    called = {name: f"the {name}" for name in "1248"}
    renamed = table.with_columns(pl.col("a").replace(called), pl.col("subject").str.replace("s", "seed "))
    before, after = compared(kind, table), compared(kind, renamed)

    assert close(effects(before), effects(after))
    assert [_pair(pair) for pair in before.along[0].pairs] == [_pair(pair) for pair in after.along[0].pairs]


@every_design
@some
@given(seed=seeds, times=st.integers(2, 3))
def test_rows_given_twice(kind: str, seed: int, times: int) -> None:
    """Copies of the whole table are replicates, whose means are the values: they buy no degree of freedom."""
    table = made(kind, seed)
    before, after = compared(kind, table), compared(kind, pl.concat([table] * times))

    assert (times, 1) == (after.data.replicates, before.data.replicates)
    assert close(effects(before), effects(after))
    assert close(pairs(before), pairs(after))


@some
@given(seed=seeds)
def test_order_of_factors(seed: int) -> None:
    """Which of two factors is named first changes where effects stand, not what they are."""
    table = made("two-way", seed)
    before, after = (effects(compared("two-way", table, within=names)) for names in (["a", "b"], ["b", "a"]))

    assert close(before, {name: after["b:a" if name == "a:b" else name] for name in before})


@some
@given(seed=seeds)
def test_one_factor_split_in_two(seed: int) -> None:
    """The cells of two factors are levels of one: its sums of squares are those of all three effects."""
    table = made("two-way", seed)
    whole = compared("one-way", table.with_columns(a=pl.col("a") + pl.col("b")), within=["a"]).effect
    parts = compared("two-way", table).effects

    assert pytest.approx((whole.ss_effect, whole.ss_error)) == (
        sum(part.ss_effect or 0 for part in parts),
        sum(part.ss_error or 0 for part in parts),
    )


@some
@given(seed=seeds)
def test_a_level_of_a_factor_that_says_nothing(seed: int) -> None:
    """A second factor whose levels are copies of each other changes no F of the first."""
    table = made("one-way", seed)
    doubled = pl.concat([table.with_columns(b=pl.lit(name)) for name in "xy"])
    before, after = compared("one-way", table).effect, compared("two-way", doubled).effect

    assert before.test is not None
    assert after.test is not None
    assert pytest.approx(before.test.f) == after.test.f


@some
@given(seed=seeds)
def test_groups_that_say_nothing(seed: int) -> None:
    """Names of groups, and which is first, change no test."""
    table = made("mixed", seed)
    swapped = table.with_columns(pl.col("group").replace({"A": "Z", "B": "C"}))[::-1]

    assert close(effects(compared("mixed", table)), effects(compared("mixed", swapped)))


@some
@given(seed=seeds, subject=st.integers(0, SUBJECTS - 1))
def test_who_is_dropped_was_never_there(seed: int, subject: int) -> None:
    """A subject with one empty cell leaves the tests of the others as if its rows were not in the table."""
    table = made("two-way", seed)
    name = f"s{subject}"
    first = (pl.col("subject") == name) & (pl.col("a") == "2") & (pl.col("b") == "y")
    emptied = table.with_columns(value=pl.when(~first).then("value"))
    before, after = (compared("two-way", each) for each in (table.filter(pl.col("subject") != name), emptied))

    assert (name,) == tuple(each.subject for each in after.data.dropped)
    assert effects(before) == effects(after)


def matrix(seed: int) -> Matrix:
    """Return twenty subjects at three levels, more than all sign flips are gone through for."""
    return np.random.default_rng(seed).normal(size=(20, 3)).round(1)


@some
@given(seed=seeds, order=seeds)
def test_what_is_drawn_depends_on_no_order(seed: int, order: int) -> None:
    """Random sign flips are the same for the same table, however its rows are sorted: a p can be quoted."""
    values = matrix(seed)
    rows = [(f"run {n}", level, values[n, level]) for n in range(20) for level in range(3)]
    table = pl.DataFrame(rows, schema=["subject", "a", "value"], orient="row")
    before, after = (
        compared("one-way", each, within=["a"]).along[0].pairs
        for each in (table, table.sample(fraction=1, shuffle=True, seed=order))
    )

    assert [pair.p_max_t for pair in before] == [pair.p_max_t for pair in after]
