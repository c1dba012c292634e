"""Analysis of variance of several factors, within subjects and between them: textbook numbers, and plain t tests."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from raystudy.stats.anova import Effect, FTest, anova
from raystudy.stats.contrasts import contrasts
from raystudy.stats.design import Codes, Design, Factor, Matrix, one_way
from raystudy.stats.reason import Reason

ANGLE_NOISE = np.array(
    [
        [420, 420, 480, 480, 600, 780],
        [420, 480, 480, 360, 480, 600],
        [480, 480, 540, 660, 780, 780],
        [420, 540, 540, 480, 780, 900],
        [540, 660, 540, 480, 660, 720],
        [360, 420, 360, 360, 480, 540],
        [480, 480, 600, 540, 720, 840],
        [480, 600, 660, 540, 720, 900],
        [540, 600, 540, 480, 720, 780],
        [480, 420, 540, 540, 660, 780],
    ],
    dtype=float,
)
"""Reaction times in ms, noise (absent, present) x angle (0, 4, 8): Maxwell & Delaney, 2nd ed. (2004), table 12.1."""


def crossed(values: Matrix, *sizes: int, groups: Sequence[int] = (), between: Sequence[int] = ()) -> Design:
    """Return the design of within factors a, b with so many levels, and between factors g, h."""
    codes: Codes = np.array(groups or [0] * len(values), dtype=np.intp)
    within = tuple(
        Factor(name=name, levels=tuple(map(str, range(size)))) for name, size in zip("ab", sizes, strict=False)
    )
    outer = tuple(
        Factor(name=name, levels=tuple(map(str, range(size)))) for name, size in zip("gh", between, strict=False)
    )
    return replace(one_way(values), within=within, groups=codes, between=outer)


def made(*, n: int = 12, k: int = 4, seed: int = 7) -> Matrix:
    """Return levels with a trend, subjects with an offset, and noise."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)) + 0.5 * np.arange(k) + 3 * rng.normal(size=(n, 1))


def only(data: Design) -> Effect:
    """Return the effect of a design that has one."""
    (effect,) = anova(data)
    return effect


def by_name(data: Design) -> dict[str, FTest]:
    """Return the tests by the names of their effects; each must exist."""
    return {effect.name: the_test(effect) for effect in anova(data)}


def the_test(effect: Effect) -> FTest:
    """Return the test of an effect, which must exist."""
    assert effect.test is not None
    return effect.test


class TestTwoWithin:
    def test_as_published(self) -> None:
        """Maxwell & Delaney's F: noise 33.77, angle 40.72, their interaction 45.31."""
        found = by_name(crossed(ANGLE_NOISE, 2, 3))

        assert {"a": 33.765957446808514, "b": 40.71910112359551, "a:b": 45.310344827586206} == pytest.approx(
            {name: test.f for name, test in found.items()}, rel=1e-12
        )

    def test_each_effect_has_an_error_of_its_own(self) -> None:
        """Sums of squares of errors: 76,140, 64,080 and 20,880; those of the subjects are common."""
        found = anova(crossed(ANGLE_NOISE, 2, 3))

        assert pytest.approx([76_140, 64_080, 20_880]) == [each.ss_error for each in found]
        assert pytest.approx([292_140] * 3) == [each.ss_subject for each in found]

    def test_each_effect_has_a_sphericity_of_its_own(self) -> None:
        """Greenhouse and Geisser's epsilon is 1, .962 and .904: one contrast is always spherical."""
        found = by_name(crossed(ANGLE_NOISE, 2, 3))

        assert pytest.approx([1.0, 0.9616365181498118, 0.903977069150842]) == [
            test.greenhouse_geisser.epsilon for test in found.values()
        ]

    def test_the_generalised_size_counts_all_errors(self) -> None:
        """Of the interaction: 105,120 / (105,120 + 292,140 + 76,140 + 64,080 + 20,880)."""
        effects = {effect.name: effect for effect in anova(crossed(ANGLE_NOISE, 2, 3))}
        sizes = effects["a:b"].sizes

        assert sizes is not None
        assert pytest.approx(105_120 / 558_360) == sizes.ges.value

    def test_a_main_effect_is_that_of_the_averages(self) -> None:
        """F along one factor is that of the one-way design of the means over the other."""
        data = crossed(ANGLE_NOISE, 2, 3)

        assert pytest.approx(by_name(data)["b"].f) == the_test(only(data.along("b"))).f

    def test_an_effect_without_error_takes_nothing_from_the_others(self) -> None:
        """Where every subject shows the same effect of a, b is tested as ever, and their interaction is nothing."""
        b = np.array([[0.0, 1.0, 4.0], [0.0, 2.0, 3.0], [0.0, 5.0, 5.5]])
        found = {effect.name: effect.reason for effect in anova(crossed(np.hstack([b, b + 7.0]), 2, 3))}

        assert {"a": Reason.ZERO_ERROR, "b": None, "a:b": Reason.CONSTANT} == found

    def test_a_factor_with_one_level_has_no_test(self) -> None:
        """Nor has its interaction, and the other factor is as if it were alone."""
        found = {effect.name: effect.reason for effect in anova(crossed(made(), 4, 1))}

        assert {"a": None, "b": Reason.ONE_LEVEL, "a:b": Reason.ONE_LEVEL} == found


class TestBetween:
    """Two groups of unequal size, 3 and 5."""

    GROUPS = (0, 0, 0, 1, 1, 1, 1, 1)

    def test_order_of_effects(self) -> None:
        """Those between subjects first, then each within effect with its interactions."""
        names = [effect.name for effect in anova(crossed(made(n=8), 4, groups=self.GROUPS, between=[2]))]

        assert ["g", "a", "g:a"] == names

    def test_groups_are_compared_by_the_subjects_means(self) -> None:
        """Between subjects, the test is the analysis of variance of their means, 1 and n - groups of freedom."""
        from scipy.stats import f_oneway

        values, groups = made(n=8), np.array(self.GROUPS)
        means = values.mean(axis=1)
        effect = anova(crossed(values, 4, groups=self.GROUPS, between=[2]))[0]

        assert (1, 6, True, pytest.approx(f_oneway(means[groups == 0], means[groups == 1]).statistic)) == (
            effect.df_effect,
            effect.df_error,
            effect.between,
            the_test(effect).f,
        )

    def test_two_levels_in_groups_are_a_t_test(self) -> None:
        """With two levels, F is the square of the t of their difference, each group counting alike."""
        data = crossed(made(n=8, k=2), 2, groups=self.GROUPS, between=[2])
        found = contrasts(data, np.array([[-1.0], [1.0]]))

        assert pytest.approx(float((found.estimate / found.se)[0]) ** 2) == by_name(data)["a"].f

    def test_an_interaction_is_a_t_test_of_differences(self) -> None:
        """With two levels and two groups, it compares the groups' differences between levels."""
        from scipy.stats import ttest_ind

        values, groups = made(n=8, k=2), np.array(self.GROUPS)
        difference = values[:, 1] - values[:, 0]
        t = ttest_ind(difference[groups == 0], difference[groups == 1]).statistic

        assert pytest.approx(t**2) == by_name(crossed(values, 2, groups=self.GROUPS, between=[2]))["g:a"].f

    def test_type_three(self) -> None:
        """With cells of 1, 2, 3 and 2 subjects, each between effect compares unweighted means of the cells."""
        groups, values = np.array([0, 1, 1, 2, 2, 2, 3, 3]), made(n=8, k=2)
        found = by_name(crossed(values, 2, groups=groups.tolist(), between=[2, 2]))
        means = values.mean(axis=1)
        cells = [means[groups == group] for group in range(4)]
        error = sum(((cell - cell.mean()) ** 2).sum() for cell in cells) / 4
        signs = {"g": (1, 1, -1, -1), "h": (1, -1, 1, -1), "g:h": (1, -1, -1, 1)}
        f = {
            name: sum(sign * cell.mean() for sign, cell in zip(each, cells, strict=True)) ** 2
            / (error * sum(1 / cell.size for cell in cells))
            for name, each in signs.items()
        }

        assert pytest.approx(f) == {name: found[name].f for name in f}

    def test_sphericity_is_that_within_groups(self) -> None:
        """The errors' degrees of freedom are those left by the groups; Mauchly's test has n - groups for n - 1."""
        data = crossed(made(n=5), 4, groups=(0, 0, 0, 1, 1), between=[2])
        found = {effect.name: effect for effect in anova(data)}

        assert (3, 9, 3, 9, None) == (
            found["a"].df_effect,
            found["a"].df_error,
            found["g:a"].df_effect,
            found["g:a"].df_error,
            the_test(found["a"]).mauchly.reason,
        )

    def test_one_group_only(self) -> None:
        """A between factor with one level changes nothing for the factors within."""
        alone = the_test(only(one_way(made())))
        found = {effect.name: effect for effect in anova(crossed(made(), 4, groups=[0] * 12, between=[1]))}

        assert (alone, Reason.ONE_LEVEL, Reason.ONE_LEVEL) == (
            found["a"].test,
            found["g"].reason,
            found["g:a"].reason,
        )

    @pytest.mark.parametrize(
        ("groups", "between", "reason"),
        [
            ((0, 1, 2), [3], Reason.SATURATED),
            ((0, 0, 2), [3], Reason.EMPTY_GROUP),
            ((0, 0, 0), [2], Reason.EMPTY_GROUP),
        ],
    )
    def test_groups_without_subjects_enough(
        self, groups: Sequence[int], between: Sequence[int], reason: Reason
    ) -> None:
        """A group that is empty, or as many groups as subjects, leave no test of anything."""
        found = anova(crossed(made(n=3), 4, groups=groups, between=between))

        assert {(None, reason)} == {(effect.test, effect.reason) for effect in found}
