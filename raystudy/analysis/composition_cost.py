"""What accuracy costs: joules and FLOPs for each point gained over zero-shot, and what the pretrainings took apart.

right after less right before, seeds x examples ──▶ points gained ──joules and FLOPs over them──▶ Tables
"""

from collections.abc import Iterator

import polars as pl

from raystudy.analysis.compositions import Cell, Compositions, combined
from raystudy.analysis.findings import Table
from raystudy.analysis.inference import Row, frame_as_told
from raystudy.stats.crossed import Crossed, crossed_mean

FLOPS_PER_TFLOP = 1e12
_NOTE = (
    "Gain: points of accuracy above the same model before the trial trained it, with its 95 % interval over seeds and "
    "examples. Prices are means over seeds of what the training took, over the gain; their bounds hold the interval "
    "of the gain{readings}. There is no price where the gain is not shown to be above 0. "
    "A gain over zero-shot may be no more than another constant answer: see the best constant beside the accuracies."
)
_PRETRAININGS = (
    "Done once for all trials of a model, recorded apart, and in no other figure. Per trial: shared out over the "
    "finished trials that started from it."
)


def tables(found: Compositions) -> tuple[Table, ...]:
    """Return what a point of accuracy costs in each configuration, and what the pretrainings took."""
    return (_prices(found), *_pretrainings(found))


def gain_of(found: Compositions, cell: Cell) -> Crossed:
    """Return the points of accuracy that the runs of one configuration gained over zero-shot."""
    answers = found.answered[cell]
    return crossed_mean(combined([(100.0, answers["correct"]), (-100.0, answers["correct_before"])]).values)


def _prices(found: Compositions) -> Table:
    joules = found.trials.joules
    rows = [_price(found, cell) for cell in found.cells()]
    frame = frame_as_told(rows)
    readings = " and what the readings leave open" if joules.train_u_j else ""
    note = " ".join(part for part in (_NOTE.format(readings=readings), joules.note) if part)
    return Table(name="cost", title="What a point of accuracy costs", frame=frame, note=note)


def _price(found: Compositions, cell: Cell) -> Row:
    joules, rows, gain = found.trials.joules, found.runs(cell), gain_of(found, cell)
    spent_j, u_j = _mean(rows, joules.train_j), _mean(rows, joules.train_u_j)
    flops = _mean(rows, "flops")
    low, high = gain.low, gain.high
    shown = low is not None and low > 0
    price = joules.mark("price")
    return found.key(cell) | {
        "gain, points": gain.estimate,
        "95 % low": low,
        "95 % high": high,
        joules.title("training energy", "J"): spent_j,
        **({"± from readings, J": u_j} if joules.train_u_j else {}),
        f"{price}, J/point": _over(spent_j, gain.estimate, shown=shown),
        f"{price} low": _over(None if spent_j is None else spent_j - (u_j or 0.0), high, shown=shown),
        f"{price} high": _over(None if spent_j is None else spent_j + (u_j or 0.0), low, shown=shown),
        "training, TFLOP": _over(flops, FLOPS_PER_TFLOP, shown=True),
        "TFLOP/point": _over(flops, None if gain.estimate is None else FLOPS_PER_TFLOP * gain.estimate, shown=shown),
    }


def _over(spent: float | None, bought: float | None, *, shown: bool) -> float | None:
    return spent / bought if shown and spent is not None and bought else None


def _mean(rows: pl.DataFrame, column: str | None) -> float | None:
    """Return the mean of a column, null where any run lacks it: some joules are no price of all points."""
    if column is None or rows[column].null_count():
        return None
    mean = rows[column].mean()
    return mean if isinstance(mean, float) else None


def _pretrainings(found: Compositions) -> Iterator[Table]:
    rows = [_pretraining(found, row) for row in found.trials.pretrainings.iter_rows(named=True)]
    if rows:
        frame = frame_as_told(rows)
        note = " ".join(part for part in (_PRETRAININGS, found.trials.joules.note) if part)
        yield Table(name="pretrainings", title="What the pretrainings took", frame=frame, note=note)


def _pretraining(found: Compositions, row: Row) -> Row:
    joules = found.trials.joules
    spent_j, trials = row[joules.train_j], found.trials.finished.filter(pl.col("model") == row["model"]).height
    return {
        "model": row["model"],
        "parameters": row["parameters"],
        "tokens": row["tokens_seen"],
        "held-out loss, nats per token": row["loss_heldout"],
        "training, TFLOP": row["flops"] / FLOPS_PER_TFLOP,
        joules.title("training energy", "J"): spent_j,
        **({"± from readings, J": row[joules.train_u_j]} if joules.train_u_j else {}),
        "trials": trials,
        joules.title("per trial", "J"): spent_j / trials if spent_j is not None and trials else None,
    }
