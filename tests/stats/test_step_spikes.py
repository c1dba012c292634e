"""Spikes of the training loss at single steps."""

import numpy as np
import pytest

from raystudy.errors import AnalysisError
from raystudy.stats.design import Matrix
from raystudy.stats.step_spikes import step_spikes


def training(steps: int = 2000) -> Matrix:
    """Return a loss that falls from 8 to 3, with noise of 0.05."""
    noise = np.random.default_rng(0).normal(size=steps) * 0.05
    return np.asarray(3 + 5 * np.exp(-np.arange(steps) / 200) + noise)


def test_a_training_without_spikes() -> None:
    """Noise alone has none, nor has the steep beginning."""
    assert () == step_spikes(training())


def test_one_spike() -> None:
    """Its step, its loss, and how far it stands out: 1 nat is about 20 SDs of 0.05."""
    losses = training()
    losses[1500] += 1
    (found,) = step_spikes(losses)

    assert (1500, losses[1500]) == (found.step, found.loss)
    assert (pytest.approx(1, abs=0.1), pytest.approx(20, abs=5)) == (found.excess, found.z)


def test_a_run_counts_once() -> None:
    """Steps that follow each other are one spike, told by its highest."""
    losses = training()
    losses[1500:1504] += [1, 2, 3, 1]
    losses[1600] += 1

    assert [1502, 1600] == [each.step for each in step_spikes(losses)]


def test_a_drop_is_no_spike() -> None:
    """Only what goes up is."""
    losses = training()
    losses[1500] -= 2

    assert () == step_spikes(losses)


@pytest.mark.parametrize("steps", [0, 1, 101])
def test_too_short_for_a_window(steps: int) -> None:
    """A step without a whole window before it is not judged."""
    assert () == step_spikes(np.linspace(3, 9, steps))


def test_the_first_step_that_is_judged() -> None:
    """It is the one after the first window."""
    losses = training(102)
    losses[101] += 9

    assert [101] == [each.step for each in step_spikes(losses)]


def test_a_constant_window_judges_nothing() -> None:
    """Where more than half of the window is one value, nothing says how far is far."""
    losses = np.full(500, 2.0)
    losses[300] = 5.0

    assert () == step_spikes(losses)


def test_a_lower_bar_finds_more() -> None:
    """At 2 SDs, noise itself is marked: about 2.3 % of steps."""
    assert 20 < len(step_spikes(training(), z=2.0)) < 80


def test_a_loss_that_is_not_finite() -> None:
    """A training that diverged is not judged, and the step is named."""
    losses = training()
    losses[700] = np.nan

    with pytest.raises(AnalysisError, match="The loss of step 700 is not finite"):
        step_spikes(losses)
