"""Spikes of a trajectory: intervals whose loss rose by far more than its neighbours; as published, and as it should be.

    losses (seeds, intervals) ──difference to the interval before──▶ its window's mean + z SDs ──▶ marked, or not

arXiv 2606.13370 puts the difference in question inside the window that judges it, and takes the SD of a population. By
P. A. Samuelson, J. Am. Stat. Assoc. 63, 1522 (1968), none of n values then lies further than sqrt(n - 1) SDs above
their mean: of 5 none passes 2, so the published rule marks nothing, whatever the losses. The lagged rule beside it
takes the differences before the one in question.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raystudy.errors import AnalysisError
from raystudy.stats.contrasts import ROUNDING
from raystudy.stats.design import Matrix
from raystudy.stats.probability import t_tail

Flags = NDArray[np.bool_]

FEWEST = 2
"""Differences that have a spread."""
MOST_Z = 1_000
"""No window is so wide that a rise of so many SDs could be told in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What counts as a spike: a difference above the mean of its window by more than z SDs, and above the floor."""

    window: int = 5
    """Differences; also those of volatility, and the intervals of the rates."""
    z: float = 2.0
    floor: float = 0.01
    """Nats."""

    def __post_init__(self) -> None:
        if self.window < FEWEST:
            raise AnalysisError(f"A window of {self.window} has no spread; give {FEWEST} differences or more.")
        if not 0 < self.z < MOST_Z:
            raise AnalysisError(
                f"A spike cannot begin at {self.z:g} standard deviations; give a number above 0 and below {MOST_Z:,}."
            )


PUBLISHED = Rule()


def cannot_fire(rule: Rule, differences: int | None = None) -> str | None:
    """Return why the published rule marks nothing, whatever so many differences are; None where it may."""
    short = differences is not None and differences < rule.window
    n = differences if differences is not None and short else rule.window
    if _may_fire(n, rule.z):
        return None
    needed = math.floor(rule.z**2) + 2
    held = f"the {n:,} that there are" if short else f"the {n:,} of the window"
    bound = f"sqrt({n} - 1) = {math.sqrt(max(n - 1, 0)):.4g}"
    wider = "" if short else f", or a window of {needed:,} differences or more"
    return (
        f"A difference that is itself among {held} lies at most {bound} population SDs above their mean, and the rule "
        f"asks for more than {rule.z:g}, so it can never find a spike. Take a z below that{wider}."
    )


def false_alarms(n: int, z: float) -> float:
    """
    Return how often the lagged rule marks independent normal noise, by a window of n differences.

    What is to come lies sqrt((n + 1) / (n - 1)) times Student's t, df n - 1, population SDs from the mean of n: for z 2
    it passes in 23 % at n = 2, in 8.9 % at n = 5, in 2.3 % only where n is large.
    """
    return t_tail(z * math.sqrt((n - 1) / (n + 1)), df=n - 1).p / 2


def spikes_of(losses: Matrix, rule: Rule, *, lagged: bool) -> Flags:
    """
    Return the spikes, (seeds, intervals): by the published window, or by the one before the difference in question.

    A lagged window needs two differences, the least that have a spread; of arXiv 2606.13370 any need from one to five
    gives the same three spikes.
    """
    changes = np.diff(losses, axis=1)
    marked = np.zeros(losses.shape, dtype=np.bool_)
    rounding = ROUNDING * np.abs(losses).max(initial=0.0)
    for place in range(changes.shape[1]):
        end = place if lagged else place + 1
        window = changes[:, max(0, end - rule.window) : end]
        n = window.shape[1]
        if n >= FEWEST and (lagged or _may_fire(n, rule.z)):
            bar = window.mean(axis=1) + np.maximum(rule.z * window.std(axis=1), rounding)
            marked[:, place + 1] = changes[:, place] > np.maximum(bar, rule.floor)
    return marked


def _may_fire(n: int, z: float) -> bool:
    """Whether one of n values can lie more than z population SDs above their mean; rounding cannot make it so."""
    return n - 1 > z**2
