"""A comparison holds what each test says by itself, for every effect and along every factor."""

from dataclasses import replace

import numpy as np

from raystudy.stats.anova import anova
from raystudy.stats.comparison import compare
from raystudy.stats.decision import decided
from raystudy.stats.design import Design, Factor, one_way
from raystudy.stats.pairwise import pairwise
from raystudy.stats.ranks import friedman, page
from raystudy.stats.reason import Reason
from raystudy.stats.trend import trend


def plain() -> Design:
    """Return eight subjects at three levels."""
    return one_way(np.random.default_rng(5).normal(size=(8, 3)), ["1", "2", "4"])


def crossed() -> Design:
    """Return eight subjects, in two groups, at 2 x 3 cells."""
    data = one_way(np.random.default_rng(6).normal(size=(8, 6)))
    within = Factor(name="a", levels=("low", "high")), Factor(name="b", levels=("1", "2", "4"))
    groups = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    return replace(data, within=within, between=(Factor(name="g", levels=("A", "B")),), groups=groups)


def test_one_way() -> None:
    """Each part is what its own function returns."""
    data = plain()
    found = compare(data)
    (along,) = found.along

    assert (anova(data), pairwise(data), trend(data), friedman(data), page(data)) == (
        found.effects,
        along.pairs,
        along.trend,
        along.friedman,
        along.page,
    )


def test_the_effect_that_is_asked_for() -> None:
    """Of one factor, the effect and the decision are those of its own."""
    found = compare(plain())

    assert decided(plain()) == (found.effect, found.decision)


def test_every_effect_has_a_decision() -> None:
    """Between, within, and all their interactions, in the order of the effects."""
    found = compare(crossed())

    assert ["g", "a", "g:a", "b", "g:b", "a:b", "g:a:b"] == [effect.name for effect in found.effects]
    assert [effect.name for effect in found.effects] == [decision.effect for decision in found.decisions]


def test_the_first_factor_within_is_asked_for() -> None:
    """Of several effects, the one named first within subjects stands for the comparison."""
    found = compare(crossed())

    assert ("a", "a") == (found.effect.name, found.decision.effect)


def test_pairs_are_those_of_the_averages() -> None:
    """Along each factor, the levels are compared with the other factors averaged out."""
    data = crossed()

    assert {"a": pairwise(data.along("a")), "b": pairwise(data.along("b"))} == {
        each.factor: each.pairs for each in compare(data).along
    }


def test_what_knows_no_groups_says_so() -> None:
    """Ranks within subjects tell nothing between groups."""
    assert {Reason.SEVERAL_GROUPS} == {each.friedman.reason for each in compare(crossed()).along}


def test_nothing_to_compare() -> None:
    """A design without subjects is a comparison of reasons."""
    found = compare(one_way(np.empty((0, 3))))

    assert (Reason.NO_SUBJECT, None, {Reason.NO_SUBJECT}) == (
        found.effect.reason,
        found.decision.test,
        {pair.reason for pair in found.along[0].pairs},
    )


def test_no_levels() -> None:
    """A table without rows has not even levels, and no test of them."""
    assert compare(one_way(np.empty((0, 0)))).decision.test is None
