"""Which instruments are opened, and why the others are not."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from raystudy.errors import MeterError
from raystudy.power import METERS, open_meters
from raystudy.study import Metering
from tests.fakes.nvml import FakeNvml
from tests.fakes.rapl import zone


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


def test_without_instruments_the_nameplate_estimates(fake_nvml: FakeNvml, tmp_path: Path) -> None:
    """Where nothing can be measured the nameplate is read, and each instrument says why it is not."""
    fake_nvml.fail_init(9)
    (meter,), reasons = open_meters(Metering(powercap_root=str(tmp_path)))

    assert "nameplate" == meter.channels[0].device
    assert {"nvml", "rapl"} == set(reasons)


def test_a_gpu_alone_does_not_spare_the_nameplate(fake_nvml: FakeNvml, tmp_path: Path) -> None:
    """Boards tell nothing of a CPU study; where no package is measured, the nameplate estimates it."""
    meters, _ = open_meters(Metering(powercap_root=str(tmp_path)))

    assert [fake_nvml.uuid(0), "nameplate"] == [meter.channels[0].device for meter in meters]


def test_all_that_measure_are_read_and_no_estimate(fake_nvml: FakeNvml, tmp_path: Path) -> None:
    """By default every readable instrument is read; the nameplate is not needed then."""
    zone(tmp_path, "intel-rapl:0", name="package-0")
    meters, reasons = open_meters(Metering(powercap_root=str(tmp_path)))

    assert {"gpu", "package"} == {channel.scope for meter in meters for channel in meter.channels}
    assert {"nameplate": "Not needed: the CPU package is measured."} == reasons
    assert fake_nvml.uuid(0) == meters[0].channels[0].device


def test_every_meter_is_opened_or_has_a_reason(tmp_path: Path) -> None:
    """Nothing is left out without a word."""
    meters, reasons = open_meters(Metering(meters=("nameplate",), powercap_root=str(tmp_path)))

    assert len(METERS) == len(meters) + len(reasons)


def test_importing_power_is_light() -> None:
    """The table of instruments loads none of them, nor ray."""
    heavy = "import sys, raystudy.power; print([m for m in ('ray', 'pynvml', 'psutil') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True).stdout

    assert "[]" == printed.strip()
