"""How surely a study finds an effect, and how many subjects it takes.

    F that was seen ──required_n──▶ Signal ──subjects_for──▶ number of subjects, by power_of

An effect that was found looks larger than it is: chance took part in finding it, and adds 1 to F on average. So the
number of subjects is given twice, for the effect as seen and for what is left of it without that 1.

J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed. (1988), 8; F. Faul, E. Erdfelder, A.-G. Lang &
A. Buchner, Behav. Res. Methods 39, 175 (2007), "as in GPower 3.0", for repeated measures.
"""

from bisect import bisect_left
from dataclasses import dataclass

from raystudy.stats.noncentral import noncentral_f
from raystudy.stats.probability import ALPHA
from raystudy.stats.reason import Reason

MOST = 10_000_000
"""The search for a number of subjects ends here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """What one subject adds to the evidence."""

    noncentrality: float
    df_effect: float
    """Times epsilon, as noncentrality is; the error has n - 1 times as many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequiredN:
    """The fewest subjects, of one group, for one power; None where ten million are too few, as for no effect at all."""

    power: float
    as_seen: int | None
    """If the effect is as large as it was seen."""
    corrected: int | None
    """If it is as large as its F less the 1 that chance adds: the number to plan with."""
    reason: Reason | None = None
    """Why there is none to plan with."""


def power_of(signal: Signal, *, n: int) -> float:
    """Return the probability that n subjects show the effect at the 5 % level."""
    from scipy.special import fdtri

    df_effect, df_error = signal.df_effect, (n - 1) * signal.df_effect
    critical = float(fdtri(df_effect, df_error, 1 - ALPHA))
    noncentrality = n * signal.noncentrality
    return 1 - noncentral_f(critical, noncentrality=noncentrality, df_effect=df_effect, df_error=df_error)


def subjects_for(signal: Signal, *, power: float) -> int | None:
    """Return the fewest subjects, from 2 on, that find the effect with this probability; None where MOST do not."""
    numbers = range(2, MOST + 1)
    place = bisect_left(numbers, power, key=lambda n: power_of(signal, n=n))
    return numbers[place] if place < len(numbers) else None


def required_n(f: float, *, df_effect: float, n: int) -> tuple[RequiredN, ...]:
    """Return the subjects for powers of .8 and .9, if an F with these degrees of freedom was seen in n subjects."""
    as_seen, corrected = (
        Signal(noncentrality=max(signal, 0.0) * df_effect / n, df_effect=df_effect) for signal in (f, f - 1)
    )
    return tuple(_required(power, as_seen, corrected) for power in (0.8, 0.9))


def _required(power: float, as_seen: Signal, corrected: Signal) -> RequiredN:
    plan = subjects_for(corrected, power=power)
    reason = Reason.NO_EFFECT if plan is None else None
    return RequiredN(power=power, as_seen=subjects_for(as_seen, power=power), corrected=plan, reason=reason)
