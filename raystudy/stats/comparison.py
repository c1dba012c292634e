"""Everything that is said of one value across the conditions of a design, with the test that decides.

Design ──anova──▶ effects ──decide──▶ Decision
   └──along each within factor──▶ pairs, trend, ranks
"""

from dataclasses import dataclass

from raystudy.stats.anova import Effect, anova
from raystudy.stats.decision import Decision, decide
from raystudy.stats.design import Design
from raystudy.stats.pairwise import Pair, pairwise
from raystudy.stats.ranks import Friedman, Page, friedman, page
from raystudy.stats.trend import Trend, trend


@dataclass(frozen=True, kw_only=True, slots=True)
class Along:
    """What is said of one within factor, averaged over the other ones."""

    data: Design
    pairs: tuple[Pair, ...]
    trend: Trend
    friedman: Friedman
    page: Page

    @property
    def factor(self) -> str:
        """Its name."""
        return self.data.within[0].name


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The record of one value."""

    data: Design
    effects: tuple[Effect, ...]
    along: tuple[Along, ...]
    """One for each within factor."""
    decisions: tuple[Decision, ...]
    """One for each effect."""

    @property
    def tested(self) -> dict[str, tuple[Effect, Decision]]:
        """Each effect with the decision on it, by name."""
        return {effect.name: (effect, of) for effect, of in zip(self.effects, self.decisions, strict=True)}

    @property
    def effect(self) -> Effect:
        """That of the first within factor, all other factors averaged out."""
        return self.tested[self.along[0].factor][0]

    @property
    def decision(self) -> Decision:
        """The one on that effect."""
        return self.tested[self.along[0].factor][1]


def compare(data: Design) -> Comparison:
    """Make every test of a design."""
    effects = anova(data)
    along = tuple(_along(data.along(factor.name)) for factor in data.within)
    trends = {each.factor: each.trend for each in along}
    decisions = tuple(decide(data, effect, trends.get(effect.name)) for effect in effects)
    return Comparison(data=data, effects=effects, along=along, decisions=decisions)


def _along(data: Design) -> Along:
    return Along(
        data=data,
        pairs=pairwise(data),
        trend=trend(data),
        friedman=friedman(data),
        page=page(data),
    )
