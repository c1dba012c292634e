"""The sampler reads at a steady rate, and nothing that a meter does can end it, or keep it from the others."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from raystudy.power.sampler import Sampler
from raystudy.record.energy import Energy, energies
from raystudy.record.outcome import Span
from tests.fakes.meter import FakeMeter, gone

Start = Callable[..., Sampler]


@pytest.fixture
def sampling() -> Iterator[Start]:
    """Start samplers that are closed at the end."""
    started: list[Sampler] = []

    def start(*meters: FakeMeter, rate_hz: float = 100, spill: Path | None = None) -> Sampler:
        started.append(Sampler(meters, rate_hz=rate_hz, spill=spill))
        started[-1].mark()
        return started[-1]

    yield start
    for sampler in started:
        sampler.close()


def after(duration_s: float) -> None:
    """Let time pass: what is tested here is a clock."""
    threading.Event().wait(duration_s)


def figure(sampler: Sampler, start_s: float, end_s: float) -> list[Energy]:
    """Return the figures of a span."""
    return list(energies(sampler.span(start_s, end_s), [Span(name="train", start_s=start_s, end_s=end_s)]))


def test_a_span_has_readings_on_either_side(sampling: Start) -> None:
    """A span that ends now is read once more after it."""
    sampler = sampling(FakeMeter("d", lambda _: 100.0))
    start_s = time.monotonic()
    (trace,) = sampler.span(start_s, start_s)

    assert trace.readings[0].at_s <= start_s <= trace.readings[-1].at_s
    assert trace.sampling.started_s <= start_s


def test_a_counter_is_read_seldom_and_at_both_edges(sampling: Start) -> None:
    """Once a second, and whenever an edge is marked; polled faster, some counters of GPUs under-count."""
    counter = FakeMeter("d", lambda at_s: 100 * at_s, quantity="energy_j", seldom=True)
    sampler = sampling(counter, FakeMeter("d", lambda _: 100.0))
    start_s = sampler.mark()
    after(0.3)
    end_s = time.monotonic()
    counted, sampled = sampler.span(start_s, end_s)

    assert len(counted.readings) <= 6
    assert len(sampled.readings) > 20
    assert (1.0, 0.01) == (counted.period_s, sampled.period_s)


def test_a_counter_of_coarse_steps_is_sharp_at_its_edges(sampling: Start) -> None:
    """Steps of 100 ms over 0.3 s at 400 W, 120 J: the counter is watched until it moves, and the interval holds."""
    stepping = FakeMeter(
        "d", lambda at_s: 400 * math.floor(at_s / 0.1) * 0.1, quantity="energy_j", seldom=True, update_s=0.1
    )
    sampler = sampling(stepping)
    sampler.mark()
    start_s = time.monotonic()
    after(0.3)
    end_s = time.monotonic()
    (energy,) = figure(sampler, start_s, end_s)

    assert abs(400 * (end_s - start_s) - (energy.energy_j or 0)) <= (energy.u_j or 0) < 40


def test_a_meter_that_raises_harms_no_other(sampling: Start) -> None:
    """A meter that raises gives failed readings with a code; the one beside it is read as ever."""
    sampler = sampling(FakeMeter("broken", gone), FakeMeter("sound", lambda _: 100.0))
    start_s = time.monotonic()
    broken, sound = sampler.span(start_s, start_s)

    assert {"EIO"} == {reading.error for reading in broken.readings}
    assert {100.0} == {reading.value for reading in sound.readings}


def test_a_value_that_is_no_number_is_a_failed_reading(sampling: Start) -> None:
    """NaN and infinity never enter a sum."""
    sampler = sampling(FakeMeter("d", lambda _: math.nan))
    (trace,) = sampler.span(0.0, time.monotonic())

    assert {("NotFinite", None)} == {(reading.error, reading.value) for reading in trace.readings}


def test_a_device_that_hangs_harms_no_other(sampling: Start) -> None:
    """It gets a thread of its own, and its figure says `timeout`; the one beside it is read as ever."""
    free = threading.Event()
    hanging = FakeMeter("hanging", lambda _: float(free.wait(30)))
    sampler = sampling(hanging, FakeMeter("sound", lambda _: 100.0))
    start_s = time.monotonic()
    after(1.5)
    held, sound = figure(sampler, start_s, start_s + 1.2)
    free.set()

    assert "Its reads failed: timeout" in str(held.reason)
    assert (None, pytest.approx(120)) == (held.energy_j, sound.energy_j)
    assert (sound.quality.coverage or 0) > 0.8


def test_marking_an_edge_is_never_waited_for_long(sampling: Start) -> None:
    """Half a second at most, whatever a device does."""
    free = threading.Event()
    sampler = sampling(FakeMeter("hanging", lambda _: float(free.wait(30))))
    start_s = time.monotonic()
    sampler.mark()
    free.set()

    assert time.monotonic() - start_s < 2


def test_a_span_in_the_future_is_not_waited_for_long(sampling: Start) -> None:
    """Waiting is bounded, whatever is asked."""
    sampler = sampling(FakeMeter("d", lambda _: 100.0))
    start_s = time.monotonic()
    sampler.span(start_s, start_s + 3_600)

    assert time.monotonic() - start_s < 5


def test_the_sampling_tells_its_clock_and_its_cost(sampling: Start) -> None:
    """One anchor on the wall clock, and the share of a core that the reading takes."""
    sampler = sampling(FakeMeter("d", lambda _: 100.0))
    after(0.2)
    (trace,) = sampler.span(0.0, time.monotonic())

    assert abs(trace.sampling.started_unix_s - time.time()) < 60
    assert 0 < (trace.sampling.cpu_share or 0) < 1
    assert {True} == {(reading.late_s or 0) < 1 for reading in trace.readings}


def test_moments_are_dithered_by_seed() -> None:
    """No load can march in step with the sampling, and the same seed samples at the same moments."""

    def moments(seed: int) -> list[float]:
        with closing(Sampler([FakeMeter("d", lambda _: 1.0)], rate_hz=20, seed=seed)) as sampler:
            after(0.4)
            (trace,) = sampler.span(0.0, time.monotonic())
            started_s = trace.sampling.started_s
            planned = [r.at_s - (r.late_s or 0) - started_s for r in trace.readings if r.late_s is not None]
            return [round(planned_s / 0.05 - round(planned_s / 0.05), 1) for planned_s in planned[1:6]]

    first, again = moments(1), moments(1)

    assert first == pytest.approx(again, abs=0.11)
    assert max(map(abs, first)) <= 0.3


def test_a_spilling_sampler_leaves_nothing_behind(tmp_path: Path) -> None:
    """Closing it deletes what it had put away."""
    with closing(Sampler([FakeMeter("d", lambda _: 1.0)], rate_hz=100, spill=tmp_path / "spill")) as sampler:
        sampler.mark()
        sampler.put_away()
        put_away = len(list((tmp_path / "spill").glob("*.parquet")))

    assert (1, False) == (put_away, (tmp_path / "spill").exists())


def test_a_sampler_that_starts_anew_finds_what_was_put_away(tmp_path: Path, sampling: Start) -> None:
    """After a kill the readings of the last minute are lost, and no more."""
    killed = sampling(FakeMeter("d", lambda _: 1.0), spill=tmp_path)
    start_s = killed.mark()
    killed.put_away()
    (trace,) = sampling(FakeMeter("d", lambda _: 1.0), spill=tmp_path).span(start_s, time.monotonic())

    assert trace.readings[0].at_s <= start_s < trace.sampling.started_s


def test_a_full_disk_costs_memory_and_no_reading(tmp_path: Path, sampling: Start) -> None:
    """Where nothing can be put away all stays in memory, and the trace says why."""
    (tmp_path / "file").write_text("no folder can be made here")
    sampler = sampling(FakeMeter("d", lambda _: 1.0), spill=tmp_path / "file" / "spill")
    start_s = sampler.mark()
    sampler.put_away()
    (trace,) = sampler.span(start_s, time.monotonic())

    assert "NotADirectoryError: Not a directory" == trace.sampling.spill_error
    assert trace.readings[0].at_s <= start_s


def test_fresh_readings_are_given_once(sampling: Start) -> None:
    """Whoever asks again gets what came since; failed reads and other quantities are not there."""
    sampler = sampling(
        FakeMeter("d", lambda _: 42.0),
        FakeMeter("broken", gone),
        FakeMeter("hot", lambda _: 40.0, quantity="temperature_c"),
    )
    seen_ns: dict[str, int] = {}
    first, again = sampler.fresh(seen_ns), sampler.fresh(seen_ns)
    sound, broken = first.values()

    assert ({42.0}, []) == ({point.value for point in sound}, broken)
    assert len(next(iter(again.values()))) < 3


def test_closing_closes_the_meters() -> None:
    """The sampler owns its meters."""
    meter = FakeMeter("d", lambda _: 100.0)
    with closing(Sampler((meter,), rate_hz=100)):
        pass

    assert meter.closed
