"""Tables of trajectories: the way of the mean, each seed, and when the loss counts as settled.

Telemetry, Bands, Settled ──▶ Tables
"""

from collections.abc import Sequence

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import Row, frame_of
from raystudy.analysis.words import listing
from raystudy.stats.bands import Band
from raystudy.stats.stability import Settled
from raystudy.stats.telemetry import Telemetry

_TRAJECTORY = (
    "SD: between seeds. 95 %: of this mean alone; all: of the means of all intervals at once. Volatility: SD of the "
    "last {window} differences; without first: leaving out the first difference, from zero tokens the drop from the "
    "initial weights. Rises: seeds whose loss rose; backslides: rises among the last {window} intervals. Spikes: their "
    "share of the last {window} intervals, by the published window, which holds the difference in question, and by the "
    "one before it. Stable: share of seeds by the published rule, which takes the lowest quarter of all volatilities."
)
_SEEDS = (
    "Final − best is above 0 wherever the best interval is not the last, by chance as well: it proves no rise. Spikes: "
    "by the published window, and by the differences before."
)
_STABILITY = (
    "Share of seeds and intervals whose volatility, without the first drop, is at most so many nats, and which have at "
    "most so many backslides in the window; from: the first interval at which half of the seeds do."
)


def trajectory_table(told: Telemetry, bands: Sequence[Band]) -> Table:
    """Return one row an interval: the mean over seeds, and its telemetry as published beside an expert's."""
    rows: list[Row] = [
        {
            "interval": each.interval,
            "mean": each.mean,
            "SD": each.sd,
            "95 % low": band.low,
            "95 % high": band.high,
            "all low": band.all_low,
            "all high": band.all_high,
            "volatility": each.rolling_volatility,
            "without first": each.volatility_without_first,
            "rises": each.backslides,
            "backslides": each.backslide_frequency,
            "spikes": each.spike_rate,
            "spikes (before)": each.spike_rate_lagged,
            "stable": each.stable_share,
        }
        for each, band in zip(told.intervals, bands, strict=True)
    ]
    frame = frame_of(rows, {"interval": pl.String, "rises": pl.Int64}, "seeds")
    note = _TRAJECTORY.format(window=told.rule.window)
    return Table(name="trajectory", title="The way of the loss", frame=frame, note=note)


def seeds_table(told: Telemetry) -> Table:
    """Return one row a seed."""
    rows: list[Row] = [
        {
            "seed": each.seed,
            "best interval": each.best_interval,
            "final − best": each.final_minus_best,
            "backslides": each.backslides,
            "spikes": len(each.spikes),
            "spikes (before)": len(each.spikes_lagged),
            "at": listing(each.spikes_lagged),
        }
        for each in told.seeds
    ]
    counts = dict.fromkeys(("backslides", "spikes", "spikes (before)"), pl.Int64)
    frame = frame_of(rows, {"seed": pl.String, "best interval": pl.String, "at": pl.String, **counts}, "seeds")
    return Table(name="seeds", title="Each seed", frame=frame, note=_SEEDS)


def stability_table(sweep: Sequence[Settled]) -> Table:
    """Return one row a threshold, with a share and a first interval for each number of backslides allowed."""
    rows: dict[float, Row] = {}
    for each in sweep:
        allowed = "no backslide" if not each.backslides_allowed else f"≤ {each.backslides_allowed}"
        row = rows.setdefault(each.threshold, {"volatility ≤": each.threshold})
        row |= {allowed: each.share, f"{allowed}, from": each.first_interval}
    known = {name: pl.String for row in rows.values() for name in row if name.endswith("from")}
    frame = frame_of([*rows.values()], known, "seeds")
    return Table(name="stability", title="When has it settled?", frame=frame, note=_STABILITY)
