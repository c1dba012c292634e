"""Power over the seconds of one trial: sampled watts where there are any, else the slope of an energy counter."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from raystudy.analysis.findings import PowerTrace
from raystudy.analysis.trials import Trials

_RANK = {(False, "power_w"): 0, (False, "energy_j"): 1, (True, "power_w"): 2, (True, "energy_j"): 3}
"""Which channel of a device is shown, by whether it is estimated and what it reads: measured watts first."""


def power_figure(trials: Trials) -> Iterator[PowerTrace]:
    """Yield the power of the trial in the middle of the study; nothing where no channel was read twice."""
    trial = trials.rows.row(trials.rows.height // 2, named=True)
    readings = _readings(trial["traces"])
    if readings.is_empty() or not trial["spans"]:
        return
    start_s = min(span["start_s"] for span in trial["spans"])
    estimated = bool(readings["estimated"].any())
    mark = " (estimate)" if estimated else ""
    yield PowerTrace(
        name="power",
        title=f"Power during {trial['trial_id']}{mark}",
        caption=_caption(readings, estimated=estimated),
        y_title=f"Power (W){mark}",
        readings=readings.select("device", at_s=pl.col("at_s") - start_s, power_w="power_w"),
        spans=pl.DataFrame(
            [(span["name"], span["start_s"] - start_s, span["end_s"] - start_s) for span in trial["spans"]],
            schema={"span": pl.String, "start_s": pl.Float64, "end_s": pl.Float64},
            orient="row",
        ),
    )


def _caption(readings: pl.DataFrame, *, estimated: bool) -> str:
    parts = ["One trial, the middle one of the study."]
    if (readings["quantity"] == "energy_j").any():
        parts.append("Each point is the slope between two readings of an energy counter.")
    if estimated:
        parts.append("The counter is an estimate, nameplate watts x CPU time, not a measurement.")
    return " ".join(parts)


def _readings(traces: list[dict[str, Any]]) -> pl.DataFrame:
    """Return device, at_s, power_w, quantity and estimated, of the best channel of each device."""
    schema = {"device": pl.String, "estimated": pl.Boolean, "quantity": pl.String, "rank": pl.Int64}
    rows = [
        (*_channel(trace["channel"]), reading["at_s"], reading["value"])
        for trace in traces
        for reading in trace["readings"]
        if reading["value"] is not None and (trace["channel"]["estimated"], trace["channel"]["quantity"]) in _RANK
    ]
    table = pl.DataFrame(rows, schema={**schema, "at_s": pl.Float64, "value": pl.Float64}, orient="row")
    best = table.filter(pl.col("rank") == pl.col("rank").min().over("device", "estimated"))
    shown = best.filter(~pl.col("estimated") | pl.col("estimated").all())
    watts = shown.unique(["device", "at_s"]).sort("device", "at_s").with_columns(_watts())
    return watts.drop_nulls("power_w")


def _channel(channel: dict[str, Any]) -> tuple[str, bool, str, int]:
    key = channel["estimated"], channel["quantity"]
    return channel["device"], *key, _RANK[key]


def _watts() -> pl.Expr:
    """Take watts as they are; of a counter the slope, null at its first reading and where it starts again."""
    counted = pl.col("value").diff().over("device", order_by="at_s")
    slope = counted / pl.col("at_s").diff().over("device", order_by="at_s")
    return pl.when(pl.col("quantity") == "power_w").then("value").when(counted >= 0).then(slope).alias("power_w")
