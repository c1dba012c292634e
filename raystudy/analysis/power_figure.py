"""Power over the seconds of one trial: sampled watts where there are any, else the slope of an energy counter."""

from collections.abc import Iterable, Iterator

import polars as pl

from raystudy.analysis.findings import PowerTrace
from raystudy.analysis.readings import traces_of
from raystudy.analysis.trials import Trials
from raystudy.record.curve import Curve
from raystudy.record.trace import Trace

_LEAST_PERIODS = 0.5
"""Shortest stretch of a counter that is shown: at the edges of a span it is read so often that its steps would show."""


def power_figure(trials: Trials) -> Iterator[PowerTrace]:
    """Yield the power of the trial in the middle of the study; nothing where no channel was read twice."""
    trial = trials.rows.slice(trials.rows.height // 2, 1)
    traces = _best(traces_of(trial["traces"]), estimated=trials.joules.estimated)
    curves = [Curve(trace) for trace in traces]
    spans = trial.select(pl.col("spans").explode()).to_series().drop_nulls()
    starts = trial.select(pl.col("segments").list.eval(pl.element().struct.field("start_s"))).item().to_list()[1:]
    readings = [
        (curve.channel.device, at_s, power_w)
        for curve, trace in zip(curves, traces, strict=True)
        for at_s, power_w in _watts(curve, trace.period_s, starts)
    ]
    if not readings or spans.is_empty():
        return
    start_s = min(span["start_s"] for span in spans)
    mark = " (estimate)" if trials.joules.estimated else ""
    yield PowerTrace(
        name="power",
        title=f"Power during {trial['trial_id'].item()}{mark}",
        caption=_caption(curves, estimated=trials.joules.estimated),
        y_title=f"Power (W){mark}",
        readings=pl.DataFrame(
            [(device, at_s - start_s, power_w) for device, at_s, power_w in readings],
            schema={"device": pl.String, "at_s": pl.Float64, "power_w": pl.Float64},
            orient="row",
        ),
        spans=pl.DataFrame(
            [(span["name"], span["start_s"] - start_s, span["end_s"] - start_s) for span in spans],
            schema={"span": pl.String, "start_s": pl.Float64, "end_s": pl.Float64},
            orient="row",
        ),
    )


def _caption(curves: Iterable[Curve], *, estimated: bool) -> str:
    parts = ["One trial, the middle one of the study."]
    if any(curve.counts for curve in curves):
        parts.append("Each point is the slope between two readings of an energy counter.")
    if estimated:
        parts.append("The counter is an estimate, nameplate watts x CPU time, not a measurement.")
    return " ".join(parts)


def _best(traces: Iterable[Trace], *, estimated: bool) -> list[Trace]:
    """Return one trace a device: its sampled power, else its counter; estimates only where all is one."""
    shown = [trace for trace in traces if trace.channel.estimated == estimated]
    devices: dict[tuple[str, str], Trace] = {}
    for quantity in ("power_w", "energy_j"):
        for trace in (each for each in shown if each.channel.quantity == quantity):
            devices.setdefault((trace.channel.scope, trace.channel.device), trace)
    return [devices[key] for key in sorted(devices)]


def _watts(curve: Curve, period_s: float, starts: Iterable[float]) -> Iterator[tuple[float, float | None]]:
    """
    Yield times and watts: as they were sampled, or as the slope of a counter, each point at the end of it.

    Where a later segment starts nothing is known, which breaks the line: the trial did not run before.
    """
    left, last = list(starts), None
    for point in curve.points:
        if left and point.at_s >= left[0]:
            yield left.pop(0), None
            last = None
        if not curve.counts:
            yield point.at_s, point.value
        elif last is None:
            last = point
        elif point.at_s - last.at_s >= _LEAST_PERIODS * period_s:
            yield point.at_s, (point.value - last.value) / (point.at_s - last.at_s)
            last = point
