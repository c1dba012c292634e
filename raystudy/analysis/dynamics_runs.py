"""Tables of single runs: each seed, the runs that stopped early, and the parts of those that were interrupted.

Trajectories ──▶ one row a run: best interval, rise, backslides, spikes, joules past the minimum ──▶ Tables
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from raystudy.analysis.dynamics_energy import UP_TO, note, past_minimum
from raystudy.analysis.findings import Table
from raystudy.analysis.inference import Row
from raystudy.analysis.trajectories import SEED, Arm, Trajectories
from raystudy.stats.step_spikes import step_spikes
from raystudy.stats.telemetry import telemetry

_SEEDS = {
    "final less best": (
        "Final less best is at least 0 by construction, so its mean proves no rise; the test of the rise lets the "
        "other seeds choose the best interval. Spikes: intervals, by the published rule and by the window before it. "
        "Step spikes: steps whose training loss lies more than 6 robust standard deviations (MAD) above the median of "
        "the 101 steps before."
    ),
    **UP_TO,
}
_EARLY = (
    "Runs that a rule stopped. They are in no mean, test or band beside runs of full length; the last column holds the "
    "mean of those at the same interval, where there are any."
)
_SEGMENTS = (
    "A run that was interrupted continued from its last kept state. Work done after that was done twice; the joules of "
    "the first time are in no figure here."
)


def tables(found: Trajectories) -> tuple[Table, ...]:
    """Return what there is to tell of single runs."""
    return tuple(table for table in (_seeds(found), _early(found), _segments(found)) if not table.frame.is_empty())


def _seeds(found: Trajectories) -> Table:
    rows = [row for arm in found.arms for row in _of_arm(found, arm)]
    whole = dict.fromkeys(("best at", "up to", "backslides", "spikes", "spikes, lagged", "step spikes"), pl.Int64)
    frame = found.frame(rows, whole | {SEED: pl.String})
    return Table(name="seeds", title="Each seed", frame=frame, note=note(_SEEDS, frame, found))


def _of_arm(found: Trajectories, arm: Arm) -> Iterator[Row]:
    steps = dict(found.trials.at(arm.level).select("block", "step_losses").iter_rows())
    for each, past in zip(telemetry(arm.runs).seeds, past_minimum(arm), strict=True):
        losses = np.array(steps[each.seed], dtype=np.float64)
        yield found.key(arm) | {
            SEED: each.seed,
            "best at": int(each.best_interval),
            "up to": arm.up_to,
            "final less best": each.final_minus_best,
            "backslides": each.backslides,
            "spikes": len(each.spikes),
            "spikes, lagged": len(each.spikes_lagged),
            "step spikes": len(step_spikes(losses)) if losses.size and np.isfinite(losses).all() else None,
            found.joules.title("past the minimum", "J"): None if past is None else past.energy_j,
            "of all, %": None if past is None or past.share is None else 100 * past.share,
        }


def _early(found: Trajectories) -> Table:
    last = found.rows.filter(pl.col("trial_id").is_in(found.early["trial_id"].to_list())).sort(
        "level", "block", "place"
    )
    last = last.group_by("trial_id", maintain_order=True).last()
    beside = [_full_mean(found, level, place) for level, place in last.select("level", "place").iter_rows()]
    columns = {
        **({} if found.factor is None else {found.factor: pl.col("level")}),
        SEED: pl.col("block"),
        "stopped by": pl.col("stopped"),
        "tokens": pl.col("tokens_seen"),
        "held-out loss": pl.col("loss_heldout"),
        found.joules.title("training energy", "J"): pl.col("train_j_so_far"),
    }
    frame = last.select(**columns).with_columns(pl.Series("full length there", beside, dtype=pl.Float64))
    return Table(name="early", title="Stopped early", frame=frame, note=f"{_EARLY} {found.joules.note}".strip())


def _full_mean(found: Trajectories, level: str, place: int) -> float | None:
    """Return the mean loss of the full-length runs of a level at a place, if there are any."""
    for arm in found.arms:
        if arm.level == level and not arm.shortened and place < arm.places:
            return float(arm.runs.values[:, place].mean())
    return None


def _segments(found: Trajectories) -> Table:
    joules = found.joules
    whole = found.trials.rows.filter(pl.col("segments").list.len() > 1)
    each = whole.select("trial_id", "segments").explode("segments").unnest("segments")
    columns = {
        "trial": pl.col("trial_id"),
        "started": pl.col("started_utc"),
        "node": pl.col("host_hash").str.slice(0, 8),
        "device": pl.col("device"),
        "from tokens": pl.col("tokens_from"),
        "to tokens": pl.col("tokens_to"),
        "duration, s": pl.col("end_s") - pl.col("start_s"),
        joules.title("training energy", "J"): pl.col("energy_estimated_j" if joules.estimated else "energy_j"),
    }
    note = f"{_SEGMENTS} {joules.note}".strip()
    return Table(name="segments", title="Interrupted and continued", frame=each.select(**columns), note=note)
