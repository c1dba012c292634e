"""Analysis of variance with repeated measures, in closed form, right at any scale and offset.

    Design ──each within effect──▶ its contrasts (subjects, d) ──each between effect──▶ SS, F, p, corrections, sizes
               none: the subjects' means, for the between factors themselves

Every effect of a within factor is a set of orthonormal contrasts of the cells; its variance among the subjects is the
error, and its mean over the groups the effect. Between factors are tested by type III hypotheses: on the means of the
groups, each counting alike, however many subjects it has.

Centred before it is squared: of values near 1e8, or of subjects that far apart, software that squares first keeps no
digit (R's car gives F .985 for 22.12, pingouin an infinite one). Scaled by a power of two, which costs no digit:
squares of 1e-11, the order of P1's metric, make other software print W = inf.

B. J. Winer, Statistical Principles in Experimental Design, 2nd ed. (1971), 4.2-4.4 and 7.2-7.3;
S. E. Maxwell & H. D. Delaney, Designing Experiments and Analyzing Data, 2nd ed. (2004), 12-14.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from raystudy.stats.contrasts import ROUNDING, group_means
from raystudy.stats.design import Design, Factor, Matrix, off_first
from raystudy.stats.effect_size import Sizes, Sums, sizes
from raystudy.stats.probability import f_tail
from raystudy.stats.reason import Reason
from raystudy.stats.sphericity import Mauchly, epsilons, mauchly, spectrum


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
    """Sphericity assumed."""
    log10_p: float
    greenhouse_geisser: Correction
    huynh_feldt: Correction
    chi_muller: Correction
    lower_bound: Correction
    mauchly: Mauchly

    @property
    def contrasts(self) -> int:
        """How many contrasts of the within factors it is about."""
        return round(1 / self.lower_bound.epsilon)

    @property
    def deciding(self) -> Correction:
        """The correction that errs least: see `raystudy.stats.decision`."""
        return self.greenhouse_geisser if self.contrasts == 2 else self.chi_muller

    @property
    def deciding_name(self) -> str:
        """Whose correction that is."""
        return "Greenhouse-Geisser" if self.contrasts == 2 else "Chi-Muller"


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """Sums of squares with their degrees of freedom, and the test, or the reason why there is none."""

    name: str
    """Names of its factors, those between subjects first, as `treatment:phase`."""
    n: int
    """Subjects."""
    df_effect: int
    df_error: int
    ss_effect: float | None = None
    ss_error: float | None = None
    ss_subject: float | None = None
    """Of the subjects' means within their groups: what the design keeps out of the error."""
    sizes: Sizes | None = None
    """Without intervals where there is no test."""
    test: FTest | None = None
    reason: Reason | None = None
    between: bool = False
    """Whether no factor of it varies within subjects."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stratum:
    """What the effects of one set of within factors are tested on, and against."""

    within: tuple[Factor, ...]
    means: Matrix
    """(groups, contrasts): of orthonormal contrasts of the cells."""
    ss: float
    """Of the residuals, the scores less the mean of their group: the error that its effects are tested against."""
    spectrum: Matrix
    """(contrasts,): eigenvalues of the residuals' covariance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    """A design taken apart, in units of `scale`."""

    data: Design
    df: int
    """Degrees of freedom of the subjects within their groups."""
    scale: float
    rounding: float
    """The root mean square over all cells that rounding makes of nothing."""
    strata: tuple[_Stratum, ...]
    """The first is that of the subjects' means."""

    def vanishes(self, ss: float) -> bool:
        """Whether a sum of squares is no greater than what rounding makes of nothing."""
        return math.sqrt(ss / self.data.values.size) <= self.rounding


def anova(data: Design) -> tuple[Effect, ...]:
    """Test every effect of the design: first those between subjects, then each within effect with its interactions."""
    pairs = [(b, w) for w in _subsets(data.within) for b in _subsets(data.between) if b or w]
    if data.reason is not None:
        return tuple(_named(data, b, w, reason=data.reason) for b, w in pairs)
    parts = _taken_apart(data)
    by_factors = {stratum.within: stratum for stratum in parts.strata}
    return tuple(_effect(parts, b, by_factors[w]) for b, w in pairs)


def _subsets(factors: Sequence[Factor]) -> Iterator[tuple[Factor, ...]]:
    return (subset for size in range(len(factors) + 1) for subset in combinations(factors, size))


def _taken_apart(data: Design) -> _Parts:
    within = off_first(data.values)
    scale = 2.0 ** math.frexp(float(np.abs(within).max()))[1]
    within, starts = within / scale, (data.values[:, 0] - data.values[0, 0]) / scale
    return _Parts(
        data=data,
        df=data.df,
        scale=scale,
        rounding=ROUNDING * float(np.abs(data.values).max()) / scale,
        strata=tuple(_stratum(data, within, starts, factors) for factors in _subsets(data.within)),
    )


def _stratum(data: Design, within: Matrix, starts: Matrix, factors: tuple[Factor, ...]) -> _Stratum:
    scores = within @ _product(data.within, factors).T
    if not factors:
        scores = scores + math.sqrt(within.shape[1]) * starts[:, None]
    means = group_means(scores, data)
    residuals = scores - means[data.groups]
    return _Stratum(within=factors, means=means, ss=float((residuals**2).sum()), spectrum=spectrum(residuals))


def _product(factors: Sequence[Factor], varying: Sequence[Factor]) -> Matrix:
    """Return orthonormal contrasts of the cells of all factors, (contrasts, cells), that compare the varying ones."""
    weights: Matrix = np.ones((1, 1))
    for factor in factors:
        each = (_helmert if factor in varying else _mean)(len(factor.levels))
        weights = np.asarray(np.kron(weights, each), dtype=np.float64)
    return weights


def _mean(levels: int) -> Matrix:
    return np.full((1, levels), 1 / math.sqrt(levels))


def _helmert(levels: int) -> Matrix:
    """Compare each level with the mean of those before it: orthonormal rows, (levels - 1, levels)."""
    places = np.arange(1, levels)[:, None]
    rows = np.where(np.arange(levels) < places, -1.0, np.where(np.arange(levels) == places, places, 0.0))
    return np.asarray(rows / np.sqrt(places * (places + 1)))


def _effect(parts: _Parts, between: Sequence[Factor], stratum: _Stratum) -> Effect:
    named = _named(parts.data, between, stratum.within)
    if not named.df_effect:
        return replace(named, reason=Reason.ONE_LEVEL)
    ss_effect, ss_error, ss_subject = _ss_effect(parts.data, between, stratum), stratum.ss, parts.strata[0].ss
    exact = parts.vanishes(ss_error)
    unit = parts.scale**2
    effect = replace(
        named,
        ss_effect=ss_effect * unit,
        ss_error=0.0 if exact else ss_error * unit,
        ss_subject=ss_subject * unit,
    )
    if exact and parts.vanishes(ss_effect):
        return replace(effect, reason=Reason.CONSTANT)
    if exact:
        sums = replace(_sums(parts, stratum, named, ss_effect), ss_error=0.0)
        return replace(effect, reason=Reason.ZERO_ERROR, sizes=sizes(sums))
    test = _test(parts, stratum, named, ss_effect)
    return replace(
        effect, test=test, sizes=sizes(_sums(parts, stratum, named, ss_effect), epsilon=test.deciding.epsilon)
    )


def _named(data: Design, between: Sequence[Factor], within: Sequence[Factor], reason: Reason | None = None) -> Effect:
    contrasts_, groups = (math.prod(len(factor.levels) - 1 for factor in factors) for factors in (within, between))
    return Effect(
        name=":".join(factor.name for factor in (*between, *within)),
        n=len(data.subjects),
        df_effect=contrasts_ * groups,
        df_error=contrasts_ * data.df,
        between=not within,
        reason=reason,
    )


def _ss_effect(data: Design, between: Sequence[Factor], stratum: _Stratum) -> float:
    """Return the type III sum of squares: of the hypothesis that contrasts of the groups' means are zero."""
    weights = _product(data.between, between)
    hypothesis = weights @ stratum.means
    covariance = (weights / data.group_sizes) @ weights.T
    return float((hypothesis * np.linalg.solve(covariance, hypothesis)).sum())


def _test(parts: _Parts, stratum: _Stratum, named: Effect, ss_effect: float) -> FTest:
    f = (ss_effect / named.df_effect) / (stratum.ss / named.df_error)
    factors = epsilons(stratum.spectrum, df=parts.df)
    plain = _corrected(f, 1.0, named)
    return FTest(
        f=f,
        p=plain.p,
        log10_p=plain.log10_p,
        greenhouse_geisser=_corrected(f, factors.greenhouse_geisser, named),
        huynh_feldt=_corrected(f, factors.huynh_feldt, named),
        chi_muller=_corrected(f, factors.chi_muller, named),
        lower_bound=_corrected(f, factors.lower_bound, named),
        mauchly=Mauchly(reason=Reason.INDEPENDENT) if named.between else _mauchly(parts, stratum),
    )


def _mauchly(parts: _Parts, stratum: _Stratum) -> Mauchly:
    cells, nothing = parts.data.values.shape[1], parts.data.values.size * parts.rounding**2
    return mauchly(stratum.spectrum, df=parts.df, cells=cells, nothing=nothing)


def _sums(parts: _Parts, stratum: _Stratum, named: Effect, ss_effect: float) -> Sums:
    subjects, *within = parts.strata
    return Sums(
        ss_effect=ss_effect,
        df_effect=named.df_effect,
        ss_error=stratum.ss,
        df_error=named.df_error,
        ss_subject=subjects.ss,
        df_subject=parts.df,
        n=named.n,
        ss_errors_all=math.fsum(each.ss for each in within),
        between=named.between,
    )


def _corrected(f: float, epsilon: float, named: Effect) -> Correction:
    df_effect, df_error = epsilon * named.df_effect, epsilon * named.df_error
    tail = f_tail(f, df_effect=df_effect, df_error=df_error)
    return Correction(epsilon=epsilon, df_effect=df_effect, df_error=df_error, p=tail.p, log10_p=tail.log10_p)
