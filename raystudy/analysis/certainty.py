"""How certain the joules are: relative to each other, and in absolute terms.

readings ──u_j──▶ relative: comparisons on one board        and the gain of the instrument ──▶ absolute
             └──▶ differences between levels, and their test, held against it
"""

from dataclasses import replace

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import frame_of
from raystudy.analysis.trials import Trials
from raystudy.analysis.words import because, number
from raystudy.stats.uncertainty import Difference, Measured, Verdict, aligned, measured

METHODS = {"counter": "energy counter", "integrated": "integral of sampled power", "estimated": "nameplate estimate"}
"""What people call the methods of a figure."""

_NOTE = (
    "Means over repetitions, of single trials. From readings: half-width of the interval that times, steps and gaps "
    "leave; it is what counts when trials on one board are compared, for the gain of its instrument cancels there. "
    "With gain: that and the gain, as the maker of the instrument specifies it; it is what counts for the joules "
    "themselves."
)
_DIFFERENCES = (
    "Mean differences within blocks, later level less earlier one, and the half-width (99 %) that the readings leave "
    "them: if each reading errs by itself, and at worst, if all of one level err one way and all of the other the "
    "other. The gain is not in it, for it cancels on one board. Then the test of all levels is made again, 1,000 "
    "times, with a further error in every figure, within its half-width."
)
_LARGER = {
    Verdict.EXCEEDS: "yes",
    Verdict.IF_INDEPENDENT: "if independent",
    Verdict.WITHIN: "no",
    Verdict.UNKNOWN: "not known: a half-width is missing",
}
_NO_HALF_WIDTH = "for a half-width is missing"
_NO_GAIN = "— with gain: not specified by the maker."


def tables(trials: Trials) -> tuple[Table, ...]:
    """Return each level's precision, and the differences held against it; nothing where no joule was measured."""
    if trials.joules.estimated or not trials.joules.known:
        return ()
    return _by_level(trials), _differences(trials)


def half_widths(trials: Trials) -> dict[str, tuple[str, str]]:
    """Return what was measured and can be held against its readings: column, name, column of its half-width."""
    joules = trials.joules
    return {
        "energy_j": (joules.title("training energy", "J"), "energy_u_j"),
        "energy_j_per_token": (joules.title("energy per token", "J/token"), "energy_u_j_per_token"),
    }


def held_against(trials: Trials, column: str, *, draws: int = 1000) -> Measured:
    """Hold the differences between levels against what the readings leave open; later level less earlier one."""
    data = trials.design(column)
    _, half_width = half_widths(trials)[column]
    found = measured(data, aligned(data, trials.design(half_width)), draws=draws)
    return replace(found, pairs=tuple(map(_turned, found.pairs)))


def _turned(pair: Difference) -> Difference:
    return replace(pair, a=pair.b, b=pair.a, difference=None if pair.difference is None else -pair.difference)


def _by_level(trials: Trials) -> Table:
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
    return Table(
        name="certainty",
        title="How certain the joules are",
        frame=frame.select(pl.col("x").alias(trials.factor), pl.exclude("level", "x")),
        note=f"{_NOTE} {_NO_GAIN}" if unspecified else _NOTE,
    )


def _differences(trials: Trials) -> Table:
    held = {name: held_against(trials, column) for column, (name, _) in half_widths(trials).items()}
    rows = [
        {
            "measure": name,
            "pair": f"{pair.a} − {pair.b}",
            "difference": pair.difference,
            "± if independent": pair.u_independent,
            "± at worst": pair.u_together,
            "larger?": _LARGER[pair.verdict],
        }
        for name, found in held.items()
        for pair in found.pairs
    ]
    kinds = dict.fromkeys(("measure", "pair", "larger?"), pl.String)
    return Table(
        name="certainty-differences",
        title="Are differences larger than the measurement's own uncertainty?",
        frame=frame_of(rows, kinds, "blocks"),
        note=" ".join((_DIFFERENCES, *(_redrawn(name, found) for name, found in held.items()))),
    )


def _redrawn(name: str, found: Measured) -> str:
    """Say what the readings' errors do to the test of all levels."""
    if found.redrawn is None or found.error_share is None:
        return f"{name}: the test cannot be made again, {because(found.reason) or _NO_HALF_WIDTH}."
    redrawn = found.redrawn
    return (
        f"{name}: readings explain {number(100 * found.error_share, digits=2)} % of the error variance; log10 p is "
        f"{number(redrawn.log10_p_low)} to {number(redrawn.log10_p_high)} in 95 % of the draws, and p below .05 in "
        f"{number(100 * redrawn.share_significant)} %."
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
