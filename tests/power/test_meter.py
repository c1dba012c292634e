"""A reading carries the time of its call, and its failure."""

import time

from raystudy.power.meter import stamped


def test_a_reading_lies_within_its_call() -> None:
    """The midpoint and half-width of a reading span the call on the monotonic clock."""
    asked_s: list[float] = []
    reading = stamped(lambda: asked_s.append(time.monotonic()) or 7.0)

    assert reading.value == 7.0
    assert reading.at_s - reading.half_width_s <= asked_s[0] <= reading.at_s + reading.half_width_s


def test_a_failed_call_is_a_reading_without_value() -> None:
    """A call that raises gives null and says why."""
    reading = stamped(lambda: float("seven"))

    assert (None, "ValueError: could not convert string to float: 'seven'") == (reading.value, reading.error)
