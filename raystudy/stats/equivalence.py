"""Whether two levels are the same for practical purposes: two one-sided tests of each pair.

    difference ──above the low bound?──▶ p_lower
       └───────below the high bound?───▶ p_upper ──the greater of both──▶ p

A small p says that the difference lies between the bounds; a great p of the paired t test never says so.

D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15, 657 (1987); D. Lakens, Soc. Psychol. Personal. Sci. 8, 355 (2017).
"""

import itertools
import math
from dataclasses import dataclass

from raystudy.errors import AnalysisError
from raystudy.stats.contrasts import Contrasts, contrasts, every_pair
from raystudy.stats.design import Design
from raystudy.stats.probability import Tail, t_quantile, t_tail
from raystudy.stats.reason import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Equivalence:
    """The tests of one pair, a - b, or the reason why there are none."""

    a: str
    b: str
    df: int
    mean_diff: float | None = None
    t_lower: float | None = None
    t_upper: float | None = None
    p_lower: float | None = None
    """Small where the difference is above the low bound."""
    p_upper: float | None = None
    """Small where the difference is below the high bound."""
    p: float | None = None
    log10_p: float | None = None
    ci90: tuple[float, float] | None = None
    """The interval that lies between the bounds where p is below .05."""
    reason: Reason | None = None


def tost(data: Design, *, low: float, high: float) -> tuple[Equivalence, ...]:
    """Test each pair of levels; the bounds are in the unit of what is measured, and hold zero between them."""
    if not -math.inf < low < 0 < high < math.inf:
        raise AnalysisError(
            f"Differences from {low:g} to {high:g} are to count as none, which zero is not among. "
            "Give a low bound below zero and a high bound above it, in the unit of what is measured."
        )
    found = contrasts(data, every_pair(len(data.levels)))
    pairs = itertools.combinations(data.levels, 2)
    return tuple(_equivalence(found, place, names=names, bounds=(low, high)) for place, names in enumerate(pairs))


def _equivalence(found: Contrasts, place: int, *, names: tuple[str, str], bounds: tuple[float, float]) -> Equivalence:
    (a, b), (low, high), reason = names, bounds, found.reasons[place]
    mean, se = float(found.estimate[place]), float(found.se[place])
    if reason is not None:
        known = reason in {Reason.ZERO_ERROR, Reason.CONSTANT}
        return Equivalence(a=a, b=b, df=found.df, mean_diff=mean if known else None, reason=reason)
    t_lower, t_upper = (mean - low) / se, (mean - high) / se
    above, below = _upper_tail(t_lower, df=found.df), _upper_tail(-t_upper, df=found.df)
    worse = max(above, below, key=lambda tail: tail.log10_p)
    half = t_quantile(found.df, share=0.9) * se
    return Equivalence(
        a=a,
        b=b,
        df=found.df,
        mean_diff=mean,
        t_lower=t_lower,
        t_upper=t_upper,
        p_lower=above.p,
        p_upper=below.p,
        p=worse.p,
        log10_p=worse.log10_p,
        ci90=(mean - half, mean + half),
    )


def _upper_tail(t: float, *, df: int) -> Tail:
    """Return the probability of a greater t."""
    both = t_tail(t, df=df)
    if t > 0:
        return Tail(p=both.p / 2, log10_p=both.log10_p - math.log10(2))
    return Tail(p=1 - both.p / 2, log10_p=math.log10(1 - both.p / 2))
