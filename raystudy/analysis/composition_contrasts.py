"""How two samplers differ at the same budgets: seed by seed and example by example, over all that they share.

Compositions ──pairs of cells, no copies──▶ differences (blocks, examples) ──crossed_mean──▶ Contrast ──▶ Holm
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from raystudy.analysis.compositions import ALL, Cell, Compositions, combined
from raystudy.stats.crossed import Crossed, crossed_mean
from raystudy.stats.pairwise import holm
from raystudy.stats.probability import ALPHA

NATURAL = "stratified"
"""The sampler that leaves the lengths as they are: what the others are compared with."""
ACCURACY, LOGLIK = "accuracy, points", "log-likelihood, nats"
MEASURES: Mapping[str, tuple[str, float]] = {ACCURACY: ("correct", 100.0), LOGLIK: ("loglik", 1.0)}
"""What people call an outcome, its field of HeldoutAnswer, and how many of its units make 1 there."""
_ONE_SEED = "one seed only, where other pairs have more"

Twins = tuple[Cell, Cell]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contrast:
    """One sampler less another on one task, at the same nominal budgets."""

    task: str
    a: str
    b: str
    twins: tuple[Twins, ...]
    """Configurations that differ in nothing but the sampler, and are no copies of each other."""
    by_measure: Mapping[str, Crossed]
    """The mean difference by its name in MEASURES."""
    p_holm: Mapping[str, float | None]
    """Adjusted for all pairs of samplers on this task, but those of one seed where others have more."""
    blind: float | None
    """Half the interval of the accuracy at 5 % over so many pairs: larger differences pass Holm's first step."""
    tokens_ratio: float | None
    """Tokens really used by the first, over those of the second."""

    @property
    def pair(self) -> str:
        """Its name: `few_long − stratified`."""
        return f"{self.a} − {self.b}"

    @property
    def seeds(self) -> int:
        """Those that both samplers were run with, wherever they are compared."""
        return self.by_measure[ACCURACY].seeds

    @property
    def weights(self) -> list[tuple[float, Cell]]:
        """The share of each configuration in the difference."""
        share = 1 / len(self.twins)
        return [part for first, second in self.twins for part in ((share, first), (-share, second))]


def contrasts(found: Compositions) -> tuple[Contrast, ...]:
    """Compare every two samplers on each task."""
    return tuple(each for task in found.tasks for each in _of_task(found, task))


def cell_contrasts(found: Compositions) -> Iterator[Contrast]:
    """Yield the same contrasts for each arm and budget alone, without adjusted p."""
    for task in found.tasks:
        for a, b in sampler_pairs(found):
            for twin in twins_of(found, task, a, b):
                yield _contrast(found, (a, b), (twin,))


def sampler_pairs(found: Compositions) -> tuple[tuple[str, str], ...]:
    """Return every two samplers; the natural one comes second."""
    chosen = sorted((each for each in found.samplers if each != ALL), key=lambda sampler: sampler == NATURAL)
    return tuple(combinations(chosen, 2))


def twins_of(found: Compositions, task: str, a: str, b: str) -> tuple[Twins, ...]:
    """Return the configurations of two samplers that differ in nothing else."""
    others = {(cell.arm, cell.budget): cell for cell in found.cells(task=task, sampler=b)}
    return tuple(
        (cell, others[cell.arm, cell.budget])
        for cell in found.cells(task=task, sampler=a)
        if (cell.arm, cell.budget) in others
    )


def measured(
    found: Compositions, weights: Sequence[tuple[float, Cell]], measure: str, *, alpha: float = ALPHA
) -> Crossed:
    """Return the mean of a weighted sum of configurations, in the unit of the measure."""
    column, units = MEASURES[measure]
    values = combined((weight, found.answered[cell][column]) for weight, cell in weights).values
    return crossed_mean(units * values, alpha=alpha)


def _of_task(found: Compositions, task: str) -> list[Contrast]:
    pairs = [(pair, twins) for pair in sampler_pairs(found) if (twins := twins_of(found, task, *pair))]
    told = [_contrast(found, pair, twins) for pair, twins in pairs]
    several = any(each.seeds > 1 for each in told)
    tested = [each for each in told if not several or each.seeds != 1]
    adjusted = {measure: _adjusted([each.by_measure[measure].p for each in tested]) for measure in MEASURES}
    known = {
        each.pair: replace(
            each,
            p_holm={measure: p[place] for measure, p in adjusted.items()},
            blind=measured(found, each.weights, ACCURACY, alpha=ALPHA / len(tested)).half_width,
        )
        for place, each in enumerate(tested)
    }
    return [known.get(each.pair) or _untested(each) for each in told]


def _untested(told: Contrast) -> Contrast:
    """Return a contrast of one seed without its p: an interval over examples alone is no match for the others'."""
    by_measure = {name: replace(crossed, p=None, reason=_ONE_SEED) for name, crossed in told.by_measure.items()}
    return replace(told, by_measure=by_measure, p_holm=dict.fromkeys(MEASURES))


def _contrast(found: Compositions, pair: tuple[str, str], twins: Sequence[Twins]) -> Contrast:
    used = [[found.runs(cell)["sample_tokens"].mean() for cell in side] for side in zip(*twins, strict=True)]
    first, second = (np.array(side, dtype=np.float64).sum() for side in used)
    told = Contrast(
        task=twins[0][0].task,
        a=pair[0],
        b=pair[1],
        twins=tuple(twins),
        by_measure={},
        p_holm={},
        blind=None,
        tokens_ratio=float(first / second) if first > 0 and second > 0 else None,
    )
    return replace(told, by_measure={measure: measured(found, told.weights, measure) for measure in MEASURES})


def _adjusted(p: Sequence[float | None]) -> list[float | None]:
    """Return Holm's p values; a pair without a p counts among the pairs."""
    values = iter(holm(np.array([each for each in p if each is not None]), m=len(p)).tolist())
    return [None if each is None else next(values) for each in p]
