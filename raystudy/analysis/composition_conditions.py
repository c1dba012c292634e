"""How well each configuration answers: accuracy and log-likelihood with their intervals, beside what takes no training.

Compositions ──each configuration──▶ crossed means ──▶ Table
"""

from dataclasses import replace

import polars as pl

from raystudy.analysis.composition_contrasts import ACCURACY, LOGLIK, measured
from raystudy.analysis.composition_samplers import bounds, frame
from raystudy.analysis.compositions import Cell, Compositions
from raystudy.analysis.findings import Table
from raystudy.analysis.inference import REASON, Row
from raystudy.stats.crossed import Crossed

_BESIDE = {
    "zero-shot, %": "accuracy_zero_shot",
    "majority, %": "accuracy_majority",
    "best constant, %": "accuracy_constant",
    "chance, %": "accuracy_chance",
}
_NOTE = (
    "Means over seeds and held-out examples, with intervals that take both for samples; differences between rows are "
    "more certain than these, for all rows answer the same examples. Zero-shot: before the trial trained it; majority: "
    "always the answer that is commonest on the training side; best constant: always the one that is commonest among "
    "those held out, which nobody knows before; chance: a blind guess. Log-likelihood: of the right answer, nats per "
    "answer."
)


def tables(found: Compositions) -> tuple[Table, ...]:
    """Return one row for each configuration on each task."""
    rows = [_row(found, cell) for cell in found.cells()]
    if not rows:
        return ()
    return (Table(name="conditions", title="How well is it answered?", frame=frame(rows), note=_NOTE),)


def accuracy_of(found: Compositions, cell: Cell) -> Crossed:
    """Return the accuracy of one configuration in percent; its bounds are none that no accuracy can reach."""
    told = measured(found, [(1.0, cell)], ACCURACY)
    if told.low is None or told.high is None:
        return told
    return replace(told, low=max(told.low, 0.0), high=min(told.high, 100.0))


def _row(found: Compositions, cell: Cell) -> Row:
    runs = found.runs(cell)
    accuracy, loglik = accuracy_of(found, cell), measured(found, [(1.0, cell)], LOGLIK)
    beside = runs.select(**{title: 100 * pl.col(column).mean() for title, column in _BESIDE.items()})
    return {
        **found.key(cell),
        "runs": runs.height,
        "examples": accuracy.examples,
        **bounds(accuracy, "accuracy, %"),
        **beside.row(0, named=True),
        "log-likelihood": loglik.estimate,
        "log-likelihood low": loglik.low,
        "log-likelihood high": loglik.high,
        "zero-shot log-likelihood": runs["answer_loglik_zero_shot"].mean(),
        REASON: accuracy.reason,
    }
