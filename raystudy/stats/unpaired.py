"""What the trials say when their pairs are not believed: Welch's test, and what pairing them bought.

    levels, each a sample ──welch──▶ F with its own variance at each level
    subjects x levels ──pairing──▶ intraclass correlation ──▶ relative efficiency ──▶ Verdict

Trials that share nothing but a number are no pairs. P1's are of that kind, and its 50 "subjects" buy nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from raystudy.stats.contrasts import ROUNDING
from raystudy.stats.design import Design, Matrix, off_first, parted, untestable
from raystudy.stats.probability import f_tail
from raystudy.stats.reason import Reason

WORTH_PAIRING = 0.2
"""An intraclass correlation r saves the share r of all trials; less than one in five is not worth a design."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Welch:
    """Welch's F, or the reason why there is none."""

    f: float | None = None
    df_effect: int | None = None
    df_error: float | None = None
    p: float | None = None
    log10_p: float | None = None
    reason: Reason | None = None


class Verdict(StrEnum):
    """What pairing bought, ready for a sentence."""

    BOUGHT = "pairing bought precision"
    NOTHING = "pairing bought nothing that matters"
    CANNOT_TELL = "these data cannot tell what pairing bought"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing:
    """How alike the values of one subject are, and what that is worth."""

    icc: float | None = None
    """ICC(C,1), consistency of single values."""
    icc_low: float | None = None
    """95 % interval, exact where any two levels correlate alike."""
    icc_high: float | None = None
    efficiency: float | None = None
    """Unpaired trials that one paired trial is worth."""
    verdict: Verdict | None = None
    reason: Reason | None = None


def welch(data: Design) -> Welch:
    """Test the levels as if no two trials belonged together."""
    if data.group_sizes.size > 1:
        return Welch(reason=Reason.SEVERAL_GROUPS)
    return welch_of(tuple(data.values.T))


def welch_of(samples: Sequence[Matrix]) -> Welch:
    """
    Test whether samples of any size and variance have one mean.

    B. L. Welch, Biometrika 38, 330 (1951). Each sample is (values,); each needs two of them, and some spread.
    """
    k = len(samples)
    sizes = np.array([sample.size for sample in samples])
    if k < 2:
        return Welch(reason=Reason.ONE_LEVEL)
    if sizes.min() < 2:
        return Welch(reason=Reason.FEW_SUBJECTS if sizes.any() else Reason.NO_SUBJECT)
    centred = [sample - samples[0][0] for sample in samples]  # so an offset costs no digit
    variances = np.array([np.var(sample - sample[0], ddof=1) for sample in centred])
    if np.sqrt(variances.min()) <= ROUNDING * max(np.abs(sample).max() for sample in samples):
        return Welch(reason=Reason.NO_SPREAD)
    means = np.array([sample.mean() for sample in centred])
    weights = sizes / variances
    shares = weights / weights.sum()
    unsure = float(((1 - shares) ** 2 / (sizes - 1)).sum())
    between = float((weights * (means - shares @ means) ** 2).sum()) / (k - 1)
    f, df_error = between / (1 + 2 * (k - 2) / (k * k - 1) * unsure), (k * k - 1) / (3 * unsure)
    tail = f_tail(f, df_effect=k - 1, df_error=df_error)
    return Welch(f=f, df_effect=k - 1, df_error=df_error, p=tail.p, log10_p=tail.log10_p)


def pairing(data: Design) -> Pairing:
    """
    Return the intraclass correlation and the efficiency it gives to comparisons within subjects.

    K. O. McGraw & S. P. Wong, Psychol. Methods 1, 30 (1996), tables 4 and 7, case 3. The variance of a difference
    between unpaired trials is 1 / (1 - ICC) times that between paired ones, which have fewer degrees of freedom for
    their error: the factor (df + 1) / (df + 3) is R. A. Fisher's, The Design of Experiments (1935), 74.
    """
    n, k = data.values.shape
    reason = untestable(data, between=False)
    if reason is not None:
        return Pairing(reason=reason)
    subject, error, rounding = _mean_squares(data.values)
    if np.sqrt(error) <= rounding:
        still = np.ptp(data.values, axis=1).max() <= rounding
        return Pairing(reason=Reason.CONSTANT if still else Reason.ZERO_ERROR)
    f = subject / error
    icc, icc_low, icc_high = ((x - 1) / (x + k - 1) for x in (f, *_f_interval(f, n - 1, (n - 1) * (k - 1))))
    price = _information((n - 1) * (k - 1)) / _information((n - 1) * k)
    verdict = Verdict.BOUGHT if icc_low > 0 else Verdict.NOTHING if icc_high < WORTH_PAIRING else Verdict.CANNOT_TELL
    return Pairing(icc=icc, icc_low=icc_low, icc_high=icc_high, efficiency=price * (f + k - 1) / k, verdict=verdict)


def _mean_squares(values: Matrix) -> tuple[float, float, float]:
    """Return the mean squares of subjects and of the error, and the rounding of one value."""
    n, k = values.shape
    _, residuals = parted(values)
    error = float((residuals**2).sum()) / ((n - 1) * (k - 1))
    means = values[:, 0] - values[0, 0] + off_first(values).mean(axis=1)
    return k * float(np.var(means, ddof=1)), error, ROUNDING * float(np.abs(values).max())


def _f_interval(f: float, df_subject: int, df_error: int) -> tuple[float, float]:
    from scipy.special import fdtri

    return f / float(fdtri(df_subject, df_error, 0.975)), f * float(fdtri(df_error, df_subject, 0.975))


def _information(df: int) -> float:
    return (df + 1) / (df + 3)
