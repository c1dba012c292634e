"""A counter that wraps, is set anew, or says nonsense once, never makes energy run backwards."""

import pytest

from raystudy.record.counter import Unwrapped, unwrapped
from raystudy.record.points import Point
from raystudy.record.trace import Channel


def rising(values: list[float], *, every_s: float = 1.0, **known: float | None) -> Unwrapped:
    """Return what a counter that was read at a steady rate says in truth."""
    channel = Channel(name="c", quantity="energy_j", scope="package", device="d", **known)  # type: ignore[arg-type]
    return unwrapped([Point(i * every_s, 0.0, value) for i, value in enumerate(values)], channel)


def joules(counter: Unwrapped) -> list[float]:
    """Return the joules since the first reading."""
    return [point.value - counter.points[0].value for point in counter.points]


def test_a_lap_adds_the_range() -> None:
    """Just before its range of 100 J, then 20 J: 30 J more, at a plausible power."""
    counter = rising([90, 20], wraps_at_j=100, max_w=50)

    assert ([0, 30], 1, 0) == (joules(counter), counter.n_wraps, counter.n_resets)


def test_a_thousand_laps_are_exact() -> None:
    """A counter of RAPL's range that goes round a thousand times loses no joule."""
    lap_j, power_w = 262_143.328850 + 1e-6, 400
    counter = rising([i * 300 * power_w % lap_j for i in range(2_186)], every_s=300, wraps_at_j=lap_j, max_w=500)

    assert (1_000, 0, 0) == (counter.n_wraps, counter.n_resets, len(counter.holes))
    assert pytest.approx(2_185 * 300 * power_w, abs=1e-4) == joules(counter)[-1]


def test_a_fall_at_impossible_power_is_a_reset() -> None:
    """A driver was loaded anew: 262 kJ in a second is no lap. The second is bridged at the power around it."""
    counter = rising([1_000, 1_100, 1_200, 30, 130, 230], wraps_at_j=262_144, max_w=1_000)

    assert ([0, 100, 200, 300, 400, 500], 0, 1) == (joules(counter), counter.n_wraps, counter.n_resets)
    assert [(2, 3, 100)] == [tuple(hole) for hole in counter.holes]


def test_a_counter_without_range_that_falls_was_set_anew() -> None:
    """NVML counts in 64 bits since the driver was loaded; it never goes round."""
    counter = rising([760_000, 760_100, 0, 100], max_w=1_400)

    assert (1, [0, 100, 200, 300]) == (counter.n_resets, joules(counter))


@pytest.mark.parametrize("nonsense", [0, 10**9])
def test_one_reading_of_nonsense_is_dropped_and_counted(nonsense: float) -> None:
    """The next reading goes on from the one before: it was a glitch."""
    counter = rising([1_000, 1_100, nonsense, 1_300, 1_400], max_w=1_400)

    assert ([0, 100, 300, 400], 1, 0) == (joules(counter), counter.n_glitches, counter.n_resets)


def test_a_gap_longer_than_a_lap_is_an_interval() -> None:
    """Nobody saw whether it went round once or twice: the likely number is taken, the others are what stays open."""
    channel = Channel(name="c", quantity="energy_j", scope="package", device="d", wraps_at_j=100, max_w=50)
    readings = [(0, 0), (1, 20), (2, 40), (12, 40), (13, 60)]  # ten seconds at 20 W: two laps
    counter = unwrapped([Point(at_s, 0.0, value) for at_s, value in readings], channel)

    assert [0, 20, 40, 240, 260] == joules(counter)
    assert [(2, 12, 300)] == [tuple(hole) for hole in counter.holes]


def test_nothing_read_is_nothing_counted() -> None:
    """A channel that never answered has no points."""
    assert ((), 0) == (rising([]).points, rising([]).n_wraps)


def test_nonsense_that_might_be_true_by_itself_is_dropped_where_the_rest_goes_on() -> None:
    """1,000 J too many for one reading are no more than a board may draw; the next reading shows that it did not."""
    counter = rising([0, 300, 600, 1_900, 1_200, 1_500], max_w=1_400)

    assert ([0, 300, 600, 1_200, 1_500], 1, 0) == (joules(counter), counter.n_glitches, counter.n_resets)


def test_an_absurd_range_costs_neither_time_nor_memory() -> None:
    """A counter that would go round every two microseconds leaves all open, and that at once."""
    counter = rising([0.0, 1e-6, 0.0], wraps_at_j=2e-6, max_w=1_000)

    assert 2 == len(counter.holes)
