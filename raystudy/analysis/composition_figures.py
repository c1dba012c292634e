"""The figures of a study of composition: accuracy and answer log-likelihood over the tokens used, one line a sampler.

rows of a task and an arm ──each seed, means over seeds──▶ Bands
                pairs of samplers ──contrasts──▶ Differences
"""

from collections.abc import Iterator

import polars as pl

from raystudy.analysis.composition_contrasts import MEASURES, contrasts
from raystudy.analysis.compositions import ALL, Compositions
from raystudy.analysis.findings import Bands, Differences, Figure
from raystudy.analysis.power_figure import power_figure

_OUTCOMES = {
    "accuracy": ("accuracy", "Accuracy", "accuracy, %", 100.0),
    "loglik": ("answer_loglik", "Log-likelihood of the right answer", "log-likelihood, nats per answer", 1.0),
}
"""By name: the column, the title, that of the axis, and by what it is scaled."""
_CAPTION = (
    "One thin line a seed; the thick one is the mean over seeds. All samplers are judged by the same examples: it is "
    "their differences that have intervals, in the contrasts."
)
_CONTRASTS = (
    "First sampler less second, the mean over models and budgets, with 95 % intervals over seeds and held-out examples "
    "that are not adjusted for the number of pairs; the table has p values that are."
)
_BOUNDS = ("difference", "low", "high")
_JOINED = "Lines meet where the budget takes every example."


def figures(found: Compositions) -> tuple[Figure, ...]:
    """Return a figure for each outcome of each task and arm, the contrasts of samplers, and the power of a trial."""
    return (*_over_tokens(found), *_of_samplers(found), *power_figure(found.trials))


def _over_tokens(found: Compositions) -> Iterator[Bands]:
    places = list(found.rows.select("task", "arm").unique(maintain_order=True).iter_rows())
    for name, (column, title, y_title, scale) in _OUTCOMES.items():
        for place, (task, arm) in enumerate(places, start=1):
            where = [arm] if len(found.tasks) == 1 else [task, arm]
            lines = [(sampler, _line(found, task, arm, sampler)) for sampler in found.samplers if sampler != ALL]
            drawn = [(sampler, rows) for sampler, rows in lines if rows["budget"].n_unique() > 1]
            if not drawn:
                continue  # one budget alone makes no line
            yield Bands(
                name=f"{name}-{place}",
                title=f"{title} over tokens: {', '.join(where)}",
                caption=f"{_CAPTION} {_JOINED}" if ALL in found.samplers else _CAPTION,
                x_title="tokens really used, N x L",
                y_title=y_title,
                each=pl.concat([_each(rows, sampler, column, scale) for sampler, rows in drawn]),
                mean=pl.concat([_mean(rows, sampler, column, scale) for sampler, rows in drawn]),
                marks=pl.DataFrame(schema={"x": pl.Float64, "y": pl.Float64, "arm": pl.String}),
            )


def _of_samplers(found: Compositions) -> Iterator[Differences]:
    told = contrasts(found)
    for measure in MEASURES if told else ():
        pairs = [
            {
                "pair": each.pair if len(found.tasks) == 1 else f"{each.task}: {each.pair}",
                "difference": each.by_measure[measure].estimate,
                "low": each.by_measure[measure].low,
                "high": each.by_measure[measure].high,
            }
            for each in told
        ]
        outcome, _, unit = measure.partition(", ")
        yield Differences(
            name=f"samplers-{outcome}",
            title=f"What the sampler changes at equal budgets: {outcome}",
            caption=_CONTRASTS,
            x_title=f"difference in {outcome}, {unit}",
            pairs=pl.DataFrame(pairs, schema={"pair": pl.String, **dict.fromkeys(_BOUNDS, pl.Float64)}),
        )


def _line(found: Compositions, task: str, arm: str, sampler: str) -> pl.DataFrame:
    """Return the runs on the line of a sampler: its own, and those that took everything."""
    rows = found.at(task=task, arm=arm).filter(pl.col("sampler").is_in([sampler, ALL]))
    return rows.drop_nulls(["sample_tokens", "accuracy", "answer_loglik"])


def _each(rows: pl.DataFrame, sampler: str, column: str, scale: float) -> pl.DataFrame:
    """Return a line for each seed."""
    means = rows.group_by("block", "budget").agg(x=pl.col("sample_tokens").mean(), y=scale * pl.col(column).mean())
    return means.sort("block", "x").select(
        pl.col("x").cast(pl.Float64), "y", series=pl.col("block") + f", {sampler}", arm=pl.lit(sampler)
    )


def _mean(rows: pl.DataFrame, sampler: str, column: str, scale: float) -> pl.DataFrame:
    """Return the mean over seeds at each budget; bands would hide that all samplers are judged by the same examples."""
    means = rows.group_by("budget").agg(x=pl.col("sample_tokens").mean(), y=scale * pl.col(column).mean()).sort("x")
    none = {bound: pl.lit(None, dtype=pl.Float64) for bound in ("low", "high", "all_low", "all_high")}
    return means.select("x", "y", **none, arm=pl.lit(sampler))
