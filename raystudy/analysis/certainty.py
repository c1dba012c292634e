"""How certain the joules are: relative to each other, and in absolute terms.

readings ──u_j──▶ relative: comparisons on one board        and the gain of the instrument ──▶ absolute
"""

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.trials import Trials

METHODS = {"counter": "energy counter", "integrated": "integral of sampled power", "estimated": "nameplate estimate"}
"""What people call the methods of a figure."""

_NOTE = (
    "Means over repetitions, of single trials. From readings: half-width of the interval that times, steps and gaps "
    "leave; it is what counts when trials on one board are compared, for the gain of its instrument cancels there. "
    "With gain: that and the gain, as the maker of the instrument specifies it; it is what counts for the joules "
    "themselves."
)
_NO_GAIN = "— with gain: not specified by the maker."


def tables(trials: Trials) -> tuple[Table, ...]:
    """Return the table of each level's precision; none where no joule was measured."""
    if trials.joules.estimated or not trials.joules.known:
        return ()
    gain_j = pl.col("energy_u_j") + pl.col("energy_rel_gain") * pl.col("energy_j")
    columns = {
        "n": pl.col("energy_j").count(),
        "training energy, J": pl.col("energy_j").mean(),
        "± from readings, J": pl.col("energy_u_j").mean(),
        "± from readings, %": 100 * (pl.col("energy_u_j") / pl.col("energy_j")).mean(),
        "± from readings, J/token": pl.col("energy_u_j_per_token").mean(),
        "± with gain, J": gain_j.mean(),
        "± with gain, %": 100 * (gain_j / pl.col("energy_j")).mean(),
        **_net(trials),
    }
    frame = trials.by_level(**columns).join(_readings(trials), on="level", how="left", maintain_order="left")
    unspecified = bool(frame["± with gain, J"].is_null().any())
    return (
        Table(
            name="certainty",
            title="How certain the joules are",
            frame=frame.select(pl.col("x").alias(trials.factor), pl.exclude("level", "x")),
            note=f"{_NOTE} {_NO_GAIN}" if unspecified else _NOTE,
        ),
    )


def _net(trials: Trials) -> dict[str, pl.Expr]:
    """Return the joules less the idle baseline, where one was measured."""
    if trials.rows["energy_net_j"].is_null().all():
        return {}
    return {"net of idle, J": pl.col("energy_net_j").mean(), "± net, J": pl.col("energy_net_u_j").mean()}


def _readings(trials: Trials) -> pl.DataFrame:
    """Return how the training's figures of each level were had: the least coverage, the agreement, the methods."""
    return (
        trials.added_figures()
        .group_by("level")
        .agg(
            pl.col("quality").struct.field("coverage").min().mul(100).alias("least coverage, %"),
            pl.col("counter_over_integral").mean().alias("counter / integral"),
            pl.col("method").replace(METHODS).unique().sort().str.join(", ").alias("method"),
        )
    )
