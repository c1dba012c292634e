"""Tables of what a sampler changes at equal budgets: over all arms and budgets, and at each of them.

Compositions ──contrasts──▶ rows of differences with their intervals ──▶ Tables
"""

from collections.abc import Sequence

import polars as pl

from raystudy.analysis.composition_contrasts import MEASURES, Contrast, cell_contrasts, contrasts
from raystudy.analysis.compositions import Compositions
from raystudy.analysis.findings import Table
from raystudy.analysis.inference import REASON, Row, frame_of
from raystudy.analysis.words import listing
from raystudy.stats.crossed import LEAST_P, Crossed

APART = 0.02
"""Share by which the tokens of two samplers may differ at one budget and still be called equal."""
_CROSSED = (
    "Intervals take seeds and held-out examples both for samples of those there could be: the same examples are asked "
    "in every trial, so neither seeds that agree nor a binomial interval would do."
)
_SAMPLERS = (
    "First sampler less second at the same nominal budgets, paired by seed and held-out example, the mean over the "
    "arms and budgets at which the two trained on different examples. Tokens, ratio: those really used, first to "
    "second. Holm: for all pairs of samplers on a task. SDs: of one seed's difference, of one example's, and of the "
    "rest, so what more seeds or more held-out examples would help."
)
_CELLS = "The same for each arm and budget alone, without tests: so many would find something by chance."
_ONE_SEED = "With one seed the intervals are over examples alone, and say nothing of other seeds."
_FLOOR = f"A p of {LEAST_P:.0e} stands for any below it."


def tables(found: Compositions) -> tuple[Table, ...]:
    """Return both tables; none where no two samplers trained on different examples."""
    whole = contrasts(found)
    if not whole:
        return ()
    rows = [_row(found, each, measure) for each in whole for measure in MEASURES]
    floor = [_FLOOR] if any(LEAST_P in (row["p"], row["p (Holm)"]) for row in rows) else []
    note = " ".join((_SAMPLERS, _CROSSED, *_apart(whole), *([_ONE_SEED] if of_one_seed(whole) else []), *floor))
    return (
        Table(name="samplers", title="What does the sampler change at equal budgets?", frame=frame(rows), note=note),
        Table(
            name="samplers-each",
            title="What does it change at each budget?",
            frame=frame([_in_cell(found, each) for each in cell_contrasts(found)]),
            note=_CELLS,
        ),
    )


def frame(rows: Sequence[Row]) -> pl.DataFrame:
    """Make a frame of numbers, where a column does not hold text or counts."""
    text = dict.fromkeys(("task", "arm", "sampler", "budget", "pair", "measure", "matched by"), pl.String)
    counts = dict.fromkeys(("over", "seeds", "examples", "runs", "arms"), pl.Int64)
    return frame_of(rows, {**text, **counts}, "seeds")


def bounds(told: Crossed, name: str = "difference") -> Row:
    """Return the columns of a mean and its interval."""
    return {name: told.estimate, "95 % low": told.low, "95 % high": told.high}


def of_one_seed(told: Sequence[Contrast]) -> list[Contrast]:
    """Return the differences that rest on one seed."""
    return [each for each in told if each.seeds == 1]


def _row(found: Compositions, told: Contrast, measure: str) -> Row:
    crossed = told.by_measure[measure]
    return {
        **_task(found, told.task),
        "pair": told.pair,
        "measure": measure,
        **bounds(crossed),
        "p": _told(crossed.p),
        "p (Holm)": _told(told.p_holm[measure]),
        "over": len(told.twins),
        "seeds": crossed.seeds,
        "examples": crossed.examples,
        "SD of seeds": crossed.sd_seeds,
        "SD of examples": crossed.sd_examples,
        "SD of rest": crossed.sd_rest,
        "tokens, ratio": told.tokens_ratio,
        REASON: crossed.reason,
    }


def _told(p: float | None) -> float | None:
    return None if p is None else max(p, LEAST_P)


def _in_cell(found: Compositions, told: Contrast) -> Row:
    ((cell, _),) = told.twins
    key = {name: value for name, value in found.key(cell).items() if name != "sampler"}
    row: Row = {**key, "pair": told.pair}
    for measure, crossed in told.by_measure.items():
        row |= {measure: crossed.estimate, f"{measure.split(',')[0]} low": crossed.low}
        row |= {f"{measure.split(',')[0]} high": crossed.high}
    return row | {"tokens, ratio": told.tokens_ratio}


def _task(found: Compositions, task: str) -> dict[str, str]:
    """Return the column that names a task; none where there is one."""
    return {"task": task} if len(found.tasks) > 1 else {}


def _apart(told: Sequence[Contrast]) -> list[str]:
    """Say where budgets of one name are not the same tokens."""
    apart = [
        f"{each.pair.replace(' − ', ' to ')} {each.tokens_ratio:.3f}"
        for each in told
        if each.tokens_ratio is not None and abs(each.tokens_ratio - 1) > APART
    ]
    return [f"More than {APART:.0%} apart in tokens really used: {listing(apart)}."] if apart else []
