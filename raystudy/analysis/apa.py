"""One sentence on a test as the field prints it: statistic with its degrees of freedom, p, effect size with interval.

    Effect, Decision ──▶ "F(1.75, 38.2) = 6.29, p = .008, generalised eta² = .020 [.000, .134]"

Publication Manual of the American Psychological Association, 7th ed. (2020), 6.43-6.45: two or three decimals, and no
zero before the point of a number that cannot pass 1.
"""

from raystudy.analysis.words import number
from raystudy.stats.anova import Effect
from raystudy.stats.decision import Decision
from raystudy.stats.effect_size import EffectSize


def sentence(effect: Effect, decision: Decision) -> str:
    """Return the test that decides on an effect; where there is none, why."""
    if effect.sizes is None or decision.p is None:
        return f"{effect.name}: {decision.reason}."
    besides = "" if decision.omnibus_p is None else f" ({decision.omnibus}, p {_share(decision.omnibus_p)})"
    found = f"{statistic(decision)}, p {_share(decision.p)}{besides}, generalised eta² {_size(effect.sizes.ges)}"
    return f"{effect.name}, {decision.test}: {found}."


def statistic(decision: Decision) -> str:
    """Return what a test that exists found, with its degrees of freedom: `F(1.75, 38.2) = 6.29`."""
    assert decision.value is not None, "a test that exists has a statistic"
    df = ", ".join(f"{each:.3g}" if each < 1000 else f"{each:.0f}" for each in decision.df)
    return f"{decision.statistic}({df}) = {number(decision.value)}"


def _size(size: EffectSize) -> str:
    if size.value is None:
        return "—"
    known = size.low is not None and size.high is not None
    return f"{_share(size.value)}{f', 95 % CI [{_bare(size.low)}, {_bare(size.high)}]' if known else ''}"


def _share(value: float) -> str:
    """Write what cannot pass 1: `= .047`, or `< .001`."""
    return f"= {_bare(value)}" if value >= 0.001 else "< .001"


def _bare(value: float | None) -> str:
    """Write three decimals, without the zero before the point."""
    return "—" if value is None else f"{value:.3f}".replace("0.", ".", 1)
