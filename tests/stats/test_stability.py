"""When a trajectory counts as settled, by absolute thresholds."""

import numpy as np
import pytest

from raystudy.stats.design import one_way
from raystudy.stats.stability import ALLOWED, THRESHOLDS, Settled, sensitivity

SETTLES = [9.0, 5.0, 4.0, 3.5, 3.4, 3.4, 3.4, 3.4, 3.4, 3.4]
WILD = [9.0, 5.0, 4.0, 6.0, 3.0, 6.0, 3.0, 6.0, 3.0, 6.0]


def of(losses: list[list[float]], *, threshold: float, allowed: int) -> Settled:
    """Return one cell of the sweep."""
    sweep = sensitivity(one_way(np.array(losses)), window=3)
    (found,) = [each for each in sweep if (each.threshold, each.backslides_allowed) == (threshold, allowed)]
    return found


def test_the_sweep() -> None:
    """Each threshold with each number of backslides allowed."""
    assert len(THRESHOLDS) * len(ALLOWED) == len(sensitivity(one_way(np.array([SETTLES]))))


def test_a_loss_that_settles() -> None:
    """Of seven intervals with a volatility, four have seen three differences of at most 0.1 around their mean."""
    found = of([SETTLES], threshold=0.1, allowed=0)

    assert (pytest.approx(4 / 7), "6") == (found.share, found.first_interval)


def test_the_first_drop_does_not_count() -> None:
    """From 9 to 5 is what the initial weights cost, not what the training is like."""
    steady = [9.0, 5.0, 4.9, 4.8, 4.7]

    assert (1.0, "3") == ((found := of([steady], threshold=0.005, allowed=0)).share, found.first_interval)


def test_half_of_the_seeds() -> None:
    """The first interval at which half of the seeds are stable."""
    found = of([SETTLES, WILD], threshold=0.1, allowed=0)

    assert (pytest.approx(2 / 7), "6") == (found.share, found.first_interval)


def test_backslides_allowed() -> None:
    """An even rise is as steady as can be, and is stable where its rises are allowed only."""
    rising = [9.0, 5.0, 4.0, 4.1, 4.2, 4.3, 4.4]

    assert (None, None) == tuple(of([rising], threshold=0.005, allowed=each).first_interval for each in (0, 2))
    assert "3" == of([[9.0, 5.0, 4.9, 4.8, 4.7, 4.8]], threshold=0.2, allowed=1).first_interval


def test_too_few_intervals() -> None:
    """Without two differences after the first there is no volatility, so no share."""
    assert {None} == {each.share for each in sensitivity(one_way(np.array([[3.0, 2.0, 1.0]])))}


def test_no_seed() -> None:
    """Nobody is not half of nobody."""
    assert {(None, None)} == {(each.share, each.first_interval) for each in sensitivity(one_way(np.empty((0, 9))))}
