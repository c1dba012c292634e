"""Sensors of the kernel's hardware monitor, in a folder."""

from pathlib import Path

import pytest

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.hwmon import Hwmon
from tests.fakes.sysfs import device


def scopes(root: Path) -> dict[str, str]:
    """Return the scope of each sensor that is read."""
    return {line.channel.label: line.channel.scope for line in Hwmon(root).lines}


def test_a_counter_is_in_joules(tmp_path: Path) -> None:
    """energy1_input counts microjoules, 64 bits of them."""
    device(tmp_path, "hwmon0", name="amd_energy", energy1_label="Esocket0", energy1_input=2_500_000)
    (line,) = Hwmon(tmp_path).lines

    assert (2.5, "hwmon/amd_energy@hwmon0/Esocket0/energy_j") == (line.ask(), line.channel.name)
    assert line.channel.wraps_at_j is None


def test_cores_are_inside_their_socket(tmp_path: Path) -> None:
    """Only sockets of amd_energy are counted."""
    device(tmp_path, "hwmon0", name="amd_energy", energy1_label="Ecore000", energy1_input=1)
    device(tmp_path, "hwmon0", energy2_label="Esocket0", energy2_input=1)

    assert {"Esocket0": "package"} == scopes(tmp_path)


def test_grace_tells_module_and_package(tmp_path: Path) -> None:
    """CPU and SysIO are inside Grace, and Grace inside the module."""
    for number, word in enumerate(("Module", "Grace", "CPU", "SysIO")):
        place = f"hwmon{number}/device"
        device(tmp_path, place, power1_average=50_000_000, power1_oem_info=f"{word} Power Socket 0")
        device(tmp_path, place, power1_average_interval=50)
        device(tmp_path, f"hwmon{number}", name="power_meter")

    assert {"Module Power Socket 0": "module", "Grace Power Socket 0": "package"} == scopes(tmp_path)


def test_an_average_says_over_how_long(tmp_path: Path) -> None:
    """power1_average_interval is in milliseconds."""
    files = {"power1_average": 50_000_000, "power1_average_interval": 1_000}
    device(tmp_path, "hwmon0", name="power_meter", **files)
    (line,) = Hwmon(tmp_path).lines

    assert (50.0, 1.0, "board") == (line.ask(), line.channel.average_s, line.channel.scope)
    assert line.channel.name.endswith("/power_average_w")


@pytest.mark.parametrize(("interval", "average_s"), [("60000", 1.0), ("18446744073709551615", 1.0), ("²", 0.0)])
def test_a_long_average_is_taken_for_a_second(tmp_path: Path, interval: str, average_s: float) -> None:
    """A figure is not waited for, nor are samples moved, for minutes; garbage tells nothing."""
    device(tmp_path, "hwmon0", name="power_meter", power1_average=50_000_000, power1_average_interval=interval)

    assert average_s == Hwmon(tmp_path).lines[0].channel.average_s


def test_power_that_nothing_draws_is_nonsense(tmp_path: Path) -> None:
    """5 kW for a part of a machine, 30 kW for a whole one."""
    device(tmp_path, "hwmon0", name="amdgpu", power1_input=1)
    device(tmp_path, "hwmon1", name="power_meter", power1_average=1)

    assert [5_000, 30_000] == [line.channel.max_w for line in Hwmon(tmp_path).lines]


def test_a_label_that_is_garbage_costs_no_sensor(tmp_path: Path) -> None:
    """Bytes that are no text are replaced."""
    (device(tmp_path, "hwmon0", name="amdgpu", power1_input=7_000_000) / "power1_label").write_bytes(b"\xff\n")

    assert 7.0 == Hwmon(tmp_path).lines[0].ask()


def test_the_instant_power_is_preferred(tmp_path: Path) -> None:
    """A sensor that tells both is one sensor."""
    device(tmp_path, "hwmon0", name="amdgpu", power1_average=40_000_000, power1_input=30_000_000, power1_label="PPT")
    (line,) = Hwmon(tmp_path).lines

    assert (30.0, "gpu", 0.0) == (line.ask(), line.channel.scope, line.channel.average_s)


def test_the_gpu_of_an_apu_is_its_package(tmp_path: Path) -> None:
    """The power that amdgpu tells of an APU includes the CPU; format 2 of its metrics tells an APU."""
    device(tmp_path, "hwmon0", name="amdgpu", power1_input=30_000_000, power1_label="PPT")
    device(tmp_path, "hwmon0/device")
    (tmp_path / "hwmon0/device/gpu_metrics").write_bytes(bytes([0x80, 0, 2, 2]))

    assert {"PPT": "package"} == scopes(tmp_path)


def test_the_identity_is_that_of_the_device(tmp_path: Path) -> None:
    """hwmon3 is another at the next boot; its device is not."""
    device(tmp_path, "class/hwmon3", name="amdgpu", power1_input=1, power1_label="PPT")
    (tmp_path / "class/hwmon3/device").symlink_to(device(tmp_path, "0000:03:00.0"))
    (line,) = Hwmon(tmp_path / "class").lines

    assert "amdgpu@0000:03:00.0/PPT" == line.channel.device


def test_the_two_rails_of_a_processor_are_its_package(tmp_path: Path) -> None:
    """The driver zenpower gives them apart; where it reads RAPL, core is inside package."""
    rails = {"power1_label": "SVI2_P_Core", "power2_label": "SVI2_P_SoC", "power1_input": 1, "power2_input": 1}
    device(tmp_path, "hwmon0", name="zenpower", **rails)
    rapl = {"power1_label": "RAPL_P_Package", "power2_label": "RAPL_P_Core", "power1_input": 1, "power2_input": 1}
    device(tmp_path, "hwmon1", name="zenpower", **rapl)

    assert {"SVI2_P_Core": "package", "SVI2_P_SoC": "package", "RAPL_P_Package": "package"} == scopes(tmp_path)


def test_a_sensor_that_vanishes_harms_no_other(tmp_path: Path) -> None:
    """It raises; the other is read."""
    for number in range(2):
        device(tmp_path, f"hwmon{number}", name="amdgpu", power1_input=7_000_000)
    lost, sound = Hwmon(tmp_path).lines
    (tmp_path / "hwmon0" / "power1_input").unlink()

    assert 7.0 == sound.ask()
    with pytest.raises(FileNotFoundError):
        lost.ask()


def test_drivers_that_nobody_knows_are_named_and_ignored(tmp_path: Path) -> None:
    """A figure whose part of the machine is unknown could count joules twice."""
    device(tmp_path, "hwmon0", name="ina3221", power1_input=1)
    device(tmp_path, "hwmon1", name="nvme", temp1_input=1)

    with pytest.raises(NoMeterError, match=r"Ignored: ina3221\."):
        Hwmon(tmp_path)


def test_sensors_that_none_can_be_read_come_with_the_fix(tmp_path: Path) -> None:
    """They are there, and somebody could mend it."""
    file = device(tmp_path, "hwmon0", name="amdgpu") / "power1_input"
    file.mkdir()

    with pytest.raises(MeterError, match=f"chmod a\\+r {file}") as refusal:
        Hwmon(tmp_path)

    assert not isinstance(refusal.value, NoMeterError)
