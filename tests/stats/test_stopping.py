"""Stopping points of one seed, by hand: 10, 6, 5, 4.5, 4.7 nats after 0, 8, 4, 5, 3 joules."""

import numpy as np
import pytest

from raystudy.stats.stopping import (
    CheapestStop,
    PastBest,
    Reached,
    cheapest_stop,
    cost_of,
    marginal_j_per_nat,
    past_best,
)

LOSSES = np.array([10.0, 6.0, 5.0, 4.5, 4.7])
JOULES = np.array([0.0, 8.0, 4.0, 5.0, 3.0])


def test_price_of_each_interval() -> None:
    """8 J for 4 nats, 4 for 1, 5 for a half; a loss that rose has no price, nor has the start."""
    assert (None, 2.0, 4.0, pytest.approx(10.0), None) == marginal_j_per_nat(LOSSES, JOULES)


def test_a_loss_that_stays_has_no_price() -> None:
    """Nothing was bought."""
    assert (None, None) == marginal_j_per_nat(np.array([3.0, 3.0]), np.array([0.0, 1.0]))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (10.0, Reached(energy_j=0.0, intervals=0.0)),
        (8.0, Reached(energy_j=4.0, intervals=0.5)),
        (5.0, Reached(energy_j=12.0, intervals=2.0)),
        (4.75, Reached(energy_j=14.5, intervals=2.5)),
        (4.0, None),
    ],
)
def test_cost_of_a_loss(target: float, expected: Reached | None) -> None:
    """Half way between two losses takes half the joules between them; 4 is never reached."""
    assert expected == cost_of(LOSSES, JOULES, target)


def test_a_loss_reached_twice_counts_the_first_time() -> None:
    """A later rise above it takes nothing away."""
    again = np.array([10.0, 5.0, 7.0, 4.0])

    assert Reached(energy_j=1.0, intervals=1.0) == cost_of(again, np.array([0.0, 1.0, 1.0, 1.0]), 5.0)


def test_past_the_best() -> None:
    """3 of 20 J came after interval 3; of half-widths, the last one."""
    half_widths = np.array([0.0, 0.5, 0.25, 0.25, 0.125])

    assert PastBest(best=3, energy_j=3.0, share=0.15, half_width_j=0.125) == past_best(LOSSES, JOULES, half_widths)


def test_half_widths_of_neighbours_add_up() -> None:
    """Intervals share the reading at their edge, so their errors may be one."""
    found = past_best(np.array([3.0, 1.0, 2.0, 2.0]), np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.0, 0.1, 0.2, 0.3]))

    assert pytest.approx(0.5) == found.half_width_j


def test_best_at_the_end() -> None:
    """Nothing lies past it; without half-widths there is none."""
    found = past_best(LOSSES[:4], JOULES[:4])

    assert PastBest(best=3, energy_j=0.0, share=0.0, half_width_j=None) == found


def test_without_energy_there_is_no_share() -> None:
    """0 of 0 J is no share."""
    assert past_best(LOSSES, np.zeros(5)).share is None


def test_cheapest_stop_of_falling_gains() -> None:
    """2, 2.4, 3.09, 3.77 J for each nat since the start: the first interval, and dearer from the second on."""
    assert CheapestStop(interval=1, j_per_nat=2.0, dearer=2) == cheapest_stop(LOSSES, JOULES)


def test_cheapest_stop_after_a_slow_start() -> None:
    """2 J for 0.5 nats, then 3 for 2, then 6 for 3: the average is least at the second, as a warm-up makes it."""
    found = cheapest_stop(np.array([5.0, 4.5, 3.0, 2.0]), np.array([0.0, 2.0, 1.0, 3.0]))

    assert CheapestStop(interval=2, j_per_nat=1.5, dearer=3) == found


def test_a_price_that_only_falls() -> None:
    """Where each interval is cheaper than all before, no average rises."""
    found = cheapest_stop(np.array([5.0, 4.0, 2.0]), np.array([0.0, 1.0, 1.0]))

    assert found is not None
    assert (2, None) == (found.interval, found.dearer)


def test_nothing_gained_has_no_cheapest_stop() -> None:
    """A loss that only rose was worth no joule."""
    assert cheapest_stop(np.array([3.0, 3.5]), np.array([0.0, 1.0])) is None
