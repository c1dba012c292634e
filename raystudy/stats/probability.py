"""Upper tails of F, t and chi squared, with the logarithm of p: p alone ends at 1e-308, strong effects do not."""

import math
from dataclasses import dataclass

import numpy as np

from raystudy.stats.design import Matrix

ALPHA = 0.05
"""Below it a p is called significant, wherever something turns on that."""
_SMALLEST_EXACT = 1e-290  # below it the incomplete beta function nears the end of double precision


@dataclass(frozen=True, kw_only=True, slots=True)
class Tail:
    """The probability of a value at least as extreme."""

    p: float
    log10_p: float


def f_tail(f: float, *, df_effect: float, df_error: float) -> Tail:
    """Return the upper tail of the F distribution."""
    from scipy.special import betainc

    a, b, x = df_error / 2, df_effect / 2, df_error / (df_error + df_effect * f)
    return _tail(float(betainc(a, b, x)), x, a, b)


def t_tail(t: float, *, df: float) -> Tail:
    """Return both tails of Student's t."""
    return f_tail(t * t, df_effect=1, df_error=df)


def t_tails(t: Matrix, *, df: float) -> tuple[Tail, ...]:
    """Return both tails of many t, all with the same degrees of freedom."""
    from scipy.special import betainc

    x = df / (df + t * t)
    p = np.asarray(betainc(df / 2, 0.5, x))
    return tuple(_tail(*each, df / 2, 0.5) for each in zip(p.tolist(), x.tolist(), strict=True))


def t_quantile(df: float, *, share: float = 0.95) -> float:
    """Return the t that holds the middle share of the distribution between -t and t."""
    from scipy.special import stdtrit

    return float(stdtrit(df, (1 + share) / 2))


def chi2_tail(chi2: float, *, df: float) -> Tail:
    """Return the upper tail of the chi-squared distribution."""
    from scipy.special import chdtrc

    p = float(chdtrc(df, chi2))
    return Tail(p=p, log10_p=math.log10(p) if p > _SMALLEST_EXACT else _log10_gammaincc(df / 2, chi2 / 2))


def _tail(p: float, x: float, a: float, b: float) -> Tail:
    return Tail(p=p, log10_p=math.log10(p) if p > _SMALLEST_EXACT else _log10_betainc(a, b, x))


def _log10_betainc(a: float, b: float, x: float) -> float:
    """Sum the series of I_x(a, b) far in its tail, where all terms are positive and fall (DLMF 8.17.8)."""
    from scipy.special import betaln

    term = total = 1.0
    step = 0
    while term > total * 1e-17:
        term *= x * (a + b + step) / (a + 1 + step)
        total += term
        step += 1
    log_p = a * math.log(x) + b * math.log1p(-x) - math.log(a) - float(betaln(a, b)) + math.log(total)
    return log_p / math.log(10)


def _log10_gammaincc(a: float, x: float) -> float:
    """Follow the continued fraction of Q(a, x) far in its tail (DLMF 8.9.2)."""
    from scipy.special import gammaln

    fraction = 0.0
    for step in range(200, 0, -1):
        fraction = step * (step - a) / (x + 2 * step + 1 - a - fraction)
    return (a * math.log(x) - x - float(gammaln(a)) - math.log(x + 1 - a - fraction)) / math.log(10)
