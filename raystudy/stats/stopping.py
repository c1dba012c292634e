"""Where to stop: what one seed's losses cost interval by interval, what a loss costs, what was spent past the minimum.

    losses (intervals,), joules (intervals,) ──▶ J / nat, cost of a loss, cheapest stop, joules past the best

joules[i] is the training energy between losses[i - 1] and losses[i], so joules[0] is 0. Intervals are named by their
places. A place where the loss did not fall has no price.
"""

from dataclasses import dataclass

import numpy as np

from raystudy.stats.design import Matrix


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """When a loss was first reached: joules from the start, and how many intervals, whole ones and a part."""

    energy_j: float
    intervals: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PastBest:
    """What was spent after the interval with the lowest loss."""

    best: int
    energy_j: float
    share: float | None
    """Of all joules; None where none were spent."""
    half_width_j: float | None
    """None where half-widths are not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheapestStop:
    """Where the joules from the start, over the nats gained since, are fewest."""

    interval: int
    j_per_nat: float
    dearer: int | None
    """First interval whose own price is above the average up to it, so that the average rises; None where none is."""


def marginal_j_per_nat(losses: Matrix, joules: Matrix) -> tuple[float | None, ...]:
    """Return the price of each interval, (intervals,): its joules over the nats its loss fell by."""
    _check(losses, joules)
    falls = (losses[:-1] - losses[1:]).tolist()
    prices = [price / fall if fall > 0 else None for price, fall in zip(joules[1:].tolist(), falls, strict=True)]
    return (None, *prices)


def cost_of(losses: Matrix, joules: Matrix, target: float) -> Reached | None:
    """
    Return what it took to first reach a loss; None where it was never reached.

    Between two intervals the loss is taken to fall evenly with joules. It falls faster at first, so where intervals are
    long the true cost is less.
    """
    _check(losses, joules)
    if not (losses <= target).any():
        return None
    place = int((losses <= target).argmax())
    if place == 0:
        return Reached(energy_j=0.0, intervals=0.0)
    part = float((losses[place - 1] - target) / (losses[place - 1] - losses[place]))
    return Reached(energy_j=float(joules[:place].sum() + part * joules[place]), intervals=place - 1 + part)


def past_best(losses: Matrix, joules: Matrix, half_widths: Matrix | None = None) -> PastBest:
    """Return the energy past the minimum; half-widths, (intervals,), add up, since neighbours share their edges."""
    _check(losses, joules)
    best, total = int(losses.argmin()), float(joules.sum())
    spent = float(joules[best + 1 :].sum())
    return PastBest(
        best=best,
        energy_j=spent,
        share=spent / total if total > 0 else None,
        half_width_j=None if half_widths is None else float(half_widths[best + 1 :].sum()),
    )


def cheapest_stop(losses: Matrix, joules: Matrix) -> CheapestStop | None:
    """
    Return the stop that gains most for its joules; None where the loss was never below that at the start.

    Where each interval gains less than the one before, that is the first one, and would be earlier still if intervals
    were shorter: then it tells how steep the start is, not where to stop.
    """
    _check(losses, joules)
    gains = losses[0] - losses
    if not (gains > 0).any():
        return None
    average = np.full(losses.size, np.inf)
    np.divide(joules.cumsum(), gains, out=average, where=gains > 0)
    place, rises = int(average.argmin()), average[1:] > average[:-1]
    return CheapestStop(
        interval=place,
        j_per_nat=float(average[place]),
        dearer=int(rises.argmax()) + 1 if rises.any() else None,
    )


def _check(losses: Matrix, joules: Matrix) -> None:
    assert losses.ndim == 1, "losses are those of one seed"
    assert losses.size == joules.size > 0, "each interval has a loss and joules"
    assert np.isfinite(losses).all(), "an interval without a loss is left out before"
    assert joules[0] == 0, "nothing is spent before the start"
    assert (joules >= 0).all(), "an interval without joules is left out before"
