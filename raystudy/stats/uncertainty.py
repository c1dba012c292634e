"""How far errors of reading alone could make a difference: the half-width of each value, carried into the test.

    values, half-widths (subjects, levels) ──pairs────▶ difference against the uncertainty the readings leave it
                                           ──redraw───▶ F and p again with further errors: their range

A half-width holds the error of one reading in 99 of 100 cases; its shape is not known. Where only bounds are known, the
Guide to the Expression of Uncertainty in Measurement (JCGM 100:2008, 4.3.7) takes the rectangular distribution between
them, of variance u^2 / 3: more than twice that of the normal one with the same 99 %, so it errs on the careful side.
Many such errors add up to a normal one, whose 99 % reach 2.576 / sqrt(3) = 1.49 times as far as the root of the summed
squares of u: that root alone would hold the truth in 92 of 100 cases only.
An instrument's gain, one unknown factor for each board, is no part of it: it cancels on one board (see `blocks`).
"""

import itertools
import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from raystudy.stats.design import Design, Matrix, off_first, parted, untestable
from raystudy.stats.draws import chunks, epsilons, f_ratios, refusal
from raystudy.stats.probability import ALPHA, f_tail
from raystudy.stats.reason import Reason

_REACH = 2.5758293035489 / math.sqrt(3)
"""99 % half-width of many rectangular errors together, in roots of their summed squared half-widths."""


class Verdict(StrEnum):
    """Whether a difference is more than its measurement's own uncertainty; the text goes into tables as it stands."""

    EXCEEDS = "larger than errors of reading can make it, even if all of them act together"
    IF_INDEPENDENT = "larger than independent errors of reading make it, not larger than ones that act together could"
    WITHIN = "no larger than the measurement's own uncertainty"
    UNKNOWN = "not known: a half-width is missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The mean difference of two levels, a - b, and what errors of reading leave open of it, in the values' unit."""

    a: str
    b: str
    difference: float | None = None
    """None where there is no subject."""
    u_independent: float | None = None
    """Half-width, 99 %, where each reading errs by itself: 1.49 sqrt(sum of u^2) / n, at most u_together."""
    u_together: float | None = None
    """Half-width at worst, all readings of one level too high, all of the other too low: mean u of a + mean u of b.
    Both are null where a half-width is missing."""

    @property
    def exceeds_independent(self) -> bool | None:
        """Whether the difference is larger than independent errors leave open."""
        return _exceeds(self.difference, self.u_independent)

    @property
    def exceeds_together(self) -> bool | None:
        """Whether the difference is larger than errors that act together could make it."""
        return _exceeds(self.difference, self.u_together)

    @property
    def verdict(self) -> Verdict:
        """What the two say."""
        if self.exceeds_independent is None or self.exceeds_together is None:
            return Verdict.UNKNOWN
        if self.exceeds_together:
            return Verdict.EXCEEDS
        return Verdict.IF_INDEPENDENT if self.exceeds_independent else Verdict.WITHIN


@dataclass(frozen=True, kw_only=True, slots=True)
class Redrawn:
    """The test of all levels, made anew with a further error in every value, each uniform within its half-width."""

    draws: int
    log10_p_low: float
    """2.5 % of the draws are below; Greenhouse and Geisser's p, with the epsilon of each draw."""
    log10_p_high: float
    """2.5 % of the draws are above."""
    share_significant: float
    """Share of the draws with p < .05."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What errors of reading do to the comparison of levels."""

    n: int
    k: int
    pairs: tuple[Difference, ...]
    """Every level less every later one."""
    error_share: float | None = None
    """Part of the mean square error that errors of reading explain; above 1 where they were smaller than allowed."""
    redrawn: Redrawn | None = None
    reason: Reason | None = None
    """Why there is no test of all levels to make anew; none where only the half-widths are missing."""

    @property
    def verdict(self) -> Verdict:
        """That of the pair that exceeds its uncertainty most clearly: whether levels differ at all beyond it."""
        found = {pair.verdict for pair in self.pairs}
        return next((each for each in Verdict if each in found), Verdict.UNKNOWN)


def measured(data: Design, half_widths: Matrix | None, *, draws: int = 1000, seed: int = 0) -> Measured:
    """
    Hold the levels' differences against the half-widths of the values, (subjects, levels); None where one is missing.

    The values hold their errors already; a further one each (JCGM 101:2008) makes p larger rather than smaller.
    """
    assert half_widths is None or half_widths.shape == data.values.shape, "each value has a half-width"
    assert half_widths is None or bool((half_widths >= 0).all()), "a half-width is a size; one that is missing is none"
    n, k = data.values.shape
    pairs = _differences(data, half_widths)
    reason = untestable(data, between=False) or refusal(data.values)
    if reason or half_widths is None:
        return Measured(n=n, k=k, pairs=pairs, reason=reason)
    return Measured(
        n=n,
        k=k,
        pairs=pairs,
        error_share=_error_share(data.values, half_widths),
        redrawn=_redrawn(data.values, half_widths, draws=draws, seed=seed),
    )


def aligned(data: Design, half_widths: Design) -> Matrix | None:
    """Return the half-widths of the subjects of another design of the same levels; None where one is missing."""
    place = {subject: row for row, subject in enumerate(half_widths.subjects)}
    if data.within != half_widths.within or not set(data.subjects) <= set(place):
        return None
    return half_widths.values[[place[subject] for subject in data.subjects]]


def _exceeds(difference: float | None, uncertainty: float | None) -> bool | None:
    return None if difference is None or uncertainty is None else abs(difference) > uncertainty


def _differences(data: Design, half_widths: Matrix | None) -> tuple[Difference, ...]:
    pairs = list(itertools.combinations(range(len(data.levels)), 2))
    names = [Difference(a=data.levels[i], b=data.levels[j]) for i, j in pairs]
    if 0 in data.group_sizes or not data.subjects:
        return tuple(names)
    counts = 1 / (data.group_sizes.size * data.group_sizes[data.groups])  # (subjects,): groups count alike
    within = off_first(data.values)
    means = (counts @ within).tolist()
    found = [replace(each, difference=means[i] - means[j]) for each, (i, j) in zip(names, pairs, strict=True)]
    if half_widths is None:
        return tuple(found)
    roots = np.linalg.norm(counts[:, None] * half_widths, axis=0).tolist()  # (levels,)
    worst = (counts @ half_widths).tolist()
    both = [(_REACH * math.hypot(roots[i], roots[j]), worst[i] + worst[j]) for i, j in pairs]
    return tuple(
        replace(each, u_independent=min(alone, together), u_together=together)
        for each, (alone, together) in zip(found, both, strict=True)
    )


def _error_share(values: Matrix, half_widths: Matrix) -> float:
    """Return the mean variance of the readings' errors over the mean square error, whose expectation holds it whole."""
    n, k = values.shape
    _, residuals = parted(values)
    return float((half_widths**2 / 3).mean() / ((residuals**2).sum() / ((n - 1) * (k - 1))))


def _redrawn(values: Matrix, half_widths: Matrix, *, draws: int, seed: int) -> Redrawn:
    rng = np.random.default_rng(seed)
    within = off_first(values)
    found = [
        log10_p
        for some in chunks(draws, cells=values.size)
        for log10_p in _log10_ps(within + rng.uniform(-1, 1, size=(some, *values.shape)) * half_widths)
    ]
    low, high = (float(each) for each in np.quantile(found, (0.025, 0.975)))
    significant = float((np.array(found) < math.log10(ALPHA)).mean())
    return Redrawn(draws=draws, log10_p_low=low, log10_p_high=high, share_significant=significant)


def _log10_ps(values: Matrix) -> list[float]:
    """Return log10 p of each draw, (draws, subjects, levels), both degrees of freedom multiplied by its epsilon."""
    n, k = values.shape[-2:]
    tests = zip(f_ratios(values).tolist(), epsilons(values).tolist(), strict=True)
    return [f_tail(f, df_effect=e * (k - 1), df_error=e * (k - 1) * (n - 1)).log10_p for f, e in tests]
