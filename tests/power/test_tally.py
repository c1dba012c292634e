"""The joules of a dashboard only rise, and hold what was measured: wraps, resets, glitches and gaps included."""

from collections.abc import Sequence
from typing import Any

import pytest

from raystudy.power.tally import Metered, Tally
from raystudy.record.points import Point
from raystudy.record.trace import Channel, Quantity

Values = Sequence[tuple[float, float]]


def channel(quantity: Quantity = "energy_j", **known: Any) -> Channel:
    """Return a channel of package-0, whose counter goes round at 1,000 J and never draws more than 200 W."""
    told = {"wraps_at_j": 1_000.0, "max_w": 200.0} if quantity == "energy_j" else {}
    return Channel(name=f"p0/{quantity}", quantity=quantity, scope="package", device="package-0", **(told | known))


def taken(*batches: Values, of: Channel) -> list[Metered]:
    """Return what each take of one channel gives, as soon as its last reading has come."""
    tally, found = Tally(rate_hz=10), []
    for batch in batches:
        points = [Point(at_s, 0.0, value) for at_s, value in batch]
        found += tally.take({of: points}, now_s=batch[-1][0] if batch else 1e9)
    return found


def added(*batches: Values, of: Channel) -> list[float]:
    """Return the joules that each take adds."""
    return [metered.added_j for metered in taken(*batches, of=of)]


def test_a_counter_adds_what_it_rose() -> None:
    """From one take to the next nothing is counted twice, and nothing is left out."""
    assert [50.0, 150.0] == added([(0, 100), (1, 150)], [(2, 200), (3, 300)], of=channel())


@pytest.mark.parametrize("batches", [([(0, 900), (1, 950), (2, 20)],), ([(0, 900), (1, 950)], [(2, 20)])])
def test_a_wrap_is_made_good(batches: tuple[Values, ...]) -> None:
    """950 J, then 20 J of a counter that goes round at 1,000 J are 70 J, within a take or between two."""
    assert 120.0 == sum(added(*batches, of=channel()))


def test_a_reset_takes_nothing_back() -> None:
    """A counter that was set anew is bridged, and goes on; what was dropped as a glitch meanwhile is not lost."""
    reset = added([(0, 500), (1, 600)], [(2, 3)], [(3, 103), (4, 203)], of=channel(wraps_at_j=None))

    assert [100.0, 0.0] == reset[:2]
    assert pytest.approx(300.0) == reset[2]


def test_a_glitch_adds_nothing() -> None:
    """One reading that nothing goes along with is dropped."""
    assert 300.0 == sum(added([(0, 0), (1, 100), (2, 900), (3, 300)], of=channel(wraps_at_j=None)))


def test_sampled_power_is_integrated() -> None:
    """Where there is no counter the trapezoids are added up, over the borders of takes too."""
    assert [100.0, 150.0] == added([(0, 100), (1, 100)], [(2, 200)], of=channel("power_w"))


def test_a_gap_adds_nothing() -> None:
    """Nobody knows what a device drew while it was silent for longer than five seconds."""
    assert [100.0, 100.0] == added([(0, 100), (1, 100)], [(60, 100), (61, 100)], of=channel("power_w"))


def test_the_counter_comes_before_the_sampled_power() -> None:
    """A device that has both is counted once; its watts are the sampled ones."""
    read = {
        channel(): [Point(0.0, 0.0, 0.0), Point(1.0, 0.0, 60.0)],
        channel("power_w"): [Point(0.0, 0.0, 50.0), Point(1.0, 0.0, 55.0)],
    }
    (metered,) = Tally(rate_hz=10).take(read, now_s=1.0)

    assert (60.0, 55.0) == (metered.added_j, metered.power_w)


def test_watts_of_a_counter_are_its_slope() -> None:
    """60 J in half a second are 120 W; before a second reading nobody knows."""
    assert [None, 120.0] == [m.power_w for m in taken([(0, 0)], [(0.5, 60)], of=channel())]


def test_old_watts_are_not_those_of_now() -> None:
    """A device that was lost has no watts, rather than its last ones."""
    assert [80.0, None] == [m.power_w for m in taken([(0, 80)], [], of=channel("power_w"))]


def test_scopes_of_a_device_are_kept_apart() -> None:
    """A module holds its GPU: under one name they are two lines."""
    gpu = Channel(name="a", quantity="power_w", scope="gpu", device="GPU-1")
    module = Channel(name="b", quantity="power_w", scope="module", device="GPU-1")
    read = {each: [Point(0.0, 0.0, watts)] for each, watts in ((gpu, 300.0), (module, 400.0))}

    assert [("gpu", 300.0), ("module", 400.0)] == [
        (metered.scope, metered.power_w) for metered in Tally(rate_hz=10).take(read, now_s=0.0)
    ]
