"""The sampler reads at a steady rate, and nothing that a meter does can end it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from raystudy.power.ring import Ring
from raystudy.power.sampler import Sampler, asked, latest_w, until_next_s
from raystudy.record.trace import Channel, Quantity, Reading
from tests.fakes.meter import BrokenMeter, FakeMeter

Readings = list[tuple[float, float | None]]


def rings(quantity: Quantity, readings: Readings, *, device: str = "d") -> dict[Channel, Ring]:
    """Return the ring of one channel with some readings; null is a failed one."""
    channel = Channel(name=f"fake/{device}/{quantity}", quantity=quantity, scope="gpu", device=device)
    ring = Ring()
    for at_s, value in readings:
        ring.append(Reading(at_s=at_s, half_width_s=0.0, value=value, error=None if value is not None else "gone"))
    return {channel: ring}


@pytest.fixture
def sampling() -> Iterator[Callable[..., Sampler]]:
    """Start samplers that are closed at the end."""
    started: list[Sampler] = []

    def start(*meters: FakeMeter) -> Sampler:
        started.append(Sampler(meters, rate_hz=100))
        started[-1].wait_ready()
        return started[-1]

    yield start
    for sampler in started:
        sampler.close()


def test_a_span_has_a_reading_on_either_side(sampling: Callable[..., Sampler]) -> None:
    """A span that ends now waits for the reading after it."""
    sampler = sampling(FakeMeter("d", lambda _: 100.0))
    start_s = time.monotonic()
    (trace,) = sampler.span(start_s, start_s)

    assert trace.readings[0].at_s <= start_s <= trace.readings[-1].at_s
    assert trace.sampler_started_s <= start_s


def test_a_meter_that_raises_harms_no_other(sampling: Callable[..., Sampler]) -> None:
    """A meter that raises gives failed readings; the one beside it is read as ever."""
    sampler = sampling(BrokenMeter("broken", lambda _: 0.0), FakeMeter("sound", lambda _: 100.0))
    start_s = time.monotonic()
    broken, sound = sampler.span(start_s, start_s)

    assert {"OSError: the instrument is gone"} == {reading.error for reading in broken.readings}
    assert {100.0} == {reading.value for reading in sound.readings}


def test_a_span_in_the_future_is_not_waited_for_long(sampling: Callable[..., Sampler]) -> None:
    """Waiting is bounded by three periods and a second, whatever is asked."""
    sampler = sampling(FakeMeter("d", lambda _: 100.0))
    start_s = time.monotonic()
    sampler.span(start_s, start_s + 3_600)

    assert time.monotonic() - start_s < 5


def test_closing_closes_the_meters() -> None:
    """The sampler owns its meters."""
    meter = FakeMeter("d", lambda _: 100.0)
    with closing(Sampler((meter,), rate_hz=100)):
        pass

    assert meter.closed


def test_a_meter_that_raises_gives_a_failed_reading_for_each_channel() -> None:
    """What a meter raises becomes readings without value."""
    (reading,) = asked(BrokenMeter("d", lambda _: 0.0), clock=lambda: 5.0)

    assert Reading(at_s=5.0, half_width_s=0.0, value=None, error="OSError: the instrument is gone") == reading


def test_deadlines_are_absolute() -> None:
    """A tick that ends 30 ms late is followed by the next deadline, not by a whole period; a missed one is left out."""
    waits_s = [until_next_s(elapsed_s, 0.1) for elapsed_s in (0.0, 0.13, 0.36)]

    assert pytest.approx([0.1, 0.07, 0.04]) == waits_s


def test_watts_come_from_the_power_channel() -> None:
    """Where a device has both, its power channel is shown."""
    both = rings("energy_j", [(0.0, 0.0), (1.0, 50.0)]) | rings("power_w", [(0.0, 90.0), (1.0, 100.0)])

    assert {"d": 100.0} == latest_w(both)


def test_watts_of_a_counter_are_its_slope() -> None:
    """A counter alone shows its mean over the last half second or more."""
    assert {"d": 60.0} == latest_w(rings("energy_j", [(0.0, 0.0), (1.0, 10.0), (1.25, 25.0), (1.75, 55.0)]))


@pytest.mark.parametrize(
    ("quantity", "readings"),
    [
        ("power_w", []),
        ("power_w", [(0.0, 90.0), (1.0, None)]),
        ("energy_j", []),
        ("energy_j", [(0.0, 1.0)]),
        ("energy_j", [(0.0, 1.0), (0.3, 2.0)]),
        ("energy_j", [(0.0, 1.0), (1.0, None)]),
    ],
)
def test_watts_that_cannot_be_told_are_null(quantity: Quantity, readings: Readings) -> None:
    """Before the first readings, and after a failed one, there are no watts: null, never 0."""
    assert {"d": None} == latest_w(rings(quantity, readings))
