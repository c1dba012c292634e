"""The verdict on overfitting: how much text for the parameters, how often, and what that does at equal tokens.

Trajectories ──best and end──▶ epochs, gap, rise ──▶ verdict        arms at equal tokens ──paired by seed──▶ difference
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import REASON, Row, differences, pair_row
from raystudy.analysis.trajectories import REPEATED, SEED, Arm, Trajectories
from raystudy.stats.cells import design
from raystudy.stats.design import Design
from raystudy.stats.pairwise import Pair, pairwise

OVERFITS, NOT_TOLD, STOPPED = "overfits", "not told", "not told: a rule stopped it"
_NOT_SHOWN, _LEAST_AT_END = "no rise shown", "no rise: the loss is least at the end"
NO_RISE = frozenset({_NOT_SHOWN, _LEAST_AT_END})
"""Verdicts."""
_EQUAL = 0.01
"""Tokens that differ by less, for a step more or less, are as good as equal."""
_NOTE = (
    "Best: the interval of the least mean loss. Gap: held-out less training loss. Final less best: of the held-out "
    "loss, the best interval chosen by the other seeds, with its 95 % interval. It overfits where that is above zero "
    "on text that was repeated, and the gap grew meanwhile."
)
_ARMS = (
    "Held-out loss of the last interval that all arms share, later level less earlier one, paired by seed; Holm's p "
    "holds for all pairs together."
)
_SHOWN = ("pair", "tokens", "seeds", "difference", "95 % low", "95 % high", "t", "df", "p", "p (Holm)", REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class Equal:
    """The arms at the last interval that all of them share."""

    tokens: int
    data: Design
    """Held-out loss, (seeds, arms), of the runs that have one in every arm."""
    runs: tuple[str, ...]
    """These runs."""
    pairs: tuple[Pair, ...]
    """Later level less earlier one."""


def tables(found: Trajectories) -> tuple[Table, ...]:
    """Return the verdict on each arm, and the arms against each other; none where no interval was evaluated."""
    if not found.arms:
        return ()
    rows = [found.key(arm) | _verdict(arm) for arm in found.arms]
    frame = found.frame(rows, {"verdict": pl.String, "up to": pl.Int64})
    overfitting = Table(name="overfitting", title="Does it overfit?", frame=frame, note=_NOTE)
    equal = at_equal_tokens(found)
    return (overfitting,) if equal is None else (overfitting, _arms(found, equal))


def _verdict(arm: Arm) -> Row:
    ends = {"best": arm.at(arm.best), "end": arm.at(arm.places - 1)}
    unique, parameters = (ends["end"][column].to_numpy().mean() for column in ("tokens_unique", "parameters"))
    rise = arm.turning.rise
    return {
        "up to": arm.up_to,
        "unique tokens": unique,
        "for each parameter": unique / parameters,
        **{f"epochs at {name}": rows["epochs_seen"].mean() for name, rows in ends.items()},
        **{f"gap at {name}": rows["gap"].mean() for name, rows in ends.items()},
        "final less best": rise.estimate,
        "95 % low": rise.ci_low,
        "95 % high": rise.ci_high,
        "verdict": verdict(arm),
    }


def verdict(arm: Arm) -> str:
    """Say in words whether an arm overfits."""
    rise = arm.turning.rise
    if arm.best == arm.places - 1 or rise.ci_low is None or rise.ci_low <= 0:
        return _without_rise(arm)
    if arm.best == 0:
        return "rises from the start on"
    if not repeats(arm):
        return "rises, though no text was repeated"
    before, after = (arm.at(place)["gap"].to_numpy().mean() for place in (arm.best, arm.places - 1))
    return OVERFITS if after > before else "rises, though the gap did not grow"


def _without_rise(arm: Arm) -> str:
    if arm.up_to is not None:
        return STOPPED
    if arm.best == arm.places - 1:
        return _LEAST_AT_END
    return NOT_TOLD if arm.turning.rise.ci_low is None else _NOT_SHOWN


def repeats(arm: Arm) -> bool:
    """Whether an arm saw some text more than once."""
    return bool((arm.rows["epochs_seen"] > REPEATED).any())


def at_equal_tokens(found: Trajectories) -> Equal | None:
    """Return the arms at the last interval that all share; None where there is one arm, or nothing is shared."""
    if len(found.arms) < 2:
        return None
    scale = [np.array(arm.rows["tokens"].unique().sort().to_list(), dtype=np.float64) for arm in found.arms]
    for tokens in scale[0][:0:-1]:
        at = [int(np.abs(each - tokens).argmin()) for each in scale]
        if all(abs(each[place] - tokens) <= _EQUAL * tokens for each, place in zip(scale, at, strict=True)):
            return _equal(found, int(tokens), at)
    return None


def _equal(found: Trajectories, tokens: int, at: list[int]) -> Equal:
    rows = pl.concat([arm.at(place) for arm, place in zip(found.arms, at, strict=True)])
    # Else a seed that lacks an order in one arm would be the mean of other orders there.
    both = rows.filter(pl.len().over("block") == len(found.arms))
    levels = {"level": tuple(arm.level for arm in found.arms)}
    data = design(both, subject=SEED, within=["level"], value="loss_heldout", levels=levels)
    runs = tuple(both["block"].unique(maintain_order=True))
    return Equal(tokens=tokens, data=data, runs=runs, pairs=differences(pairwise(data)))


def _arms(found: Trajectories, equal: Equal) -> Table:
    rows = [{"tokens": equal.tokens} | pair_row(pair, "seeds") for pair in equal.pairs]
    frame = found.frame(rows, {"pair": pl.String} | dict.fromkeys(("tokens", "seeds", "df"), pl.Int64))
    shown = [column for column in _SHOWN if column in frame.columns]
    return Table(name="arms", title="The arms at equal tokens", frame=frame.select(shown), note=_ARMS)
