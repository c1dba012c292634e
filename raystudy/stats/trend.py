"""Trends over levels that are numbers: a line and a bend, each tested against its own spread among the subjects.

    the levels' numbers, or their logarithms ──centre──▶ orthonormal polynomials ──contrasts──▶ estimate, slope, t

The spacing is the real one: 128, 256 and 512 tokens lie on a line in tokens or on one in their logarithm, never on one
in 1, 2, 3. The estimates are those of R's `contr.poly(k, scores)`.

B. J. Winer, Statistical Principles in Experimental Design, 2nd ed. (1971), 3.7; the error, `contrasts`.
"""

from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.contrasts import Contrasts, contrasts
from raystudy.stats.design import Design, Matrix
from raystudy.stats.probability import t_quantile, t_tail
from raystudy.stats.reason import Reason

_ROUNDING = 1e-8
"""A bend shorter than this, of a line of length 1, is made of the levels' last digits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Polynomial:
    """One trend, or the reason why it has no test."""

    df: int
    estimate: float | None = None
    """Of the contrast with weights of length 1, in units of what is measured; above 0 where it rises, or bends up."""
    se: float | None = None
    slope: float | None = None
    """Of a line only: what is measured, by unit of the level, or by e-fold of it where that is logarithmic."""
    ci_low: float | None = None
    """95 % interval of the slope."""
    ci_high: float | None = None
    t: float | None = None
    p: float | None = None
    log10_p: float | None = None
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """Lines and bends over the levels' numbers, and over their natural logarithms."""

    linear: Polynomial
    quadratic: Polynomial
    log_linear: Polynomial
    log_quadratic: Polynomial


def trend(data: Design) -> Trend:
    """Return the trends along the only within factor."""
    scores = data.scores
    linear, quadratic = _over(data, scores)
    log_linear, log_quadratic = _over(data, None if scores is None else _logarithms(scores))
    if scores is not None and log_linear.reason is Reason.NOT_NUMERIC:
        log_linear = log_quadratic = replace(log_linear, reason=Reason.NOT_POSITIVE)
    return Trend(linear=linear, quadratic=quadratic, log_linear=log_linear, log_quadratic=log_quadratic)


def _logarithms(scores: Matrix) -> Matrix | None:
    """Return the natural logarithms less that of the first, exact where levels are close; None where there are none."""
    return np.log1p((scores - scores[0]) / scores[0]) if scores.size and (scores > 0).all() else None


def _over(data: Design, scores: Matrix | None) -> tuple[Polynomial, Polynomial]:
    """Return the line and the bend over these places of the levels."""
    none = Polynomial(df=data.df)
    if len(data.levels if scores is None else np.unique(scores)) < 2:
        return (replace(none, reason=Reason.ONE_LEVEL),) * 2
    if scores is None:
        return (replace(none, reason=Reason.NOT_NUMERIC),) * 2
    weights, length = _orthonormal(scores)
    found = contrasts(data, weights)
    if weights.shape[1] == 2:
        return _sloped(_polynomial(found, 0), length), _polynomial(found, 1)
    few = len(np.unique(scores)) < 3
    bend = replace(none, reason=Reason.FEW_LEVELS if few else Reason.CLOSE_LEVELS)
    return _sloped(_polynomial(found, 0), length), bend


def _orthonormal(scores: Matrix) -> tuple[Matrix, float]:
    """Return weights of the line and, where there is one, the bend, (levels, 1 or 2), and the scores' own length."""
    line = _centred(scores - scores[0])
    unit = np.abs(line).max()  # so that no square overflows
    length = float(unit * np.linalg.norm(line / unit))
    line = line / length
    bend = line**2
    for _ in range(2):  # the second time takes out what rounding left of the mean and the line
        bend = _centred(bend)
        bend = bend - (bend @ line) * line
    size = np.linalg.norm(bend)
    return (line[:, None] if size <= _ROUNDING else np.stack([line, bend / size], axis=1)), length


def _centred(values: Matrix) -> Matrix:
    return values - float(values.mean())


def _polynomial(found: Contrasts, place: int) -> Polynomial:
    reason = found.reasons[place]
    estimate, se = float(found.estimate[place]), float(found.se[place])
    if reason is Reason.ZERO_ERROR or reason is Reason.CONSTANT:
        return Polynomial(df=found.df, estimate=estimate, se=se, reason=reason)
    if reason is not None:
        return Polynomial(df=found.df, reason=reason)
    tail = t_tail(estimate / se, df=found.df)
    return Polynomial(df=found.df, estimate=estimate, se=se, t=estimate / se, p=tail.p, log10_p=tail.log10_p)


def _sloped(line: Polynomial, length: float) -> Polynomial:
    """Return the line with its slope: the contrast's estimate over the length of the scores it was made of."""
    if line.estimate is None or line.se is None:
        return line
    slope, half = line.estimate / length, t_quantile(line.df) * line.se / length
    return replace(line, slope=slope, ci_low=slope - half, ci_high=slope + half)
