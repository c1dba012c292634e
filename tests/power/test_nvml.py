"""NVML, on a stand-in for its library that the real pynvml drives."""

import pytest

from raystudy.errors import MeterError
from raystudy.power.nvml import Nvml
from raystudy.record.trace import Reading
from tests.fakes.nvml import FakeNvml

DRIVER_NOT_LOADED, NOT_SUPPORTED, GPU_IS_LOST = 9, 3, 15


def by_name(meter: Nvml) -> dict[str, Reading]:
    """Return what a meter reads now, by the last part of each channel's name."""
    return {
        channel.name.rpartition("/")[2]: reading for channel, reading in zip(meter.channels, meter.read(), strict=True)
    }


def test_units_are_joules_watts_and_degrees(fake_nvml: FakeNvml) -> None:
    """Millijoules and milliwatts end at the instrument's edge."""
    fake_nvml.set_up(power_w=0, energy_base_j=1_234.5)

    read = {name: reading.value for name, reading in by_name(Nvml()).items()}

    assert {"energy": 1_234.5, "power_instant": 0, "temperature": 40} == pytest.approx(read)


def test_every_board_is_read_by_uuid(fake_nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA_VISIBLE_DEVICES does not hide boards from the meter, and each is named by its UUID."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    fake_nvml.set_up(boards=2)
    devices = {channel.device for channel in Nvml().channels}

    assert {fake_nvml.uuid(0), fake_nvml.uuid(1)} == devices


def test_the_instant_power_is_preferred(fake_nvml: FakeNvml) -> None:
    """Half a second after 1000 W began, field 186 says 1000 W where the mean of a second would say less."""
    fake_nvml.set_up(age_s=10)
    fake_nvml.curve(0, ((0, 0), (9.5, 1_000)))

    assert by_name(Nvml())["power_instant"].value == 1_000


def test_a_board_without_field_values_gives_average_power(fake_nvml: FakeNvml) -> None:
    """Where field 186 answers "not supported", the mean of a second is read, and the channel's name says so."""
    fake_nvml.lack_fields(0)

    assert by_name(Nvml())["power_average"].value == 100


def test_what_a_board_lacks_is_no_channel(fake_nvml: FakeNvml) -> None:
    """A board older than Volta has no energy counter; that is not an error at every reading."""
    fake_nvml.fail(0, "ENERGY", NOT_SUPPORTED)
    names = {channel.name.rpartition("/")[2] for channel in Nvml().channels}

    assert {"power_instant", "temperature"} == names


def test_a_lost_board_harms_no_other(fake_nvml: FakeNvml) -> None:
    """A board lost in mid-run reads null, with NVML's words; the other goes on."""
    fake_nvml.set_up(boards=2)
    meter = Nvml()
    for function in ("ENERGY", "FIELD", "TEMP"):
        fake_nvml.fail(0, function, GPU_IS_LOST)
    readings = meter.read()

    assert [None, None, None] == [reading.value for reading in readings[:3]]
    assert all("NVMLError_GpuIsLost" in str(reading.error) for reading in readings[:3])
    assert [None, None, None] == [reading.error for reading in readings[3:]]


def test_a_board_lost_before_does_not_hide_the_others(fake_nvml: FakeNvml) -> None:
    """A board that gives no identity when the meter is opened is left out."""
    fake_nvml.set_up(boards=2)
    fake_nvml.fail(0, "HANDLE", GPU_IS_LOST)

    assert {fake_nvml.uuid(1)} == {channel.device for channel in Nvml().channels}


def test_no_driver_is_one_helpful_sentence(fake_nvml: FakeNvml) -> None:
    """Without a driver opening says what is missing and what to do."""
    fake_nvml.fail_init(DRIVER_NOT_LOADED)

    with pytest.raises(MeterError, match="install the driver"):
        Nvml()


def test_no_board_is_one_helpful_sentence(fake_nvml: FakeNvml) -> None:
    """A driver without a board is no instrument."""
    fake_nvml.set_up(boards=0)

    with pytest.raises(MeterError, match="finds no board"):
        Nvml()
