"""How far the differences between levels are from equal variances, and what that takes from the degrees of freedom.

Both answers come from the singular values of the residuals of orthonormal contrasts (subjects, contrasts): their
squares are the eigenvalues of the contrasts' covariance, found without squaring the data first.

G. W. Greenhouse & S. Geisser, Psychometrika 24, 95 (1959); H. Huynh & L. S. Feldt, J. Educ. Stat. 1, 69 (1976), with
the correction for groups of B. Lecoutre, J. Educ. Stat. 16, 371 (1991); Y.-Y. Chi, M. Gribbin, Y. Lamers,
J. F. Gregory & K. E. Muller, Stat. Med. 31, 692 (2012); J. W. Mauchly, Ann. Math. Stat. 11, 204 (1940);
T. W. Anderson, Multivariate Statistical Analysis (2003), 10.7.4.
"""

import math
from dataclasses import dataclass

import numpy as np

from raystudy.stats.design import Matrix
from raystudy.stats.probability import chi2_tail
from raystudy.stats.reason import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Epsilons:
    """Factors by which both degrees of freedom of F are multiplied, each from lower_bound to 1."""

    greenhouse_geisser: float
    huynh_feldt: float
    chi_muller: float
    lower_bound: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Mauchly:
    """Mauchly's test of sphericity, or the reason why there is none."""

    w: float | None = None
    chi2: float | None = None
    df: int | None = None
    p: float | None = None
    """Anderson's formula."""
    p_r: float | None = None
    """As R and pingouin print it, with the number of cells for d at one place of the second-order term."""
    reason: Reason | None = None


def spectrum(residuals: Matrix) -> Matrix:
    """Return the eigenvalues of the contrasts' covariance, (contrasts,), greatest first, up to a common factor."""
    subjects, contrasts = residuals.shape
    singular = np.asarray(np.linalg.svd(residuals, compute_uv=False), dtype=np.float64)
    return np.pad(singular**2, (0, max(contrasts - subjects, 0)))


def epsilons(variances: Matrix, *, df: int) -> Epsilons:
    """Return the corrections for a spectrum that is not all zero, each contrast of which has df."""
    d = variances.size
    if d == 1:
        return Epsilons(greenhouse_geisser=1.0, huynh_feldt=1.0, chi_muller=1.0, lower_bound=1.0)
    gg = float(variances.sum() ** 2 / (d * (variances**2).sum()))
    room = d * (df - d * gg)
    hf = ((df + 1) * d * gg - 2) / room if room > 1e-12 else math.inf
    if df == 1:
        hf = 0.0  # residuals of one direction tell nothing of the others
    doubt = (df - 1) + df * (df - 1) / 2
    cm = hf * (doubt - 2) * (doubt - 4) / doubt**2 if df > 2 else 0.0
    gg, hf, cm = (min(max(each, 1 / d), 1.0) for each in (gg, hf, cm))
    return Epsilons(greenhouse_geisser=gg, huynh_feldt=hf, chi_muller=cm, lower_bound=1 / d)


def mauchly(variances: Matrix, *, df: int, cells: int | None = None, nothing: float = 0.0) -> Mauchly:
    """
    Return Mauchly's W; it does not exist where a contrast has fewer degrees of freedom than there are contrasts.

    `cells` is their number in the whole design, one more than contrasts unless said, and enters R's p alone. A variance
    of no more than `nothing` is one of rounding.
    """
    d = variances.size
    if d == 1:
        return Mauchly(reason=Reason.ONE_CONTRAST)
    if df < d:
        return Mauchly(reason=Reason.SINGULAR)
    if variances[-1] <= max(1e-24 * variances[0], nothing):
        return Mauchly(reason=Reason.DEPENDENT)
    log_w = min(float(np.log(variances / variances.mean()).sum()), 0.0)  # rounding can lift it
    rho = 1 - (2 * d * d + d + 2) / (6 * d * df)
    chi2, df_chi2 = -rho * df * log_w, d * (d + 1) // 2 - 1
    p, p_r = (_p(chi2, df_chi2, _second_order(d, place) / (rho * df) ** 2) for place in (d, cells or d + 1))
    return Mauchly(w=math.exp(log_w), chi2=chi2, df=df_chi2, p=p, p_r=p_r)


def _second_order(d: int, place: int) -> float:
    """Return the weight of the second-order term, where Anderson has d, the number of contrasts, at every place."""
    return (d + 2) * (d - 1) * (d - 2) * (2 * d**3 + 6 * d**2 + 3 * place + 2) / (288 * d**2)


def _p(chi2: float, df: int, weight: float) -> float:
    first, second = chi2_tail(chi2, df=df).p, chi2_tail(chi2, df=df + 4).p
    return min(max(first + weight * (second - first), 0.0), 1.0)
