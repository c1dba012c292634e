"""RAPL by perf events, with a counter that the test opens."""

import os
import struct
from pathlib import Path

import pytest

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.perf import Opener, Perf, perf_event_open
from tests.fakes.sysfs import device, perf_events

SOFTWARE, CPU_CLOCK = 1, 0


def counting(tmp_path: Path, value: int) -> Opener:
    """Return what opens a file that holds a count of 64 bits."""

    def opener(kind: int, config: int, cpu: int) -> int:
        file = tmp_path / f"{kind}-{config}-{cpu}"
        file.write_bytes(struct.pack("<Q", value) * 4)
        return os.open(file, os.O_RDONLY)

    return opener


def refusing(_kind: int, _config: int, _cpu: int) -> int:
    """Refuse as the kernel does."""
    raise PermissionError(13, "Permission denied")


def test_a_count_is_scaled_to_joules(tmp_path: Path) -> None:
    """The kernel counts units of 2^-32 J in 64 bits: it never wraps."""
    meter = Perf(perf_events(tmp_path / "power", ram=False), cpus=tmp_path, opener=counting(tmp_path, 2**45))
    (line,) = meter.lines

    assert (2.0**13, None) == (line.ask(), line.channel.wraps_at_j)
    meter.close()


def test_each_socket_has_package_and_memory(tmp_path: Path) -> None:
    """The cpumask names one CPU of each socket; its topology tells which."""
    for cpu, socket in ((0, 0), (28, 1)):
        device(tmp_path, f"cpus/cpu{cpu}/topology", physical_package_id=socket)
    root = perf_events(tmp_path / "power", cpumask="0,28")
    meter = Perf(root, cpus=tmp_path / "cpus", opener=counting(tmp_path, 0))

    assert [
        ("package-0@cpu0", "package"),
        ("package-0/dram@cpu0", "dram"),
        ("package-1@cpu28", "package"),
        ("package-1/dram@cpu28", "dram"),
    ] == [(line.channel.device, line.channel.scope) for line in meter.lines]
    meter.close()


def test_closing_lets_go_of_the_counters(tmp_path: Path) -> None:
    """A closed counter raises, as a lost one does."""
    meter = Perf(perf_events(tmp_path / "power"), cpus=tmp_path, opener=counting(tmp_path, 1))
    meter.close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        meter.lines[0].ask()


def test_a_refusal_comes_with_the_fix(tmp_path: Path) -> None:
    """The sysctl and the capability are named."""
    with pytest.raises(MeterError, match=r"perf_event_paranoid=0.*cap_perfmon.*CAP_PERFMON") as refusal:
        Perf(perf_events(tmp_path / "power"), cpus=tmp_path, opener=refusing)

    assert not isinstance(refusal.value, NoMeterError)


def test_without_events_there_is_no_instrument(tmp_path: Path) -> None:
    """A virtual machine has none."""
    with pytest.raises(NoMeterError, match="no energy events under"):
        Perf(tmp_path)


def test_the_kernel_opens_a_counter() -> None:
    """The call is right: the clock of CPU 0, a software event, counts up."""
    try:
        descriptor = perf_event_open(SOFTWARE, CPU_CLOCK, min(os.sched_getaffinity(0)))
    except OSError as error:
        pytest.skip(f"This sandbox permits no perf events: {error}")
    first, second = (int.from_bytes(os.read(descriptor, 8), "little") for _ in range(2))
    os.close(descriptor)

    assert 0 < first < second
