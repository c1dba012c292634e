"""The figures of an efficiency study: loss and joules over the levels, differences between them, power over a trial."""

from collections.abc import Iterator

import polars as pl

from raystudy.analysis.findings import Differences, Figure, Lines
from raystudy.analysis.inference import differences, pair_name
from raystudy.analysis.power_figure import power_figure
from raystudy.analysis.trials import Trials
from raystudy.analysis.words import counted
from raystudy.stats.design import Design
from raystudy.stats.intervals import within_subject_intervals
from raystudy.stats.pairwise import pairwise

_LOG_FROM = 3
"""Levels whose greatest is at least this many times their smallest stand on a logarithmic axis."""

_LINES = (
    "One thin line a repetition; the mean has a 95 % interval within blocks (Cousineau-Morey), which leaves out what "
    "differs between repetitions at all levels alike."
)


def figures(trials: Trials) -> tuple[Figure, ...]:
    """Return every figure that the data allow."""
    return tuple(_figures(trials))


def _figures(trials: Trials) -> Iterator[Figure]:
    joules, over = trials.joules, f"over {trials.factor}"
    yield _lines(trials, "loss_heldout", name="loss", title=f"Held-out loss {over}", y_title="nats per token")
    yield from _differences(trials)
    if joules.known:
        title = joules.mark(f"Energy per token {over}")
        yield _lines(trials, "energy_j_per_token", name="energy-per-token", title=title, y_title="J per token")
        title = joules.mark(f"Training energy {over}")
        yield _lines(trials, joules.train_j, name="energy", title=title, y_title="J")
        title = joules.mark(f"Loss drop per kilojoule {over}")
        yield _lines(trials, "loss_drop_per_kj", name="loss-drop-per-kj", title=title, y_title="nats per kJ")
    yield from power_figure(trials)


def _lines(trials: Trials, column: str, *, name: str, title: str, y_title: str) -> Lines:
    each = trials.rows.select("x", y=pl.col(column), series=pl.format("repetition {}", "repetition")).drop_nulls("y")
    energetic = column != "loss_heldout"
    caption = (_LINES, _incomplete(trials.design(column)), trials.joules.note if energetic else "")
    return Lines(
        name=name,
        title=title,
        caption=" ".join(part for part in caption if part),
        x_title=trials.factor,
        y_title=trials.joules.mark(y_title) if energetic else y_title,
        each=each.sort("series", maintain_order=True),
        mean=_means(trials, column),
        log_x=_spans_decades(trials),
    )


def _incomplete(data: Design) -> str:
    """Say that the mean line is not the mean of the tables, where it is not."""
    if not data.dropped:
        return ""
    if not data.subjects:
        return "No block is complete, so there is no mean."
    complete = counted(len(data.subjects), "complete block")
    return f"The mean is over the {complete}; the means of the tables are over all trials with a value."


def _means(trials: Trials, column: str) -> pl.DataFrame:
    """Return the means over complete blocks, as their intervals need."""
    intervals = within_subject_intervals(trials.design(column).values)
    x = trials.by_level()["x"]
    return pl.DataFrame(
        {
            "x": x,
            "y": pl.Series([interval.mean for interval in intervals], dtype=pl.Float64),
            "low": pl.Series([interval.low for interval in intervals], dtype=pl.Float64),
            "high": pl.Series([interval.high for interval in intervals], dtype=pl.Float64),
        }
    ).drop_nulls("y")


def _spans_decades(trials: Trials) -> bool:
    if not trials.numeric:
        return False
    levels: list[float] = trials.by_level()["x"].to_list()
    return levels[0] > 0 and levels[-1] >= _LOG_FROM * levels[0]


def _differences(trials: Trials) -> Iterator[Differences]:
    """Yield the differences of the held-out loss, where two blocks are complete."""
    pairs = [pair for pair in differences(pairwise(trials.design("loss_heldout"))) if pair.mean_diff is not None]
    if not pairs:
        return
    frame = pl.DataFrame(
        {
            "pair": [pair_name(pair) for pair in pairs],
            "difference": [pair.mean_diff for pair in pairs],
            "low": [pair.ci_low for pair in pairs],
            "high": [pair.ci_high for pair in pairs],
        }
    )
    yield Differences(
        name="differences",
        title="Held-out loss, level against level",
        caption="Mean difference within blocks, with its 95 % interval; left of the line, the first level is better.",
        x_title="difference in held-out loss, nats per token",
        pairs=frame,
    )
