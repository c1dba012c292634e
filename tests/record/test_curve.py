"""Where a counter stood, and how closely that is known."""

import pytest

from raystudy.record.curve import located
from raystudy.record.points import Point


def updates(*readings: tuple[float, float]) -> list[tuple[float, float, float]]:
    """Return time, half-width and value of each update of a counter that moves every 100 ms or less."""
    points = located([Point(at_s, 0.0, value) for at_s, value in readings], 0.1)
    return [(pytest.approx(at_s), pytest.approx(half_s), value) for at_s, half_s, value in points]


def test_a_reading_is_as_old_as_an_update_may_be() -> None:
    """What is read shows an update of the last 100 ms: 50 ms ago, give or take 50 ms."""
    assert [(0.95, 0.05, 7), (1.95, 0.05, 9)] == updates((1, 7), (2, 9))


def test_a_move_between_two_close_readings_is_known_to_their_distance() -> None:
    """Polled every 5 ms, the counter moved within the last 5 ms."""
    assert (1.0125, 0.0025, 8) == updates((1.0, 7), (1.005, 7), (1.01, 7), (1.015, 8))[-1]


def test_a_value_that_is_seen_still_is_a_young_one() -> None:
    """Seen again after 90 ms, the update was made in the last 10 ms before the first sight of it."""
    assert [(0.995, 0.005, 7)] == updates((1.0, 7), (1.09, 7))


def test_a_value_seen_much_later_again_is_another_update() -> None:
    """An idle counter does move, by nothing."""
    assert [(0.95, 0.05, 7), (2.95, 0.05, 7)] == updates((1.0, 7), (3.0, 7))
