"""Tests of the trajectories: trend, all intervals at once, the rise after the best one, and what two seeds contribute.

Arm ──decided, trend──▶ effects, trends      ──turning──▶ rise      runs at one interval ──components──▶ variances
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import REASON, Row, effects_table, trends_table
from raystudy.analysis.trajectories import SEED, Arm, Trajectories
from raystudy.stats.components import components
from raystudy.stats.decision import decided
from raystudy.stats.trend import trend

SEEDS = f"{SEED}s"
_LOSS = "held-out loss"
_TREND = {"measure": pl.String, "trend": pl.String, "df": pl.Int64}
_LINES = (
    "A line and a bend over the tokens as they are spaced, each tested against its own spread among the seeds. "
    "Contrasts have weights of length 1; the slope is in nats for each token."
)
_CROSSED = "A seed of these tests is one seed of the weights, averaged over the orders that it is crossed with."
_TURNING = (
    "Final less best: the best interval of each seed is chosen by the other seeds, for a seed's own minimum lies below "
    "its final loss even where nothing rises (naive). Its standard error allows for what the seeds' choices share. "
    "First rise: tokens at which the loss is first shown to be above that of the interval before, after the best one; "
    "one-sided, adjusted for all intervals. Where there is none, p is the least."
)
_WEIGHTS, _ORDER, _REMARK = "initial weights", "data order", "remark"
_COMPONENTS = (
    "Held-out loss at the best interval and at the last one: how far seeds of the weights, seeds of the order, and "
    "what is left (what both do together, and noise) spread it; SDs in nats per token, with 95 % intervals."
)


def tables(found: Trajectories) -> tuple[Table, ...]:
    """Return the tests; none where no interval was evaluated."""
    if not found.arms:
        return ()
    kind = {"first": "measure", "subjects": SEEDS, "note": _CROSSED if found.crossed else ""}
    named = {found.name(arm, _LOSS): arm.data for arm in found.arms}
    effects = effects_table({name: decided(data) for name, data in named.items()}, **kind)
    lines = trends_table({name: trend(data) for name, data in named.items()}, **kind)
    # Zero tokens have no logarithm, so there is no line over logarithms.
    straight = found.frame(lines.frame.filter(~pl.col("trend").str.contains("logarithms")).rows(named=True), _TREND)
    return (
        _turning(found),
        replace(effects, title="Does the loss differ between intervals?"),
        replace(lines, title="Along which line does it go?", frame=straight, note=_LINES),
        *([] if found.together else [_components(found)]),
    )


def _turning(found: Trajectories) -> Table:
    rows = [found.key(arm) | {SEEDS: len(arm.data.subjects)} | _turned(arm) for arm in found.arms]
    kinds = dict.fromkeys((SEEDS, "up to", "best at", "df", "first rise at"), pl.Int64)
    note = f"{_TURNING} {_CROSSED if found.crossed else ''}".strip()
    frame = found.frame(rows, kinds)
    return Table(name="turning", title="Does it rise again?", frame=frame, note=note)


def _turned(arm: Arm) -> Row:
    told, rise = arm.turning, arm.turning.rise
    return {
        "up to": arm.up_to,
        "best at": int(told.best),
        "final less best": rise.estimate,
        "95 % low": rise.ci_low,
        "95 % high": rise.ci_high,
        "t": rise.t,
        "df": rise.df,
        "p": rise.p,
        "naive": told.naive,
        "first rise at": None if told.first_rise is None else int(told.first_rise),
        "p (first rise)": told.first_rise_p,
        REASON: rise.reason,
    }


def _components(found: Trajectories) -> Table:
    rows = [row for arm in found.arms for row in _variances(found, arm)]
    frame = found.frame(rows, {"tokens": pl.Int64, "due to": pl.String, "df": pl.Int64, _REMARK: pl.String})
    return Table(name="components", title="What weights and order contribute", frame=frame, note=_COMPONENTS)


def _variances(found: Trajectories, arm: Arm) -> Iterator[Row]:
    """Yield the variances at the best interval and at the last one."""
    for place in dict.fromkeys((arm.best, arm.places - 1)):
        rows = arm.at(place).rename({"init": _WEIGHTS, "order": _ORDER})
        told = components(rows, first=_WEIGHTS, second=_ORDER, value="loss_heldout")
        for part in (told.first, told.second, told.rest):
            yield found.key(arm) | {
                "tokens": int(arm.data.levels[place]),
                "due to": part.name,
                "df": part.df,
                "SD": None if part.variance is None else math.sqrt(part.variance),
                "95 % low": None if part.low is None else math.sqrt(part.low),
                "95 % high": None if part.high is None else math.sqrt(part.high),
                _REMARK: part.reason,
            }
