"""Which of the tests decides, chosen by the design before the values are seen.

    one contrast (two levels)        the paired t test, which assumes no sphericity
    five or more ordered numbers     a trajectory: the linear trend, tested against its own spread among the subjects
    two contrasts (three levels)     F with Greenhouse and Geisser's correction
    any other levels                 F with Chi and Muller's correction

Neighbours of a trajectory resemble each other, and the uncorrected F, Friedman's and Page's tests, a pooled error and a
permutation of the levels take that for an effect: in 15 to 57 % of random walks without one, at a nominal 5 %. The
trend's own error errs in 5 %, Chi and Muller's F in 2.5 to 6 %. Greenhouse and Geisser's F errs in 0 to 4 % of
trajectories, but at three levels in 3 to 5 %, where Chi and Muller's may do so in 2 %: see benchmarks/type1_error.py.
"""

from dataclasses import dataclass

from raystudy.stats.anova import Correction, Effect, FTest, anova
from raystudy.stats.design import Design
from raystudy.stats.trend import Polynomial, Trend, trend

CHI_MULLER, GREENHOUSE_GEISSER = "Chi-Muller", "Greenhouse-Geisser"
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
    steps = next((len(factor.levels) for factor in data.within if factor.name == effect.name), 0)
    if line is not None and line.linear.reason is None and steps >= TRAJECTORY:
        return _by_trend(effect.name, effect.test, line.linear, steps)
    name, found, why = _f_test(data, effect, effect.test)
    return Decision(
        effect=effect.name,
        test=name,
        statistic="F",
        value=effect.test.f,
        df=(found.df_effect, found.df_error),
        p=found.p,
        log10_p=found.log10_p,
        reason=why,
    )


def _f_test(data: Design, effect: Effect, test: FTest) -> tuple[str, Correction, str]:
    """Return the name of the F test of an effect, its correction, and why this one."""
    contrasts = round(1 / test.lower_bound.epsilon)
    if effect.between:
        return "F between subjects", test.chi_muller, "subjects are independent of each other"
    if contrasts == 1:
        name = "paired t test" if effect.df_effect == 1 and len(data.within) == 1 and not data.between else "F"
        return name, test.chi_muller, "one contrast needs no assumption of sphericity"
    if contrasts == 2:
        why = "sphericity is not assumed; of the corrections this one errs least at three levels"
        return GREENHOUSE_GEISSER, test.greenhouse_geisser, why
    why = "sphericity is not assumed; of the corrections this one errs least at four levels or more, and few subjects"
    return CHI_MULLER, test.chi_muller, why


def _by_trend(effect: str, test: FTest, line: Polynomial, steps: int) -> Decision:
    return Decision(
        effect=effect,
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
        omnibus=CHI_MULLER,
        omnibus_p=test.chi_muller.p,
    )
