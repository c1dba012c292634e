"""The joules of trajectories: what each interval cost and bought, where to stop, what a loss costs, what came too late.

Arm ──joules of each run and interval──▶ price, cheapest stop, cost of a loss, energy past the minimum ──▶ Tables
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import Row
from raystudy.analysis.trajectories import Arm, Trajectories
from raystudy.stats.design import Matrix
from raystudy.stats.intervals import Interval, mean_interval
from raystudy.stats.stopping import PastBest, cheapest_stop, cost_of, marginal_j_per_nat, past_best

_MOST_TARGETS = 10
_WITH = {"runs with joules": "Joules are those of so many runs, which have them at every interval."}
UP_TO = {"up to": "Up to: where all runs stopped early, they are told up to the last interval that all reached."}
_PRICES = {
    "tokens": "Means over seeds, training only.",
    **_WITH,
    "± from readings, J": "± from readings: half-width (99 %) that the readings leave the joules of one run.",
    "nats bought": (
        "Nats bought: what the held-out loss fell by in the interval, with its 95 % interval between seeds; price: "
        "joules over nats, with that interval. Where the loss did not fall nothing was bought, and there is no price; "
        "where the interval of the nats holds zero, the price has no upper bound."
    ),
}
_STOPS = {
    "least loss at": (
        "Past the minimum: joules of the training after each seed's own least loss, with the 95 % interval between "
        "seeds; its share is of all training. By noise alone, a loss that has levelled off has its minimum before the "
        "end, too."
    ),
    **UP_TO,
    **_WITH,
    "± from readings, J": "± from readings: half-width (99 %) that the readings leave one run.",
    "± with gain, J": "± with gain: with what the instrument's gain adds for the joules themselves.",
    "cheapest at": (
        "Cheapest: tokens at which a nat, counted from the start, has cost least on the mean curve; from then on each "
        "costs more. Where each interval buys less than the one before, that is the first one, and says how steep the "
        "start is."
    ),
}
_COSTS = {
    "held-out loss": (
        "What it took to first reach a held-out loss, between two evaluations by a straight line; means over the seeds "
        "that reach it, of how many. Where not all do, the mean says nothing of the others, and has no interval."
    ),
    **_WITH,
}
"""What a reader must know of each column, where it is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What an arm spent after each seed's own minimum."""

    energy_j: Interval
    """Over seeds, with the 95 % interval between them."""
    share: Interval
    """Of all joules of the training."""
    u_j: float | None
    """Half-width that the readings leave one run, mean over runs; None where it is not known."""


def tables(found: Trajectories) -> tuple[Table, ...]:
    """Return prices and stops where joules are known, and what losses cost, in tokens at least."""
    if not found.arms:
        return ()
    known = any(known_joules(arm) for arm in found.arms)
    return (*((_stops(found), _prices(found)) if known else ()), *_costs(found))


def past_minimum(arm: Arm) -> list[PastBest | None]:
    """Return what each run spent after its own least loss; None where its joules are not known."""
    half_widths = arm.matrix("u_j")
    return [
        None if joules is None else past_best(losses, joules, None if np.isnan(widths).any() else widths)
        for losses, joules, widths in zip(arm.runs.values, _joules(arm), half_widths, strict=True)
    ]


def past_of(arm: Arm) -> Past | None:
    """Return what an arm spent past the minimum; None where no run's joules are known."""
    each = past_minimum(arm)
    if not known_joules(arm):
        return None
    widths = [run.half_width_j for run in each if run is not None and run.half_width_j is not None]
    return Past(
        energy_j=_over_seeds(arm, [None if run is None else run.energy_j for run in each]),
        share=_over_seeds(arm, [None if run is None else run.share for run in each]),
        u_j=math.fsum(widths) / len(widths) if widths else None,
    )


def _prices(found: Trajectories) -> Table:
    rows = [row for arm in found.arms if known_joules(arm) for row in _price(found, arm)]
    frame = found.frame(rows, dict.fromkeys(("tokens", "runs with joules"), pl.Int64))
    title = "What each interval cost and bought"
    return Table(name="prices", title=title, frame=frame, note=note(_PRICES, frame, found))


def _price(found: Trajectories, arm: Arm) -> Iterator[Row]:
    """Yield one row an interval, of the mean curve; its price is bounded by the interval of its nats."""
    whole = known_joules(arm)
    spent, sums = np.mean(whole, axis=0), np.mean(np.cumsum(whole, axis=1), axis=0)
    widths, losses = arm.matrix("u_j"), arm.data.values
    prices = marginal_j_per_nat(losses.mean(axis=0), spent)
    for place in range(1, arm.places):
        nats, u_j = mean_interval(losses[:, place - 1] - losses[:, place]), float(widths[:, place].mean())
        joules = float(spent[place])
        yield found.key(arm) | {
            "tokens": int(arm.data.levels[place]),
            "runs with joules": _fewer(arm),
            found.joules.title("training energy", "J"): joules,
            "± from readings, J": None if math.isnan(u_j) else u_j,
            found.joules.title("so far", "J"): float(sums[place]),
            "nats bought": nats.mean,
            "95 % low": nats.low,
            "95 % high": nats.high,
            found.joules.title("price", "J/nat"): prices[place],
            "price low": joules / nats.high if nats.high is not None and nats.high > 0 else None,
            "price high": joules / nats.low if nats.low is not None and nats.low > 0 else None,
        }


def _stops(found: Trajectories) -> Table:
    rows = [found.key(arm) | _stop(found, arm) for arm in found.arms if known_joules(arm)]
    whole = ("least loss at", "up to", "runs with joules", "cheapest at", "dearer from")
    frame = found.frame(rows, dict.fromkeys(whole, pl.Int64))
    title = "Where to stop, and what came too late"
    return Table(name="stops", title=title, frame=frame, note=note(_STOPS, frame, found))


def note(told: Mapping[str, str], frame: pl.DataFrame, found: Trajectories) -> str:
    """Explain the columns that are there."""
    parts = (*(text for column, text in told.items() if column in frame.columns), found.joules.note)
    return " ".join(part for part in parts if part)


def _stop(found: Trajectories, arm: Arm) -> Row:
    past, joules = past_of(arm), np.mean(known_joules(arm), axis=0)
    assert past is not None, "arms without joules are left out before"
    cheapest = cheapest_stop(arm.data.values.mean(axis=0), joules)
    at = [int(level) for level in arm.data.levels]
    return {
        "least loss at": at[arm.best],
        "up to": arm.up_to,
        "runs with joules": _fewer(arm),
        found.joules.title("past the minimum", "J"): past.energy_j.mean,
        "95 % low": past.energy_j.low,
        "95 % high": past.energy_j.high,
        "± from readings, J": past.u_j,
        "± with gain, J": _with_gain(arm, past),
        "of all, %": None if past.share.mean is None else 100 * past.share.mean,
        "cheapest at": None if cheapest is None else at[cheapest.interval],
        found.joules.title("there", "J/nat"): None if cheapest is None else cheapest.j_per_nat,
        "dearer from": None if cheapest is None or cheapest.dearer is None else at[cheapest.dearer],
    }


def _with_gain(arm: Arm, past: Past) -> float | None:
    """Return the half-width for the joules themselves: that of the readings, and the gain's; None where one is null."""
    gain = arm.rows["energy_rel_gain"].mean()
    if not isinstance(gain, float) or past.u_j is None or past.energy_j.mean is None:
        return None
    return past.u_j + gain * past.energy_j.mean


def _costs(found: Trajectories) -> Iterator[Table]:
    rows = [found.key(arm) | _cost(found, arm, loss) for loss in targets(found.arms) for arm in found.arms]
    if rows:
        frame = found.frame(rows, dict.fromkeys(("reached by", "of", "runs with joules"), pl.Int64))
        frame = frame.select("held-out loss", pl.exclude("held-out loss"))
        yield Table(name="costs", title="What a loss costs", frame=frame, note=note(_COSTS, frame, found))


def _cost(found: Trajectories, arm: Arm, loss: float) -> Row:
    nothing = np.zeros(arm.places)
    places = np.array([float(level) for level in arm.runs.levels])
    reached = [
        (None if joules is None else joules, cost_of(losses, nothing if joules is None else joules, loss))
        for losses, joules in zip(arm.runs.values, _joules(arm), strict=True)
    ]
    spent = [None if joules is None or at is None else at.energy_j for joules, at in reached]
    tokens = [
        None if at is None else float(np.interp(at.intervals, np.arange(arm.places), places)) for _, at in reached
    ]
    all_of_them = all(at is not None for _, at in reached)
    energy = _over_seeds(arm, spent)
    return {
        "held-out loss": loss,
        "reached by": sum(at is not None for _, at in reached),
        "of": len(reached),
        "tokens": _over_seeds(arm, tokens).mean,
        "runs with joules": _fewer(arm),
        found.joules.title("training energy", "J"): energy.mean,
        "95 % low": energy.low if all_of_them else None,
        "95 % high": energy.high if all_of_them else None,
    }


def targets(arms: Sequence[Arm]) -> list[float]:
    """Return round losses from that after the first interval down to the least mean of all arms."""
    means = [arm.data.values.mean(axis=0)[1:] for arm in arms if arm.places > 1]
    if not means:
        return []
    high, low = max(float(mean[0]) for mean in means), min(float(mean.min()) for mean in means)
    steps = [base * 10.0**power for power in range(-4, 3) for base in (1, 2, 5)]
    step = next(step for step in steps if (high - low) / step < _MOST_TARGETS)
    return [round(place * step, 6) for place in range(math.floor(high / step), math.ceil(low / step) - 1, -1)]


def _joules(arm: Arm) -> list[Matrix | None]:
    """Return the joules of each run, (intervals,); None where one of them is not known."""
    return [None if np.isnan(joules).any() else joules for joules in arm.matrix("train_j")]


def known_joules(arm: Arm) -> list[Matrix]:
    """Return the joules of the runs that have them at every interval, each (intervals,)."""
    return [joules for joules in _joules(arm) if joules is not None]


def _fewer(arm: Arm) -> int | None:
    """Return how many runs have joules, where some do and some do not."""
    n = len(known_joules(arm))
    return n if 0 < n < len(arm.runs.subjects) else None


def _over_seeds(arm: Arm, values: Sequence[float | None]) -> Interval:
    """Return the mean, over the seeds of the tests that have any, of what was found for each run."""
    return mean_interval(np.array([value for value in arm.by_seed(values) if value is not None], dtype=np.float64))
