"""Whether a trajectory turns: the rise of the final loss above the best one, and the interval where it shows first.

    values (seeds, intervals) ──best interval of the other seeds──▶ final less best of each seed ──t──▶ rise
                              ──increments──greatest t of drawn studies──▶ first rise

A seed's own minimum is the best of many noisy values, so its final loss lies above it where nothing rises: in a flat
tail by 1 to 2 deviations of the noise. Here the other seeds choose the interval, and the seed measures it.
"""

from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.bands import drawn_t
from raystudy.stats.contrasts import contrasts
from raystudy.stats.design import Codes, Design, Matrix, untestable
from raystudy.stats.intervals import sample_mean
from raystudy.stats.probability import ALPHA, t_quantile, t_tail

NO_RISE = "the mean loss is lowest at the final interval, whichever seed is left out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rise:
    """Final loss less that at the interval which is best for the other seeds, or the reason why it has no test."""

    df: int
    estimate: float | None = None
    ci_low: float | None = None
    """95 % interval; a rise is never below 0 by its definition, so the upper end is not either."""
    ci_high: float | None = None
    t: float | None = None
    p: float | None = None
    """Twice the upper tail: below .05 where the interval lies above 0; 1 where the estimate does not."""
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turning:
    """Where the mean trajectory is lowest, and what it does afterwards."""

    best: str
    """Interval where the mean over seeds is lowest."""
    chosen: tuple[str, ...] = ()
    """Of each seed, the interval that is best for the other ones; empty where there are no others."""
    rise: Rise
    naive: float
    """Mean of each seed's final loss less its own lowest: never below 0, so it shows a rise in noise alone."""
    first_rise: str | None = None
    """First interval after the best that lies above the one before it, as established; None where none does."""
    first_rise_p: float | None = None
    """One-sided, adjusted for all increments; where none is established, the least of those after the best."""


def turning(data: Design) -> Turning:
    """
    Test the rise after the best interval, and every increment.

    What chose the interval of one seed chose those of the others too, so a plain t of the differences is too sure: in
    flat tails it finds a rise or a fall in 3 to 26 %. The standard error is the one of C. Nadeau & Y. Bengio, Machine
    Learning 52, 239 (2003), for cross-validation, s sqrt(1 / n + 1 / (n - 1)). So a rise is found in 3 % at most, and
    its interval holds the true one in 95 to 99 % with 3 to 10 seeds, in 91 to 99 % with 30. A first rise is
    found in 2 to 6 % of flat tails (benchmarks/trajectory_bands.py).
    """
    assert data.group_sizes.size == 1, "arms are trajectories of their own"
    assert data.values.size, "without a seed there is no trajectory"
    values, reason = data.values, untestable(data, between=False)
    best = int(values.mean(axis=0).argmin())
    others = _best_of_others(values) if len(values) > 1 else np.empty(0, dtype=np.intp)
    found = Turning(
        best=data.levels[best],
        chosen=tuple(data.levels[place] for place in others),
        rise=Rise(df=data.df, reason=reason),
        naive=sample_mean(values[:, -1] - values.min(axis=1)),
    )
    if reason is not None:
        return found
    label, p = _first_rise(data, best)
    return replace(found, rise=_rise(data, others), first_rise=label, first_rise_p=p)


def _best_of_others(values: Matrix) -> Codes:
    """Return, of each seed, the interval where the mean of the other seeds is lowest, (seeds,)."""
    return np.array([np.delete(values, seed, axis=0).mean(axis=0).argmin() for seed in range(len(values))])


def _rise(data: Design, chosen: Codes) -> Rise:
    last = data.values.shape[1] - 1
    if (chosen == last).all():
        return Rise(df=data.df, estimate=0.0, reason=NO_RISE)
    pairs = replace(data, values=np.stack([data.values[np.arange(len(chosen)), chosen], data.values[:, -1]], axis=1))
    found = contrasts(pairs, np.array([[-1.0], [1.0]]))
    estimate, reason = float(found.estimate[0]), found.reasons[0]
    if reason is not None:
        return Rise(df=data.df, estimate=estimate, reason=reason)
    se = float(found.sd[0]) * (1 / found.n + 1 / (found.n - 1)) ** 0.5
    half = t_quantile(data.df) * se
    return Rise(
        df=data.df,
        estimate=estimate,
        ci_low=estimate - half,
        ci_high=max(estimate + half, 0.0),
        t=estimate / se,
        p=t_tail(estimate / se, df=data.df).p if estimate > 0 else 1.0,
    )


def _first_rise(data: Design, best: int) -> tuple[str | None, float | None]:
    """Return the first established rise after the best interval, and its p; increments that never vary have none."""
    intervals = data.values.shape[1]
    found = contrasts(data, np.diff(np.eye(intervals), axis=0).T)
    tested = np.array([reason is None for reason in found.reasons])
    if not tested[best:].any():
        return None, None
    t = np.full(intervals - 1, -np.inf)
    t[tested] = found.estimate[tested] / found.se[tested]
    greatest = drawn_t(np.diff(data.values, axis=1)[:, tested]).max(axis=1)
    p = (1 + (greatest[:, None] >= t[best:]).sum(axis=0)) / (1 + greatest.size)
    rises = np.flatnonzero(p < ALPHA)
    place = int(rises[0]) if rises.size else int(p.argmin())
    return (data.levels[best + 1 + place] if rises.size else None), float(p[place])
