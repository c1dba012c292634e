"""How large an effect is: the share of the variance that it accounts for, by three definitions, with intervals.

    sums of squares ──▶ pes, ges, omega2          F ──noncentralities that put it at 97.5 % and 2.5 %──▶ intervals

Partial eta squared leaves the subjects' differences out, so it is large wherever subjects agree on the effect; the
generalised one and omega squared keep them in, so they compare with designs between subjects.

All intervals come from that of F's noncentrality, so they leave zero out where p is below .025 (F has one tail); where
levels are not spherical, its degrees of freedom are multiplied by epsilon. R's effectsize takes ges for the eta squared
of an F of its own instead: its intervals are a fifth wider, reach zero beside p = .008, and hold 90 to 99.8 % for 95 %,
in simulations where these hold 94 to 98 %.

J. H. Steiger, Psychol. Methods 9, 164 (2004), for the intervals;
S. Olejnik & J. Algina, Psychol. Methods 8, 434 (2003), for generalised eta squared.
"""

from dataclasses import dataclass

from raystudy.stats.noncentral import noncentrality_at
from raystudy.stats.reason import Reason


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
    others = sums.ss_subject + sums.ss_errors_all
    chance = sums.df_effect * sums.ss_error / sums.df_error
    whole = sums.ss_subject * (1 + 1 / sums.df_subject) + (0.0 if sums.between else sums.ss_error)
    bounds = _effect_bounds(sums, epsilon)
    return Sizes(
        pes=_size(sums.ss_effect, sums.ss_error, bounds),
        ges=_size(sums.ss_effect, others, bounds),
        omega2=_size(sums.ss_effect - chance, whole + chance, bounds),
    )


def _effect_bounds(sums: Sums, epsilon: float) -> tuple[float, float] | None:
    """Return the sums of squares that an effect without chance may have; None where there is no error to weigh by."""
    if sums.ss_error <= 0:
        return None
    df_effect, df_error = epsilon * sums.df_effect, epsilon * sums.df_error
    f = (sums.ss_effect / sums.df_effect) / (sums.ss_error / sums.df_error)
    low, high = (noncentrality_at(below, f, df_effect=df_effect, df_error=df_error) for below in (0.975, 0.025))
    return low * sums.ss_error / df_error, high * sums.ss_error / df_error


def _size(ss_effect: float, ss_others: float, bounds: tuple[float, float] | None) -> EffectSize:
    """Return effect / (effect + others), with others as they were found."""
    value = ss_effect / (ss_effect + ss_others)
    if bounds is None:
        return EffectSize(value=value, reason=Reason.ZERO_ERROR)
    low, high = (bound / (bound + ss_others) for bound in bounds)
    return EffectSize(value=value, low=low, high=high)
