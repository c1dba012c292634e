"""Which instruments are opened, and why the others are not."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from raystudy.errors import MeterError, NoMeterError
from raystudy.power import LAST_RESORT, METERS, Opened, Opener, open_meters
from raystudy.power.meter import Line, Meter
from raystudy.record.trace import Channel, Scope
from raystudy.study import Metering
from raystudy.study.study import MeterName
from tests.fakes.rapl import zone
from tests.fakes.sysfs import device


class Made:
    """A meter that covers what a test says, a device for each scope."""

    def __init__(self, name: str, *scopes: Scope) -> None:
        self.lines = tuple(
            Line(channel=Channel(name=f"{name}/{scope}", quantity="energy_j", scope=scope, device=scope), ask=float)
            for scope in scopes
        )
        self.closed = False

    def close(self) -> None:
        """Note it."""
        self.closed = True


def openers(**made: Meter | MeterError) -> Mapping[str, Opener]:
    """Return how all instruments are opened, where those that the test does not name are missing."""

    def opener(name: str) -> Opener:
        def open_it(metering: Metering) -> Meter:
            instrument = made.get(name, NoMeterError(f"No {name}."))
            if name == LAST_RESORT:
                return METERS[name](metering)
            if isinstance(instrument, MeterError):
                raise instrument
            return instrument

        return open_it

    return {name: opener(name) for name in METERS}


def channels(opened: Opened) -> list[str]:
    """Return what is read."""
    return [line.channel.name for meter in opened.meters for line in meter.lines]


def test_the_names_are_those_of_the_study_file() -> None:
    """One order of worth, written in two places: the study floor knows no instrument."""
    assert get_args(MeterName) == tuple(METERS)


def test_a_study_may_name_each_meter_and_no_other() -> None:
    """The names that a study file takes are those of the table."""
    asked = Metering(meters=tuple(METERS))  # type: ignore[arg-type]

    assert tuple(METERS) == asked.meters
    with pytest.raises(ValidationError, match="nvml"):
        Metering(meters=("nvlm",))  # type: ignore[arg-type]


def test_what_is_asked_for_must_open(tmp_path: Path) -> None:
    """A study that names its meters does not silently get others."""
    with pytest.raises(MeterError, match="asks for 'rapl'"):
        open_meters(Metering(meters=("nameplate", "rapl"), powercap_root=str(tmp_path)))


def test_a_meter_that_opened_beside_one_that_did_not_is_closed() -> None:
    """A study that cannot be metered as asked holds nothing open."""
    nvml = Made("nvml", "gpu")
    with pytest.raises(MeterError):
        open_meters(Metering(meters=("nvml", "rapl")), openers=openers(nvml=nvml))

    assert nvml.closed


def test_without_instruments_the_nameplate_estimates() -> None:
    """Where nothing can be measured the nameplate is read, and each instrument says why it is not."""
    opened = open_meters(Metering(), openers=openers())

    assert ["nameplate/energy_j"] == channels(opened)
    assert set(METERS) - {LAST_RESORT} == set(opened.reasons)


def test_a_gpu_alone_does_not_spare_the_nameplate() -> None:
    """Boards tell nothing of a CPU study; where no package is measured, the nameplate estimates it."""
    opened = open_meters(Metering(), openers=openers(nvml=Made("nvml", "gpu", "module")))

    assert ["nvml/gpu", "nvml/module", "nameplate/energy_j"] == channels(opened)


def test_a_measured_package_needs_no_estimate() -> None:
    """By default every readable instrument is read; the nameplate is not needed then."""
    opened = open_meters(Metering(), openers=openers(rapl=Made("rapl", "package")))

    assert ["rapl/package"] == channels(opened)
    assert "Not needed: the CPU package is measured." == opened.reasons[LAST_RESORT]


@pytest.mark.parametrize(
    ("made", "read"),
    [
        ({"rapl": ("package",), "perf": ("package", "dram")}, ["rapl/package", "perf/dram"]),
        ({"nvml": ("gpu", "module"), "hwmon": ("module", "package")}, ["nvml/gpu", "nvml/module", "hwmon/package"]),
        ({"nvml": ("gpu",), "amd": ("gpu",), "hwmon": ("gpu", "package")}, ["nvml/gpu", "amd/gpu", "hwmon/package"]),
        ({"rapl": ("package",), "hwmon": ("board",), "battery": ("board",)}, ["rapl/package", "hwmon/board"]),
    ],
    ids=["memory by perf", "module by nvml", "GPUs of two makers", "one board"],
)
def test_each_joule_is_counted_once(made: dict[str, tuple[Scope, ...]], read: list[str]) -> None:
    """What two instruments cover is read by the first in order of worth; what only the second covers, by it."""
    meters = {name: Made(name, *scopes) for name, scopes in made.items()}
    opened = open_meters(Metering(), openers=openers(**meters))

    assert read == [name for name in channels(opened) if not name.startswith(LAST_RESORT)]


def test_a_meter_of_which_nothing_is_left_is_closed_and_says_by_whom() -> None:
    """It could be read; that is no fault."""
    perf = Made("perf", "package")
    opened = open_meters(Metering(), openers=openers(rapl=Made("rapl", "package"), perf=perf))

    assert perf.closed
    assert "Not needed: rapl covers the same." == opened.reasons["perf"]
    assert () == opened.unreadable


def test_an_instrument_that_refuses_is_replaced_by_the_next_and_told_of() -> None:
    """Counters kept for root are a fault that somebody could mend; an absent instrument is none."""
    refusal = MeterError("Only root may read it.", "`sudo chmod`.")
    opened = open_meters(Metering(), openers=openers(rapl=refusal, perf=Made("perf", "package")))

    assert (["perf/package"], ("rapl",)) == (channels(opened), opened.unreadable)
    assert "Only root may read it. `sudo chmod`." == opened.reasons["rapl"]


def test_an_estimate_that_is_asked_for_stands_beside_what_is_measured() -> None:
    """It counts nothing twice: it lives in its own column."""
    made = openers(rapl=Made("rapl", "package"))
    opened = open_meters(Metering(meters=("nameplate", "rapl")), openers=made)

    assert ["rapl/package", "nameplate/energy_j"] == channels(opened)


def test_every_meter_is_opened_or_has_a_reason() -> None:
    """Nothing is left out without a word."""
    opened = open_meters(Metering(meters=("nameplate",)))

    assert len(METERS) == len(opened.meters) + len(opened.reasons)


def test_roots_are_the_studys_else_the_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting wins over the environment variable, and that over the kernel's place."""
    zone(tmp_path / "node", "intel-rapl:0", name="package-0")
    device(tmp_path / "node", "hwmon0", name="amd_energy", energy1_label="Esocket0", energy1_input=1)
    device(tmp_path / "node", "BAT0", type="Battery", status="Discharging", power_now=1)
    for variable in ("RAYSTUDY_POWERCAP", "RAYSTUDY_HWMON", "RAYSTUDY_POWER_SUPPLY"):
        monkeypatch.setenv(variable, str(tmp_path / "node"))
    nothing = str(tmp_path / "nothing")
    elsewhere = Metering(powercap_root=nothing, hwmon_root=nothing, power_supply_root=nothing)

    for name in ("rapl", "hwmon", "battery"):
        assert METERS[name](Metering()).lines
        with pytest.raises(NoMeterError, match="nothing"):
            METERS[name](elsewhere)


def test_importing_power_is_light() -> None:
    """The table of instruments loads none of them, nor ray."""
    heavy = "import sys, raystudy.power; print([m for m in ('ray', 'pynvml', 'psutil', 'amdsmi') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True).stdout

    assert "[]" == printed.strip()
