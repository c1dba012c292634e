"""How large an effect is: the share of the variance that it accounts for, by three definitions, with intervals.

    sums of squares ──▶ pes, ges, omega2          F ──noncentralities that put it at 97.5 % and 2.5 %──▶ intervals

Partial eta squared leaves the subjects' differences out, so it is large wherever subjects agree on the effect; the
generalised one and omega squared keep them in, so they compare with designs between subjects.

The interval of partial eta squared is that of F's noncentrality; where levels are not spherical, F's degrees of freedom
are multiplied by epsilon. For the other two, what subjects and errors vary is in doubt, too: its interval (chi squared)
and that of the effect are joined as distances on the logarithmic scale, and its expectation stands in the place of what
n subjects showed. R's effectsize takes ges for the eta squared of an F of its own instead: its intervals hold 56 to
99.7 % for 95 %, in simulations (benchmarks/type1_error.py) where these hold 96 to 99 %.

J. H. Steiger, Psychol. Methods 9, 164 (2004), for the interval of F; G. Y. Zou & A. Donner, Stat. Med. 27, 1693 (2008),
for joining two;
S. Olejnik & J. Algina, Psychol. Methods 8, 434 (2003), for generalised eta squared.
"""

import math
from dataclasses import dataclass

from raystudy.stats.noncentral import noncentrality_at
from raystudy.stats.reason import Reason

_NOTHING = 1e-9
"""An effect that shows less than this part of its upper bound shows nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """The sums of squares that an effect is weighed against, in any one unit."""

    ss_effect: float
    df_effect: float
    ss_error: float
    """What the effect is tested against; of an effect between subjects, that is `ss_subject`."""
    df_error: float
    ss_subject: float
    """Between subjects of the same group."""
    df_subject: float
    n: float
    """Subjects."""
    ss_errors_all: float
    """All errors within subjects together: those of the other effects too, where there are several factors."""
    between: bool = False
    """Whether the effect is one between subjects."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectSize:
    """A share of the variance with its 95 % interval, or the reason why it has none."""

    value: float | None = None
    """Omega squared may be negative, where levels differ by less than chance."""
    low: float | None = None
    """Never below 0."""
    high: float | None = None
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """One effect's size, by its three names."""

    pes: EffectSize
    """Partial eta squared: effect / (effect + error)."""
    ges: EffectSize
    """Generalised eta squared: effect / (effect + subjects + all errors)."""
    omega2: EffectSize
    """Omega squared, unbiased, with the subjects in it: the form for repeated measures, not the one got from F."""


def sizes(sums: Sums, *, epsilon: float = 1.0) -> Sizes:
    """Return an effect's size; epsilon, by which degrees of freedom are corrected, changes the intervals alone."""
    if max(sums.ss_effect, sums.ss_error, sums.ss_subject, sums.ss_errors_all) <= 0:
        none = EffectSize(reason=Reason.CONSTANT)
        return Sizes(pes=none, ges=none, omega2=none)
    values = _values(sums)
    if sums.ss_error <= 0:
        return Sizes(**{name: EffectSize(value=value, reason=Reason.ZERO_ERROR) for name, value in values.items()})
    bounds = _effect_bounds(sums, epsilon)
    own_error = 0.0 if sums.between else sums.ss_error
    intervals = {
        "pes": tuple(bound / (bound + sums.ss_error) for bound in bounds),
        "ges": _interval(sums, sums.ss_errors_all, bounds, epsilon),
        "omega2": _interval(sums, own_error, bounds, epsilon),
    }
    return Sizes(
        **{name: EffectSize(value=values[name], low=low, high=high) for name, (low, high) in intervals.items()}
    )


def _values(sums: Sums) -> dict[str, float]:
    error_within = 0.0 if sums.between else sums.ss_error
    whole = sums.ss_effect + error_within + sums.ss_subject * (1 + 1 / sums.df_subject)
    return {
        "pes": sums.ss_effect / (sums.ss_effect + sums.ss_error),
        "ges": sums.ss_effect / (sums.ss_effect + sums.ss_subject + sums.ss_errors_all),
        "omega2": (sums.ss_effect - _chance(sums)) / whole,
    }


def _chance(sums: Sums) -> float:
    """Return the sum of squares that the effect shows on average where there is none."""
    return sums.df_effect * sums.ss_error / sums.df_error


def _effect_bounds(sums: Sums, epsilon: float) -> tuple[float, float]:
    """Return the sums of squares that an effect without chance may have, by the noncentralities of F."""
    df_effect, df_error = epsilon * sums.df_effect, epsilon * sums.df_error
    f = (sums.ss_effect / sums.df_effect) / (sums.ss_error / sums.df_error)
    low, high = (noncentrality_at(below, f, df_effect=df_effect, df_error=df_error) for below in (0.975, 0.025))
    return low * sums.ss_error / df_error, high * sums.ss_error / df_error


def _interval(sums: Sums, errors: float, bounds: tuple[float, float], epsilon: float) -> tuple[float, float]:
    """Return the interval of effect / (effect + subjects + errors), the doubts of both parts added as squares."""
    found = (sums.ss_subject + errors) * sums.n / sums.df_subject
    least, most = _scale_bounds(sums, errors, epsilon)
    low, high = bounds
    effect = min(max(sums.ss_effect - _chance(sums), low, high * _NOTHING), high)
    if high <= 0:
        return 0.0, 0.0
    fall = math.hypot(math.log(effect / low), math.log(most)) if low > 0 else math.inf
    rise = math.hypot(math.log(high / effect), math.log(least))
    odds = effect / found
    return _share(odds * math.exp(-fall)), _share(odds * math.exp(rise))


def _scale_bounds(sums: Sums, errors: float, epsilon: float) -> tuple[float, float]:
    """Return by what factors the variance of subjects and errors may be smaller, and greater, than it was found."""
    from scipy.special import chdtri

    df = (sums.ss_subject + errors) ** 2 / (
        sums.ss_subject**2 / sums.df_subject + errors**2 / (epsilon * sums.df_error)
    )
    return df / float(chdtri(df, 0.025)), df / float(chdtri(df, 0.975))


def _share(odds: float) -> float:
    return odds / (1 + odds)
