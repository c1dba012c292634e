"""Whether anything was learnt: which configurations are shown to be above all that takes no training.

Compositions ──each configuration against zero-shot, constant answers, chance──▶ Learnt ──▶ sentence, doubt
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from raystudy.analysis.composition_conditions import accuracy_of
from raystudy.analysis.composition_cost import gain_of
from raystudy.analysis.compositions import Cell, Compositions
from raystudy.analysis.words import listing, number
from raystudy.stats.crossed import crossed_mean
from raystudy.stats.probability import ALPHA

_SHARES = {
    "always giving the commonest answer to train on": "accuracy_majority",
    "the best of all constant answers": "accuracy_constant",
    "chance": "accuracy_chance",
}
"""What is above a fixed share of right answers, by the column of that share. Where both sides differ in their classes,
as by module they do, the commonest answer to train on may be a rare one; a model that always gives another one has
learnt nothing either."""

_FEW = 3
"""So many configurations are named; the best by its mean need not be one of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Learnt:
    """How the configurations of a task stand against what takes no training."""

    above: Mapping[Cell, Mapping[str, bool | None]] = field(repr=False)
    """Whether a configuration is shown to be above each rival, as one of so many (Bonferroni); null where the data
    make no test."""

    @property
    def shown(self) -> list[Cell]:
        """Those above every rival."""
        return [cell for cell, above in self.above.items() if all(above.values())]

    @property
    def testable(self) -> bool:
        """Whether any configuration could have been shown to be above every rival."""
        return any(None not in above.values() for above in self.above.values())

    def count_above(self, rival: str) -> int:
        """Return how many configurations are shown to be above one rival."""
        return sum(above.get(rival) is True for above in self.above.values())


def learnt(found: Compositions, task: str) -> Learnt:
    """Compare every configuration of a task with zero-shot, constant answers and chance."""
    cells = found.cells(task=task)
    return Learnt(above={cell: _above(found, cell, among=len(cells)) for cell in cells})


def learnt_sentence(found: Compositions, task: str) -> str | None:
    """Say what the best configuration reaches, and how many are above all that takes no training."""
    told = learnt(found, task)
    accuracies = {cell: accuracy_of(found, cell) for cell in told.above}
    known = {cell: each.estimate for cell, each in accuracies.items() if each.estimate is not None}
    if not known:
        return None
    best = max(known, key=lambda cell: known[cell])
    low, high = accuracies[best].low, accuracies[best].high
    interval = "" if low is None or high is None else f"; 95 %: {number(low)} to {number(high)}"
    rivals = {"zero-shot": found.answered[best]["correct_before"].values.mean()} | _shares(found, best)
    beside = listing([f"{number(100 * share)} % ({name})" for name, share in rivals.items()])
    return (
        f"The most that was answered right on {task} is {number(known[best])} % ({_named(best)}{interval}), "
        f"against {beside}: {_verdict(told, [*rivals])}."
    )


def _verdict(told: Learnt, rivals: list[str]) -> str:
    """Say how many configurations are above all, or which rivals some are above."""
    n, shown = len(told.above), len(told.shown)
    if shown:
        named = f" ({'; '.join(map(_named, told.shown))})" if shown <= _FEW else ""
        return f"{shown} of {n} configurations {'is' if shown == 1 else 'are'} shown to be above all of these{named}"
    if not told.testable:
        return "so few answers cannot tell whether anything was learnt"
    some = [f"{count} above {rival}" for rival in rivals if (count := told.count_above(rival))]
    rest = f" ({listing(some)})" if some else ""
    return f"none of {n} configurations is shown to be above all of these{rest}, so nothing is shown to be learnt"


def _named(cell: Cell) -> str:
    return f"{cell.arm}, {cell.sampler}, {cell.budget}"


def _above(found: Compositions, cell: Cell, *, among: int) -> dict[str, bool | None]:
    gain = gain_of(found, cell)
    shares = _shares(found, cell).items()
    return {
        "zero-shot": None if gain.estimate is None else _passed(gain.estimate, gain.p, among),
        **{name: _above_share(found, cell, share, among) for name, share in shares},
    }


def _above_share(found: Compositions, cell: Cell, share: float, among: int) -> bool | None:
    """Tell whether more than a share is right; where all are, by how often so many would be by that share alone."""
    right = found.answered[cell]["correct"].values
    if right.size and right.min() == 1:
        return among * math.pow(share, right.shape[1]) < ALPHA
    over = crossed_mean(right - share)
    return None if over.estimate is None else _passed(over.estimate, over.p, among)


def _passed(estimate: float, p: float | None, among: int) -> bool | None:
    """Tell whether a gain is above zero, as one of so many; what is no gain needs no test."""
    if estimate <= 0:
        return False
    return None if p is None else p * among < ALPHA


def _shares(found: Compositions, cell: Cell) -> dict[str, float]:
    rows = found.runs(cell)
    means = {name: rows[column].mean() for name, column in _SHARES.items()}
    return {name: mean for name, mean in means.items() if isinstance(mean, float)}
