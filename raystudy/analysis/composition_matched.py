"""How two samplers differ at equal cost: at equal tokens really used, at equal FLOPs, at equal joules.

configurations of an arm and sampler ──over log x──▶ a line between budgets ──where both lines reach──▶ difference

A budget of one name costs each sampler something else: padding, steps and attention depend on the lengths. So what
they reach is compared at the same cost, read off straight lines between the budgets they were given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from raystudy.analysis.composition_contrasts import MEASURES, measured, sampler_pairs, twins_of
from raystudy.analysis.composition_samplers import bounds, frame
from raystudy.analysis.compositions import Cell, Compositions
from raystudy.analysis.findings import Table
from raystudy.analysis.inference import REASON, Row
from raystudy.analysis.words import listing
from raystudy.stats.crossed import Crossed

TOKENS, FLOPS, JOULES = "tokens really used", "FLOPs", "joules"
_POINTS = 5
_NOTE = (
    "First sampler less second, each read off straight lines between its budgets, over the logarithm of what they are "
    "matched by (means over seeds), at {points} points from end to end of the range that both were trained in; the "
    "mean of these, and of the arms. Without the budget that takes every example. Intervals over seeds and held-out "
    "examples; that a line is straight is taken for granted."
)
_ONE_BUDGET = "fewer than two budgets at which the samplers differ"
_UNKNOWN = "not known at every budget"
_NO_OVERLAP = "no overlap: the dearest budget of one is cheaper than the cheapest of the other"

Line = list[tuple[float, Cell]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Matched:
    """One sampler less another on one task, at equal cost."""

    task: str
    a: str
    b: str
    by: str
    """One of TOKENS, FLOPS, JOULES."""
    by_measure: Mapping[str, Crossed]
    """The mean difference by its name in MEASURES; empty where there is none."""
    arms: int
    """Those in which both samplers could be compared."""
    reason: str | None


def matched(found: Compositions) -> tuple[Matched, ...]:
    """Compare every two samplers on each task, matched by each cost."""
    return tuple(
        _matched(found, task, pair, by)
        for task in found.tasks
        for pair in sampler_pairs(found)
        for by in (TOKENS, FLOPS, JOULES)
    )


def tables(found: Compositions) -> tuple[Table, ...]:
    """Return three rows a pair and measure."""
    told = matched(found)
    if not any(each.by_measure for each in told):
        return ()
    joules = found.trials.joules
    note = " ".join(part for part in (_NOTE.format(points=_POINTS), joules.note) if part)
    rows = [row for each in told for row in _rows(found, each, {JOULES: joules.mark(JOULES)})]
    return (Table(name="matched", title="And at equal cost?", frame=frame(rows), note=note),)


def _rows(found: Compositions, told: Matched, marks: Mapping[str, str]) -> Iterator[Row]:
    key = {"task": told.task} if len(found.tasks) > 1 else {}
    key |= {"pair": f"{told.a} − {told.b}", "matched by": marks.get(told.by, told.by)}
    for measure in MEASURES if told.by_measure else ():
        crossed = told.by_measure[measure]
        yield {**key, "measure": measure, **bounds(crossed), "arms": told.arms, REASON: crossed.reason}
    if not told.by_measure:
        yield {**key, "arms": 0, REASON: told.reason}


def _matched(found: Compositions, task: str, pair: tuple[str, str], by: str) -> Matched:
    """Average the differences of the arms in which both samplers reach the same cost."""
    reasons: list[str] = []
    weights: list[tuple[float, Cell]] = []
    arms = 0
    twins = twins_of(found, task, *pair)
    for arm in dict.fromkeys(first.arm for first, _ in twins):
        own = [twin for twin in twins if twin[0].arm == arm]
        lines = [_line(found, side, by) for side in zip(*own, strict=True)]
        if reason := _refused(*lines):
            reasons.append(reason)
        else:
            weights += _difference(*lines)
            arms += 1
    shared = [(weight / arms, cell) for weight, cell in weights]
    return Matched(
        task=task,
        a=pair[0],
        b=pair[1],
        by=by,
        by_measure={measure: measured(found, shared, measure) for measure in MEASURES} if arms else {},
        arms=arms,
        reason=None if arms else listing(list(dict.fromkeys(reasons))) or _ONE_BUDGET,
    )


def _line(found: Compositions, cells: Sequence[Cell], by: str) -> Line:
    """Return the configurations with the cost of each, cheapest first; none where a cost is not known."""
    column = {TOKENS: "sample_tokens", FLOPS: "flops", JOULES: found.trials.joules.train_j}[by]
    line: Line = []
    for cell in cells:
        costs = found.runs(cell)[column]
        if costs.has_nulls() or not (costs > 0).all():
            return []
        line.append((float(costs.cast(float).to_numpy().mean()), cell))
    return sorted(line, key=lambda point: point[0])


def _refused(first: Line, second: Line) -> str | None:
    """Return why two lines cannot be compared."""
    if not first or not second:
        return _UNKNOWN
    if min(len(first), len(second)) < 2:
        return _ONE_BUDGET
    low, high = _overlap(first, second)
    return None if low < high else _NO_OVERLAP


def _overlap(first: Line, second: Line) -> tuple[float, float]:
    return max(first[0][0], second[0][0]), min(first[-1][0], second[-1][0])


def _difference(first: Line, second: Line) -> Line:
    """Return the weights of all configurations in the mean difference of the lines over what both reach."""
    at = np.geomspace(*_overlap(first, second), _POINTS)
    return [
        (sign * weight / _POINTS, cell)
        for sign, line in ((1, first), (-1, second))
        for x in at
        for weight, cell in _between(line, float(x))
    ]


def _between(line: Line, x: float) -> Line:
    """Return the weights of the two neighbours between which a line is at x, by the logarithm."""
    place = next((place for place, (cost, _) in enumerate(line) if cost >= x and place), len(line) - 1)
    (low, cheap), (high, dear) = line[place - 1], line[place]
    share = float(np.clip(np.log(x / low) / np.log(high / low), 0, 1)) if high > low else 0.5
    return [(1 - share, cheap), (share, dear)]
