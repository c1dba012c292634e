"""The figures of a dynamics study: loss, gap and price over the tokens, loss over the joules, power over a trial.

Arm ──each run, means between their bands──▶ Bands
"""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from raystudy.analysis.findings import Bands, Figure
from raystudy.analysis.power_figure import power_figure
from raystudy.analysis.trajectories import SEED, Arm, Trajectories
from raystudy.stats.bands import bands
from raystudy.stats.cells import design

_RUNS = "One thin line a run. The first interval, of zero tokens, is left out, so that the others show."
_BANDS = (
    "The dark band is the 95 % interval of the mean at each interval, the light one holds the whole mean trajectory in "
    "95 % of such studies."
)
_BEST = "The point is the least mean."
_SPENT = "Training energy up to each point; the thick line joins the means of all runs."
_BOUGHT = "What the held-out loss fell by in each interval, over its training energy; below zero it rose."
_TOKENS, _LOSS = "training tokens", "held-out loss, nats per token"
_BOUNDS = ("low", "high", "all_low", "all_high")


def figures(found: Trajectories) -> tuple[Figure, ...]:
    """Return every figure that the data allow."""
    drawn = (*_of_losses(found), *_of_joules(found))
    return (*(figure for figure in drawn if not figure.each.is_empty()), *power_figure(found.trials))


def _of_losses(found: Trajectories) -> Iterator[Bands]:
    loss = _over_tokens(found, "loss_heldout", name="loss", title="Held-out loss over tokens", y_title=_LOSS)
    marked = [(arm, arm.at(arm.best)) for arm in found.arms if arm.best > 0]
    points = [{"x": at["tokens"][0], "y": at["loss_heldout"].mean(), "arm": _label(found, arm)} for arm, at in marked]
    yield replace(loss, caption=f"{loss.caption} {_BEST}", marks=pl.DataFrame(points, schema=loss.marks.schema))
    title, y_title = "Gap between held-out and training loss", "held-out less training loss, nats"
    yield _over_tokens(found, "gap", name="gap", title=title, y_title=y_title)


def _of_joules(found: Trajectories) -> Iterator[Bands]:
    joules = found.joules
    title, y_title = joules.mark("What a further kilojoule bought, over tokens"), joules.mark("nats per kJ")
    bought = _over_tokens(found, "nats_per_kj", name="nats-per-kj", title=title, y_title=y_title)
    yield replace(bought, caption=" ".join(part for part in (_BOUGHT, bought.caption, joules.note) if part))
    yield _over_joules(found)


def _over_tokens(found: Trajectories, column: str, *, name: str, title: str, y_title: str) -> Bands:
    return Bands(
        name=name,
        title=title,
        caption=f"{_RUNS} {_BANDS}",
        x_title=_TOKENS,
        y_title=y_title,
        each=_each(found, x="tokens", y=column),
        mean=pl.concat([_NO_MEAN, *(_banded(found, arm, column) for arm in found.arms)]),
        marks=_NO_MARK,
    )


def _over_joules(found: Trajectories) -> Bands:
    joules = found.joules
    means = [
        _drawn(arm)
        .group_by("place", maintain_order=True)
        .agg(x=_known_mean("train_j_so_far"), y=pl.col("loss_heldout").mean())
        .select("x", "y", *(pl.lit(None, dtype=pl.Float64).alias(bound) for bound in _BOUNDS), arm=_named(found, arm))
        .drop_nulls("x")
        for arm in found.arms
    ]
    return Bands(
        name="loss-over-joules",
        title=joules.mark("Held-out loss over the joules spent"),
        caption=" ".join(part for part in (_RUNS, _SPENT, joules.note) if part),
        x_title=joules.title("training energy", "J"),
        y_title=_LOSS,
        each=_each(found, x="train_j_so_far", y="loss_heldout"),
        mean=pl.concat([_NO_MEAN, *means]),
        marks=_NO_MARK,
    )


_NO_MEAN = pl.DataFrame(
    schema={"x": pl.Float64, "y": pl.Float64, **dict.fromkeys(_BOUNDS, pl.Float64), "arm": pl.String}
)
_NO_MARK = _NO_MEAN.select("x", "y", "arm")


def _each(found: Trajectories, *, x: str, y: str) -> pl.DataFrame:
    """Return the line of each run, named by its seed and its arm."""
    none = pl.DataFrame(schema={"x": pl.Float64, "y": pl.Float64, "series": pl.String, "arm": pl.String})
    lines = [
        _drawn(arm).select(
            x=pl.col(x).cast(pl.Float64),
            y=pl.col(y),
            series=pl.concat_str(pl.col("block"), pl.lit(found.name(arm, ""))),
            arm=_named(found, arm),
        )
        for arm in found.arms
    ]
    return pl.concat([none, *lines]).drop_nulls(["x", "y"])


def _banded(found: Trajectories, arm: Arm, column: str) -> pl.DataFrame:
    """Return the mean of the seeds with its bands, where all have a value."""
    data = design(_drawn(arm), subject=SEED, within=["tokens"], value=column)
    told = [band for band in bands(data) if band.mean is not None]
    return pl.DataFrame(
        {
            "x": [float(band.interval) for band in told],
            "y": [band.mean for band in told],
            **{bound: [getattr(band, bound) for band in told] for bound in _BOUNDS},
            "arm": [_label(found, arm)] * len(told),
        },
        schema=_NO_MEAN.schema,
    )


def _drawn(arm: Arm) -> pl.DataFrame:
    """Return the intervals that are drawn: the loss before any token would dwarf the others."""
    return arm.rows.filter(pl.col("place") > 0)


def _known_mean(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_not_null().all()).then(pl.col(column).mean())


def _named(found: Trajectories, arm: Arm) -> pl.Expr:
    return pl.lit(_label(found, arm)).alias("arm")


def _label(found: Trajectories, arm: Arm) -> str:
    return "mean" if found.factor is None else f"{found.factor} {arm.level}"
