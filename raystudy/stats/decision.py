"""Which of the tests decides, chosen by the design before the values are seen.

    one contrast                     the paired t test, which assumes no sphericity
    five or more ordered numbers     a trajectory: the linear trend, tested against its own spread among the subjects
    any other levels                 F with Chi and Muller's correction

Neighbours of a trajectory resemble each other, and the uncorrected F, Friedman's and Page's tests, a pooled error and a
permutation of the levels take that for an effect: in 11 to 57 % of random walks without one, at a nominal 5 %. The
trend's own error errs in 5 %, Chi and Muller's F in 2.5 to 5 %: see benchmarks/type1_error.py and docs/statistics.md.
"""

from dataclasses import dataclass

from raystudy.stats.anova import Effect, FTest, anova
from raystudy.stats.design import Design
from raystudy.stats.trend import Polynomial, Trend, trend

OMNIBUS = "F, Chi-Muller"
TRAJECTORY = 5
"""From so many numeric levels on, neighbours are steps along one line rather than conditions of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The test that decides on an effect, and why this one."""

    effect: str
    test: str
    statistic: str | None = None
    """F or t."""
    value: float | None = None
    df: tuple[float, ...] = ()
    """Those of the effect and of the error for F, corrected; that of the error for t."""
    p: float | None = None
    log10_p: float | None = None
    reason: str
    omnibus: str | None = None
    """The test of all levels at once, where a trend decides."""
    omnibus_p: float | None = None


def decided(data: Design) -> tuple[Effect, Decision]:
    """Return the main effect of the only within factor, and the decision on it."""
    effect = next(effect for effect in anova(data) if effect.name == data.within[0].name)
    return effect, decide(data, effect, trend(data))


def decide(data: Design, effect: Effect, line: Trend | None = None) -> Decision:
    """Choose the test of an effect; `line` is the trend along its factor, where it is a main effect within subjects."""
    if effect.test is None:
        return Decision(effect=effect.name, test="none", reason=f"there is no test: {effect.reason}")
    if effect.between:
        return _by_f(effect, effect.test, "F between subjects", "subjects are independent of each other")
    if effect.df_effect == 1:
        return _by_f(effect, effect.test, "paired t test, as F", "one contrast needs no assumption of sphericity")
    steps = next((len(factor.levels) for factor in data.within if factor.name == effect.name), 0)
    if line is not None and line.linear.reason is None and steps >= TRAJECTORY:
        return _by_trend(effect, effect.test, line.linear, steps)
    why = "sphericity is not assumed, and the correction holds for few subjects"
    return _by_f(effect, effect.test, OMNIBUS, why)


def _by_f(effect: Effect, test: FTest, name: str, reason: str) -> Decision:
    found = test.chi_muller  # where there is one contrast, or none within subjects, its epsilon is 1
    df = found.df_effect, found.df_error
    p, log10_p = found.p, found.log10_p
    return Decision(
        effect=effect.name, test=name, statistic="F", value=test.f, df=df, p=p, log10_p=log10_p, reason=reason
    )


def _by_trend(effect: Effect, test: FTest, line: Polynomial, steps: int) -> Decision:
    return Decision(
        effect=effect.name,
        test="own-error linear trend",
        statistic="t",
        value=line.t,
        df=(line.df,),
        p=line.p,
        log10_p=line.log10_p,
        reason=(
            f"{steps} ordered numbers are a trajectory, whose neighbours resemble each other: the trend is tested "
            "against its own spread among subjects"
        ),
        omnibus=OMNIBUS,
        omnibus_p=test.chi_muller.p,
    )
