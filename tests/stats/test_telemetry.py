"""Telemetry of trajectories, by hand: what happens in the first intervals, and in each window after."""

import math
from dataclasses import replace

import numpy as np
import pytest

from raystudy.stats.design import Design, one_way
from raystudy.stats.spikes import Rule
from raystudy.stats.telemetry import IntervalTelemetry, telemetry

FALL = (9.0, 5.0, 4.0, 4.5, 4.25, 4.75)
"""Differences: -4, -1, 0.5, -0.25, 0.5."""


def of(*losses: tuple[float, ...]) -> Design:
    """Return the design of seeds x intervals."""
    return one_way(np.array(losses, dtype=np.float64))


def series(name: str, *losses: tuple[float, ...], window: int = 3) -> list[float | None]:
    """Return one figure of all intervals."""
    return [getattr(each, name) for each in telemetry(of(*losses), Rule(window=window)).intervals]


def test_an_interval_without_a_difference() -> None:
    """The first one is no backslide, no spike, not stable, and has no volatility; nor has the second."""
    first = telemetry(of(FALL, FALL)).intervals[0]

    assert first == IntervalTelemetry(
        interval="0",
        mean=9.0,
        sd=0.0,
        rolling_volatility=None,
        volatility_without_first=None,
        backslides=0,
        backslide_magnitude=0.0,
        backslide_frequency=0.0,
        spike_rate=0.0,
        spike_rate_lagged=0.0,
        stable_share=0.0,
    )


def test_rolling_volatility() -> None:
    """The sample SD of the last differences, from two on: of -4 and -1 it is 3 / sqrt(2)."""
    expected = [None, None, 3 / math.sqrt(2), np.std([-4, -1, 0.5], ddof=1), np.std([-1, 0.5, -0.25], ddof=1)]

    assert pytest.approx(expected) == series("rolling_volatility", FALL)[:5]


def test_volatility_without_the_first_drop() -> None:
    """The first difference is in no window."""
    expected = [None, None, None, np.std([-1, 0.5], ddof=1), np.std([-1, 0.5, -0.25], ddof=1)]

    assert pytest.approx(expected) == series("volatility_without_first", FALL)[:5]


def test_backslides() -> None:
    """Rises, how great they are, and how many the window holds."""
    assert [0, 0, 0, 2, 0, 2] == series("backslides", FALL, FALL)
    assert [0, 0, 0, 0.5, 0, 0.5] == series("backslide_magnitude", FALL)
    assert [0, 0, 0, 1, 1, 2] == series("backslide_frequency", FALL)


def test_equal_losses_are_no_backslide() -> None:
    """A backslide is above zero."""
    assert [0, 0, 0] == series("backslides", (1.0, 1.0, 1.0))


def test_spike_rates() -> None:
    """Spikes of the last intervals, of which the first windows hold fewer."""
    jump = (9.0, 8.0, 7.1, 6.0, 5.1, 9.0, 8.0, 7.0)
    expected = [0, 0, 0, 0, 0, 1 / 3, 1 / 3, 1 / 3]

    assert expected == pytest.approx(series("spike_rate_lagged", jump))
    assert [0.0] * 8 == series("spike_rate", jump)


def test_stable_share() -> None:
    """Of ten volatilities the least three lie below their quarter; those of one seed of two, without backslides."""
    calm, wild = (9.0, 5.0, 4.0, 3.9, 3.8, 3.7, 3.6), (9.0, 5.0, 4.0, 6.0, 3.0, 6.0, 3.0)

    assert [0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5] == series("stable_share", calm, wild)


def test_seeds() -> None:
    """The best interval, of ties the first, what the end lies above it, and where the spikes are."""
    jump = (9.0, 8.0, 7.1, 6.0, 5.1, 9.0, 8.0, 5.1)
    (found,) = telemetry(of(jump)).seeds

    assert ("4", 0.0, 1) == (found.best_interval, found.final_minus_best, found.backslides)
    assert ((), ("5",)) == (found.spikes, found.spikes_lagged)


def test_the_refused_rule_is_listed() -> None:
    """The published pair finds nothing, and says so; a pair that can find something is not listed."""
    (refused,) = telemetry(of(FALL * 2)).refused

    assert ("spike", 5, 2.0) == (refused.rule, refused.window, refused.z)
    assert "sqrt(5 - 1)" in refused.reason
    assert () == telemetry(of(FALL * 2), Rule(window=6)).refused


def test_spikes_to_expect_of_noise() -> None:
    """Independent differences are marked as often as foretold."""
    noise = np.random.default_rng(0).normal(size=(4000, 8)).cumsum(axis=1) * 100
    found = telemetry(one_way(noise))

    assert pytest.approx(found.lagged_by_chance, rel=0.05) == sum(len(each.spikes_lagged) for each in found.seeds)


def test_one_seed() -> None:
    """One seed has telemetry, and no spread between seeds."""
    found = telemetry(of(FALL)).intervals

    assert [None] * 6 == [each.sd for each in found]


def test_two_intervals_and_one() -> None:
    """Too few for windows; what there is, is told."""
    assert [None, None] == series("rolling_volatility", (2.0, 1.0))
    assert [2.0] == series("mean", (2.0,))


def test_no_seed() -> None:
    """Where no seed is complete, there is nothing to tell."""
    data = of(FALL)
    found = telemetry(replace(data, values=data.values[:0], subjects=()))

    assert ((), ()) == (found.intervals, found.seeds)


def test_a_window_longer_than_the_trajectory() -> None:
    """It holds all there is."""
    assert series("backslide_frequency", FALL, window=6) == series("backslide_frequency", FALL, window=1000)
