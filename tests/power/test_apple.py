"""Apple silicon, on a stand-in for its monitor."""

from types import SimpleNamespace

import pytest

from raystudy.errors import MeterError
from raystudy.power.apple import Apple


class FakeMonitor:
    """What AppleEnergyMonitor is, with the figures of a test."""

    def __init__(self, **energy_mj: int | None) -> None:
        self.told = SimpleNamespace(**({"cpu_total_mj": None, "gpu_mj": None, "dram_mj": None} | energy_mj))

    def get_cumulative_energy(self) -> SimpleNamespace:
        """Return the figures."""
        return self.told


def test_millijoules_of_each_part_become_joules() -> None:
    """CPU, GPU and memory are counted apart from each other."""
    monitor = FakeMonitor(cpu_total_mj=5_500, gpu_mj=2_000, dram_mj=100)
    lines = Apple(lambda: monitor).lines

    assert {("package", 5.5), ("gpu", 2.0), ("dram", 0.1)} == {(line.channel.scope, line.ask()) for line in lines}


def test_what_a_chip_does_not_tell_is_no_line() -> None:
    """Null is not 0."""
    monitor = FakeMonitor(cpu_total_mj=0)

    assert ["apple/cpu/energy_j"] == [line.channel.name for line in Apple(lambda: monitor).lines]


def test_a_part_that_falls_silent_raises() -> None:
    """A figure that is gone is a failed reading."""
    monitor = FakeMonitor(cpu_total_mj=1)
    (line,) = Apple(lambda: monitor).lines
    monitor.told.cpu_total_mj = None

    with pytest.raises(LookupError):
        line.ask()


def test_a_chip_that_refuses_says_why() -> None:
    """The library's own words are kept."""

    def refuse() -> FakeMonitor:
        raise RuntimeError("Failed to create IOReport subscription.")

    with pytest.raises(MeterError, match="IOReport"):
        Apple(refuse)
