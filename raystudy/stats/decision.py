"""Which of the tests decides, chosen by the design before the values are seen.

    one contrast (two levels)        the paired t test, which assumes no sphericity
    five or more ordered numbers     a trajectory: the linear trend, tested against its own spread among the subjects
    two contrasts (three levels)     F with Greenhouse and Geisser's correction
    any other levels                 F with Chi and Muller's correction

Neighbours of a trajectory resemble each other, and the uncorrected F, Friedman's and Page's tests, a pooled error and a
permutation of the levels take that for an effect: in 15 to 57 % of random walks without one, at a nominal 5 %. The
trend's own error errs in 5 %, Chi and Muller's F in 2.5 to 6 %. Greenhouse and Geisser's F errs in 0 to 5 % of
trajectories, but at three levels in 3 to 5 %, where Chi and Muller's may do so in 2 %: see benchmarks/type1_error.py.
"""

import math
from dataclasses import dataclass

import numpy as np

from raystudy.stats.anova import Effect, FTest, anova
from raystudy.stats.contrasts import contrasts
from raystudy.stats.design import Design, Factor
from raystudy.stats.trend import Polynomial, Trend, trend

TRAJECTORY = 5
"""From so many numbers on, neighbours are steps along one line rather than conditions of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The test that decides on an effect, and why this one."""

    effect: str
    test: str | None = None
    statistic: str | None = None
    """F or t."""
    value: float | None = None
    df: tuple[float, ...] = ()
    """Those of the effect and of the error for F, corrected; that of the error for t."""
    p: float | None = None
    log10_p: float | None = None
    reason: str
    """Why this test; where it has no p, why it has none."""
    omnibus: str | None = None
    """The test of all levels at once, where a trend decides."""
    omnibus_p: float | None = None
    omnibus_log10_p: float | None = None


def decided(data: Design) -> tuple[Effect, Decision]:
    """Return the main effect of the only within factor, and the decision on it."""
    effect = next(effect for effect in anova(data) if effect.name == data.within[0].name)
    return effect, decide(data, effect, trend(data))


def decide(data: Design, effect: Effect, line: Trend | None = None) -> Decision:
    """Choose the test of an effect; `line` is the trend along its factor, where it is a main effect within subjects."""
    if effect.test is None:
        return Decision(effect=effect.name, reason=f"there is no test: {effect.reason}")
    factor = next((factor for factor in data.within if factor.name == effect.name), None)
    if factor is not None and line is not None and _numbers(factor) >= TRAJECTORY:
        return _by_trend(effect.name, effect.test, line.linear, _numbers(factor))
    if factor is not None and effect.df_effect == 1:
        return _by_t(effect, effect.test, data.along(effect.name))
    return _by_f(effect, effect.test)


def _numbers(factor: Factor) -> int:
    """Return how many different numbers the levels are; 0 where one of them is none."""
    return 0 if factor.scores is None else np.unique(factor.scores).size


def _by_trend(effect: str, test: FTest, line: Polynomial, steps: int) -> Decision:
    why = (
        f"{steps} ordered numbers are a trajectory, whose neighbours resemble each other: the trend is tested against "
        "its own spread among subjects"
    )
    return Decision(
        effect=effect,
        test="own-error linear trend",
        statistic="t",
        value=line.t,
        df=(line.df,),
        p=line.p,
        log10_p=line.log10_p,
        reason=why if line.reason is None else f"the trend has no test: {line.reason}",
        omnibus=test.deciding_name,
        omnibus_p=test.deciding.p,
        omnibus_log10_p=test.deciding.log10_p,
    )


def _by_t(effect: Effect, test: FTest, data: Design) -> Decision:
    """Return the t test of the second level less the first, whose square is F."""
    difference = contrasts(data, np.array([[-1.0], [1.0]])).estimate[0]
    return Decision(
        effect=effect.name,
        test="paired t test",
        statistic="t",
        value=math.copysign(math.sqrt(test.f), difference),
        df=(effect.df_error,),
        p=test.p,
        log10_p=test.log10_p,
        reason="one contrast needs no assumption of sphericity",
    )


def _by_f(effect: Effect, test: FTest) -> Decision:
    found = test.deciding
    name, why = _said(effect, test)
    return Decision(
        effect=effect.name,
        test=name,
        statistic="F",
        value=test.f,
        df=(found.df_effect, found.df_error),
        p=found.p,
        log10_p=found.log10_p,
        reason=why,
    )


def _said(effect: Effect, test: FTest) -> tuple[str, str]:
    """Return the name of the F test, and why this one."""
    if effect.between:
        return "F between subjects", "subjects are independent of each other"
    if test.contrasts == 1:
        return "F of one contrast", "one contrast needs no assumption of sphericity"
    levels = "at three levels" if test.contrasts == 2 else "at four levels or more, and few subjects"
    return test.deciding_name, f"sphericity is not assumed; of the corrections this one errs least {levels}"
