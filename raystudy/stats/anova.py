"""One-way analysis of variance with repeated measures, in closed form, right at any scale and offset.

    values (subjects, levels) ──centre──▶ effect + residuals ──square──▶ SS, F, p, effect sizes

Centred before it is squared: of values near 1e8, or of subjects that far apart, software that squares first keeps no
digit (R's car gives F .985 for 22.12, pingouin an infinite one). Scaled by a power of two, which costs no digit:
squares of 1e-11, the order of P1's metric, make other software print W = inf.

B. J. Winer, Statistical Principles in Experimental Design, 2nd ed. (1971), 4.2-4.4;
S. Olejnik & J. Algina, Psychol. Methods 8, 434 (2003), for generalised eta squared.
"""

import math
from dataclasses import dataclass

import numpy as np

from raystudy.stats.design import Matrix
from raystudy.stats.probability import f_tail
from raystudy.stats.reason import Reason
from raystudy.stats.sphericity import Mauchly, epsilons, mauchly

_ROUNDING = 4 * np.finfo(np.float64).eps
"""Differences below this part of the greatest value are those of storing it, not of what was measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """An F test whose degrees of freedom are multiplied by epsilon."""

    epsilon: float
    df_effect: float
    df_error: float
    p: float
    log10_p: float


@dataclass(frozen=True, kw_only=True, slots=True)
class FTest:
    """F and all that rests on it; there is none where a Reason stands in its place."""

    f: float
    p: float
    log10_p: float
    greenhouse_geisser: Correction
    huynh_feldt: Correction
    lower_bound: Correction
    mauchly: Mauchly
    pes: float
    """Partial eta squared: effect / (effect + error)."""
    ges: float
    """Generalised eta squared: effect / (effect + subjects + error)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Anova:
    """Sums of squares with their degrees of freedom, and the test, or the reason why there is none."""

    n: int
    k: int
    df_effect: int
    df_error: int
    ss_effect: float | None = None
    ss_error: float | None = None
    ss_subject: float | None = None
    test: FTest | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class _Centred:
    """The values in units of `scale`, taken apart."""

    effect: Matrix
    """(levels,) level means, their own mean taken out"""
    residuals: Matrix
    """(subjects, levels)"""
    subjects: Matrix
    """(subjects,) subject means, their own mean taken out"""
    scale: float
    rounding: float

    def ss(self, part: Matrix) -> float:
        """Return the sum of squares of a part over all cells, in units of scale squared."""
        return float((part**2).sum()) * self.residuals.size / part.size

    def vanishes(self, part: Matrix) -> bool:
        """Whether a part is no greater than what rounding makes of nothing."""
        return math.sqrt(self.ss(part) / self.residuals.size) <= self.rounding


def repeated_measures(values: Matrix) -> Anova:
    """Test whether level means differ by more than the subjects' disagreement; `values` is (subjects, levels)."""
    n, k = values.shape
    df_effect, df_error = max(k - 1, 0), max(k - 1, 0) * max(n - 1, 0)
    reason = _too_small(n, k)
    if reason is not None:
        return Anova(n=n, k=k, df_effect=df_effect, df_error=df_error, reason=reason)
    parts = _centred(values)
    reason = _untestable(parts)
    return Anova(
        n=n,
        k=k,
        df_effect=df_effect,
        df_error=df_error,
        ss_effect=parts.ss(parts.effect) * parts.scale**2,
        ss_error=parts.ss(parts.residuals) * parts.scale**2,
        ss_subject=parts.ss(parts.subjects) * parts.scale**2,
        test=None if reason else _test(parts),
        reason=reason,
    )


def _too_small(n: int, k: int) -> Reason | None:
    if n < 2:
        return Reason.FEW_SUBJECTS if n else Reason.NO_SUBJECT
    return Reason.ONE_LEVEL if k < 2 else None


def _centred(values: Matrix) -> _Centred:
    within = values - values[:, :1]  # exact where neighbours are close, so a subject's offset costs no digit
    scale = 2.0 ** math.frexp(float(np.abs(within).max()))[1]
    within = within / scale
    starts = (values[:, 0] - values[0, 0]) / scale
    subject_means = within.mean(axis=1)
    inner = within - subject_means[:, None]
    effect = inner.mean(axis=0)
    subjects = starts + subject_means
    rounding = _ROUNDING * float(np.abs(values).max()) / scale
    return _Centred(effect, inner - effect, subjects - subjects.mean(), scale, rounding)


def _untestable(parts: _Centred) -> Reason | None:
    if not parts.vanishes(parts.residuals):
        return None
    return Reason.CONSTANT if parts.vanishes(parts.effect) else Reason.ZERO_ERROR


def _test(parts: _Centred) -> FTest:
    effect, error, subject = (parts.ss(part) for part in (parts.effect, parts.residuals, parts.subjects))
    n, k = parts.residuals.shape
    f = (effect / (k - 1)) / (error / ((k - 1) * (n - 1)))
    factors = epsilons(parts.residuals)
    plain = _corrected(f, 1.0, n=n, k=k)
    return FTest(
        f=f,
        p=plain.p,
        log10_p=plain.log10_p,
        greenhouse_geisser=_corrected(f, factors.greenhouse_geisser, n=n, k=k),
        huynh_feldt=_corrected(f, factors.huynh_feldt, n=n, k=k),
        lower_bound=_corrected(f, factors.lower_bound, n=n, k=k),
        mauchly=mauchly(parts.residuals),
        pes=effect / (effect + error),
        ges=effect / (effect + subject + error),
    )


def _corrected(f: float, epsilon: float, *, n: int, k: int) -> Correction:
    df_effect, df_error = epsilon * (k - 1), epsilon * (k - 1) * (n - 1)
    tail = f_tail(f, df_effect=df_effect, df_error=df_error)
    return Correction(epsilon=epsilon, df_effect=df_effect, df_error=df_error, p=tail.p, log10_p=tail.log10_p)
