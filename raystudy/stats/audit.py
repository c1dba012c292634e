"""What a ratio metric is mostly made of: the logarithm of its change, and the F it shows when nothing measured counts.

    a, b ──────────────────decompose──▶ ln m(a)/m(b), split among the factors
    table ──shuffle what was measured──▶ F again, and again ──▶ NullF: what the parts that the study sets show alone

A metric that is a product of powers, m = x1^p1 x2^p2 ..., changes between two conditions by
ln m(a)/m(b) = p1 ln x1(a)/x1(b) + ..., exactly, where x is the geometric mean of a condition. In P1 nine tenths of the
parameter efficiency's change is its own divisor, the tokens, which the study sets and nobody measures. With quality and
power dealt out to the trials at random, so that no condition differs in either, its F is still about 3,700.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from raystudy.stats.cells import design
from raystudy.stats.design import Matrix
from raystudy.stats.draws import chunks, f_ratios, refusal
from raystudy.stats.probability import f_tail
from raystudy.stats.reason import Reason

_HALF = 0.5
_LOG10_ALPHA = -3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What one factor contributes."""

    name: str
    log_ratio: float
    share: float | None
    """Of the whole change; null where the metric does not change. Negative where the factor works against it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NullF:
    """The F of a metric, and the F that its parts set by the study show without the help of any measurement."""

    n: int
    """Complete subjects."""
    k: int
    f: float | None = None
    """As seen; sphericity assumed, as for all F here."""
    median: float | None = None
    """Of F over the draws."""
    low: float | None = None
    """2.5 % of the draws show less."""
    high: float | None = None
    """2.5 % of the draws show more."""
    share_as_large: float | None = None
    """Share of the draws whose F reaches the one seen."""
    log10_p: float | None = None
    """Of the median: how significant the metric is though nothing measured differs."""
    set_share: float | None = None
    """Share of ln m(first level)/m(last level) that parts set by the study carry; null where nothing changes."""
    reason: Reason | None = None

    @property
    def mostly_by_design(self) -> bool | None:
        """
        Whether the metric mostly shows what the study set, as one that is mostly its own denominator does.

        So it is where the parts set by the study carry more than half of the logarithm of its change, or would alone
        be significant at .001; null where neither is known.
        """
        signs = []
        if self.set_share is not None:
            signs.append(self.set_share > _HALF)
        if self.log10_p is not None:
            signs.append(self.log10_p < _LOG10_ALPHA)
        return any(signs) if signs else None


def decompose(a: pl.DataFrame, b: pl.DataFrame, *, powers: Mapping[str, float]) -> tuple[Part, ...]:
    """Split ln m(a)/m(b) among the columns of `powers`; empty where a value is missing or not positive."""
    logs = {name: _mean_log(a[name], b[name], power) for name, power in powers.items()}
    known = {name: log for name, log in logs.items() if log is not None}
    if len(known) < len(logs):
        return ()
    total = sum(known.values())
    vanishes = abs(total) <= 1e-12 * max(map(abs, known.values()), default=0)
    return tuple(Part(name=name, log_ratio=log, share=None if vanishes else log / total) for name, log in known.items())


def null_f(
    table: pl.DataFrame,
    *,
    subject: str,
    level: str,
    levels: Sequence[str],
    powers: Mapping[str, float],
    set_by_design: Collection[str],
    draws: int = 1000,
    seed: int = 0,
) -> NullF:
    """
    Shuffle what was measured over all rows, what the study sets staying in place, and take F each time.

    What one trial measured stays together, as one draw of nature: of P1's 150 trials F then has a mean of 3,700 and a
    median of 3,660. To shuffle each measured column by itself would tear apart what goes together (5,720); to shuffle
    within subjects would keep what subjects share (2,910; each column by itself 4,710). Rows of one cell are averaged
    geometrically; a subject that lacks a cell is left out.
    """
    assert set(set_by_design) <= set(powers), "what the study sets is part of the metric"
    if any((table[name] <= 0).any() for name in powers):
        return NullF(n=0, k=len(levels), reason=Reason.NO_LOGARITHM)
    logs = {name: power * pl.col(name).log() for name, power in powers.items()}
    given = sum((log for name, log in logs.items() if name in set_by_design), pl.lit(0.0))
    measured = sum((log for name, log in logs.items() if name not in set_by_design), pl.lit(0.0))
    whole = table.select(subject, level, g=given, m=measured).with_columns(
        g=pl.when(pl.col("m").is_finite()).then("g"), m=pl.when(pl.col("g").is_finite()).then("m")
    )
    return _audited(
        *(design(whole, subject=subject, within=[level], value=name, levels={level: levels}).values for name in "gm"),
        draws=draws,
        seed=seed,
    )


def _audited(given: Matrix, measured: Matrix, *, draws: int, seed: int) -> NullF:
    """Return the record of two matrices of logarithms, (subjects, levels)."""
    n, k = given.shape
    if not given.size:
        return NullF(n=n, k=k, reason=Reason.NO_SUBJECT)
    share = _set_share(given, measured)
    fixed, free = (np.exp(logs - logs.max()) for logs in (given, measured))
    if reason := refusal(fixed * free):
        return NullF(n=n, k=k, set_share=share, reason=reason)
    (seen,) = f_ratios((fixed * free)[None])
    drawn = _shuffled(fixed, free, draws=draws, seed=seed)
    low, median, high = (float(each) for each in np.quantile(drawn, (0.025, 0.5, 0.975)))
    return NullF(
        n=n,
        k=k,
        f=float(seen),
        median=median,
        low=low,
        high=high,
        share_as_large=float((drawn >= seen).mean()),
        log10_p=f_tail(median, df_effect=k - 1, df_error=(k - 1) * (n - 1)).log10_p,
        set_share=share,
    )


def _shuffled(fixed: Matrix, free: Matrix, *, draws: int, seed: int) -> Matrix:
    """Return F of each draw, (draws,)."""
    rng = np.random.default_rng(seed)
    found = [
        f_ratios(
            fixed * rng.permuted(np.broadcast_to(free.ravel(), (some, free.size)), axis=1).reshape(-1, *free.shape)
        )
        for some in chunks(draws, cells=free.size)
    ]
    return np.concatenate(found)


def _set_share(given: Matrix, measured: Matrix) -> float | None:
    by_design, by_nature = (float((logs[:, 0] - logs[:, -1]).mean()) for logs in (given, measured))
    total = by_design + by_nature
    vanishes = abs(total) <= 1e-12 * max(abs(by_design), abs(by_nature))
    return None if vanishes else by_design / total


def _mean_log(a: pl.Series, b: pl.Series, power: float) -> float | None:
    if any(values.is_empty() or values.has_nulls() or (values <= 0).any() for values in (a, b)):
        return None
    first, last = a.log().mean(), b.log().mean()
    assert isinstance(first, float), "a column of positive numbers has a mean"
    assert isinstance(last, float), "a column of positive numbers has a mean"
    return power * (first - last) + 0.0  # no -0.0
