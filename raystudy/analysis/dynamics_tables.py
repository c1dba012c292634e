"""Tables of what happened in each interval: losses with their bands, text, speed and joules; telemetry; stability.

Trajectories ──arm by arm──▶ bands, telemetry, sensitivity ──▶ Tables
"""

from dataclasses import replace

import polars as pl
import polars.selectors as cs

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import Row
from raystudy.analysis.trajectories import Arm, Trajectories
from raystudy.analysis.trajectory_tables import stability_table
from raystudy.stats.bands import bands
from raystudy.stats.stability import sensitivity
from raystudy.stats.telemetry import telemetry

_TRAJECTORY = (
    "Means over seeds; losses in nats per token. 95 %: interval of the mean at this interval alone; all: band that "
    "holds the whole mean trajectory in 95 % of such studies; ± from text: what another sample of held-out documents "
    "would change, for all seeds alike. Gap: held-out less training loss; the training loss is that of the interval's "
    "own steps, the held-out loss that at its end. Text that was seen more often than once counts once in unique "
    "tokens."
)
_TELEMETRY = (
    "As arXiv 2606.13370 defines them, over windows of {window} differences, means over runs: volatility is their "
    "standard deviation; a backslide is a rise, a spike a rise by more than {z:g} SD above the window's mean, which "
    "holds the rise itself; stable is a volatility in the lowest quarter of all, without a spike, with at most one "
    "backslide. Lagged: the window ends before the rise. Without first: without the drop from zero tokens."
)


def tables(found: Trajectories) -> tuple[Table, ...]:
    """Return the tables of intervals; none where no interval was evaluated."""
    return (_trajectory(found), _telemetry(found), _stability(found)) if found.arms else ()


def _trajectory(found: Trajectories) -> Table:
    rows = [row for arm in found.arms for row in _intervals(found, arm)]
    frame = found.frame(rows, dict.fromkeys(("tokens", "runs"), pl.Int64))
    note = " ".join(part for part in (_TRAJECTORY, found.joules.note) if part)
    return Table(name="trajectory", title="The trajectory", frame=frame, note=note)


def _intervals(found: Trajectories, arm: Arm) -> list[Row]:
    """Return one row an interval."""
    joules = found.joules
    columns = {
        "± from text": (pl.col("loss_heldout_high") - pl.col("loss_heldout_low")) / 2,
        "unique tokens": pl.col("tokens_unique"),
        "epochs": pl.col("epochs_seen"),
        "training loss": pl.col("loss_train"),
        "gap": pl.col("gap"),
        "learning rate": pl.col("learning_rate"),
        "gradient norm": pl.col("gradient_norm"),
        "tokens/s": pl.when(pl.col("train_s") > 0).then(pl.col("new_tokens") / pl.col("train_s")),
        joules.title("training energy", "J"): pl.col("train_j"),
        joules.title("evaluation energy", "J"): pl.col("eval_j"),
        "°C": pl.col("temperature_c"),
    }
    means = arm.rows.group_by("tokens").agg(runs=pl.len(), **{k: v.mean() for k, v in columns.items()})
    return [
        found.key(arm)
        | {"tokens": row["tokens"], "runs": row["runs"]}
        | {
            "held-out loss": band.mean,
            "± sd": band.sd,
            "95 % low": band.low,
            "95 % high": band.high,
            "all low": band.all_low,
            "all high": band.all_high,
        }
        | {name: row[name] for name in columns}
        for row, band in zip(means.sort("tokens").iter_rows(named=True), bands(arm.data), strict=True)
    ]


def _telemetry(found: Trajectories) -> Table:
    told = {arm.level: telemetry(arm.runs) for arm in found.arms}
    rows = [
        found.key(arm)
        | {
            "tokens": int(each.interval),
            "volatility": each.rolling_volatility,
            "without first": each.volatility_without_first,
            "backslides in window": each.backslide_frequency,
            "spike rate": each.spike_rate,
            "spike rate, lagged": each.spike_rate_lagged,
            "stable share": each.stable_share,
        }
        for arm in found.arms
        for each in told[arm.level].intervals
    ]
    rule = next(iter(told.values())).rule
    note = " ".join(
        (
            _TELEMETRY.format(window=rule.window, z=rule.z),
            *dict.fromkeys(refused.reason for each in told.values() for refused in each.refused),
        )
    )
    return Table(name="telemetry", title="Telemetry", frame=found.frame(rows, {"tokens": pl.Int64}), note=note)


def _stability(found: Trajectories) -> Table:
    told = [(arm, stability_table(sensitivity(arm.runs))) for arm in found.arms]
    named = [[pl.lit(level).alias(factor) for factor, level in found.key(arm).items()] for arm, _ in told]
    frames = [
        table.frame.select(*key, cs.numeric(), cs.string().cast(pl.Int64))
        for key, (_, table) in zip(named, told, strict=True)
    ]
    return replace(told[0][1], frame=pl.concat(frames))
