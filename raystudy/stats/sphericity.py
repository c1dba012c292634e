"""How far the differences between levels are from equal variances, and what that takes from the degrees of freedom.

Both answers come from the singular values of the residuals (subjects x levels, both means taken out): their squares are
the eigenvalues of the contrasts' covariance, found without squaring the data first.

G. W. Greenhouse & S. Geisser, Psychometrika 24, 95 (1959); H. Huynh & L. S. Feldt, J. Educ. Stat. 1, 69 (1976);
J. W. Mauchly, Ann. Math. Stat. 11, 204 (1940); T. W. Anderson, Multivariate Statistical Analysis (2003), 10.7.4.
"""

import math
from dataclasses import dataclass

import numpy as np

from raystudy.stats.design import Matrix
from raystudy.stats.probability import chi2_tail
from raystudy.stats.reason import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Epsilons:
    """Factors by which both degrees of freedom of F are multiplied."""

    greenhouse_geisser: float
    huynh_feldt: float
    """Never above 1."""
    lower_bound: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Mauchly:
    """Mauchly's test of sphericity, or the reason why there is none."""

    w: float | None = None
    chi2: float | None = None
    df: int | None = None
    p: float | None = None
    """Anderson's formula; R and pingouin print another one that differs in the third or fourth digit."""
    reason: Reason | None = None


def epsilons(residuals: Matrix) -> Epsilons:
    """Return the corrections for residuals that are not all zero."""
    n, k = residuals.shape
    variances = _variances(residuals)
    gg = float(variances.sum() ** 2 / ((k - 1) * (variances**2).sum()))
    gg = min(max(gg, 1 / (k - 1)), 1.0)
    room = (k - 1) * (n - 1 - (k - 1) * gg)
    hf = (n * (k - 1) * gg - 2) / room if room > 1e-12 else 1.0
    return Epsilons(greenhouse_geisser=gg, huynh_feldt=min(hf, 1.0), lower_bound=1 / (k - 1))


def mauchly(residuals: Matrix) -> Mauchly:
    """Return Mauchly's W with Anderson's p; it does not exist for fewer than k - 1 degrees of freedom."""
    d, df_subjects = residuals.shape[1] - 1, residuals.shape[0] - 1
    if d == 1:
        return Mauchly(reason=Reason.ONE_CONTRAST)
    variances = _variances(residuals)
    if df_subjects < d or variances[-1] <= 1e-24 * variances[0]:
        return Mauchly(reason=Reason.SINGULAR)
    log_w = float(np.log(variances / variances.mean()).sum())
    rho = 1 - (2 * d * d + d + 2) / (6 * d * df_subjects)
    chi2, df = -rho * df_subjects * log_w, d * (d + 1) // 2 - 1
    return Mauchly(w=math.exp(log_w), chi2=chi2, df=df, p=_anderson_p(chi2, df, d=d, rho_nu=rho * df_subjects))


def _anderson_p(chi2: float, df: int, *, d: int, rho_nu: float) -> float:
    second_order = (d + 2) * (d - 1) * (d - 2) * (2 * d**3 + 6 * d**2 + 3 * d + 2) / (288 * d**2 * rho_nu**2)
    first = chi2_tail(chi2, df=df)
    return min(max(first + second_order * (chi2_tail(chi2, df=df + 4) - first), 0.0), 1.0)


def _variances(residuals: Matrix) -> Matrix:
    """Return the k - 1 eigenvalues of the contrasts' covariance, greatest first, up to a common factor."""
    singular: Matrix = np.asarray(np.linalg.svd(residuals, compute_uv=False), dtype=np.float64)
    return singular[: residuals.shape[1] - 1] ** 2
