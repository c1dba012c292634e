"""Spikes of the training loss at single steps: far above the median of the steps before, in robust standard deviations.

losses (steps,) ──windows of the steps before──▶ median, MAD ──excess over z robust SDs──▶ runs ──▶ StepSpike
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from raystudy.errors import AnalysisError
from raystudy.stats.design import Matrix

_SD_OF_MAD = 1.4826
"""Standard deviations in a median absolute deviation of a normal distribution."""
_WINDOWS_AT_ONCE = 4096
"""Some MB, however long the training."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepSpike:
    """A run of steps that stand out, told by its highest one."""

    step: int
    """Place in the losses, from 0."""
    loss: float
    excess: float
    """Above the median of the steps before it, in the unit of the loss."""
    z: float
    """The same in robust standard deviations."""


def step_spikes(losses: Matrix, *, window: int = 101, z: float = 6.0) -> tuple[StepSpike, ...]:
    """
    Return the spikes of losses, (steps,), in order; steps that follow each other are one.

    A step is judged once it has a whole window before it, and where more than half of that window does not hold one
    and the same value: else the median absolute deviation is 0, and nothing says how far is far. In 10,000 steps of
    normal noise the defaults find none, where each step takes over nine tenths of the one before 0.2, in noise with
    the tails of Student's t, df 5, 9; a window of 21 finds 1.5, 8 and 20.
    """
    if not np.isfinite(losses).all():
        raise AnalysisError(
            f"The loss of step {int(np.argmin(np.isfinite(losses)))} is not finite, so its spikes cannot be told; "
            "leave out the trainings that diverged."
        )
    if losses.size <= window:
        return ()
    median, spread = _before(losses, window)
    excess = losses[window:] - median
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.where(spread > 0, excess / spread, 0.0)
    return tuple(
        StepSpike(step=int(at) + window, loss=float(losses[at + window]), excess=float(excess[at]), z=float(sizes[at]))
        for at in _peaks(sizes, z)
    )


def _before(losses: Matrix, window: int) -> tuple[Matrix, Matrix]:
    """Return median and robust SD of the window before each step that has one, (steps - window,)."""
    windows = sliding_window_view(losses[:-1], window)
    median, spread = np.empty(len(windows)), np.empty(len(windows))
    for first in range(0, len(windows), _WINDOWS_AT_ONCE):
        part = slice(first, first + _WINDOWS_AT_ONCE)
        median[part] = np.median(windows[part], axis=1)
        spread[part] = _SD_OF_MAD * np.median(np.abs(windows[part] - median[part, None]), axis=1)
    return median, spread


def _peaks(sizes: Matrix, z: float) -> list[int]:
    """Return the highest place of each run above z."""
    above = np.flatnonzero(sizes > z)
    runs = np.split(above, np.flatnonzero(np.diff(above) > 1) + 1)
    return [int(run[sizes[run].argmax()]) for run in runs if run.size]
