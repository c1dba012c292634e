"""A laptop's battery, in a folder."""

from pathlib import Path

import pytest

from raystudy.errors import NoMeterError
from raystudy.power.battery import Battery, NotDischarging
from raystudy.power.meter import code_of
from tests.fakes.sysfs import device


def battery(root: Path, name: str = "BAT0", *, status: str = "Discharging", power_uw: int = 12_500_000) -> Path:
    """Write a battery."""
    return device(root, name, type="Battery", status=status, power_now=power_uw, model_name="5B10W13930")


def test_it_tells_the_power_of_the_machine(tmp_path: Path) -> None:
    """Microwatts become watts, of the whole board."""
    battery(tmp_path)
    (line,) = Battery(tmp_path).lines

    assert (12.5, "board", "BAT0", "5B10W13930") == (
        line.ask(),
        line.channel.scope,
        line.channel.device,
        line.channel.label,
    )


def test_current_times_voltage_will_do(tmp_path: Path) -> None:
    """Batteries that count charge tell no power: 1.5 A at 10 V is 15 W; a discharge may be below zero."""
    device(tmp_path, "BAT0", type="Battery", status="Discharging", current_now=-1_500_000, voltage_now=10_000_000)

    assert pytest.approx(15.0) == Battery(tmp_path).lines[0].ask()


def test_batteries_that_discharge_add_up(tmp_path: Path) -> None:
    """Two batteries feed one machine; one that rests gives nothing."""
    battery(tmp_path, "BAT0", power_uw=5_000_000)
    battery(tmp_path, "BAT1", power_uw=6_000_000)
    battery(tmp_path, "BAT2", power_uw=7_000_000, status="Not charging")

    assert pytest.approx(11.0) == Battery(tmp_path).lines[0].ask()


@pytest.mark.parametrize("status", ["Charging", "Full", "Unknown"])
def test_otherwise_it_does_not_tell(tmp_path: Path, status: str) -> None:
    """While something else feeds the machine, the battery's power is not the machine's; the code says so."""
    battery(tmp_path, status=status)
    (line,) = Battery(tmp_path).lines

    with pytest.raises(NotDischarging, match=status) as failure:
        line.ask()

    assert "NotDischarging" == code_of(failure.value)


def test_a_charger_that_is_too_weak_is_seen(tmp_path: Path) -> None:
    """On mains a battery may discharge as well, and tells but its share."""
    battery(tmp_path)
    device(tmp_path, "AC", type="Mains", online=1)

    with pytest.raises(NotDischarging, match="online: AC"):
        Battery(tmp_path).lines[0].ask()


def test_a_mouse_is_no_laptop(tmp_path: Path) -> None:
    """Batteries of devices tell nothing of the machine."""
    device(tmp_path, "hid-battery", type="Battery", scope="Device", status="Discharging", power_now=1)

    with pytest.raises(NoMeterError, match="RAYSTUDY_POWER_SUPPLY"):
        Battery(tmp_path)


def test_bytes_that_are_no_text_cost_no_battery(tmp_path: Path) -> None:
    """A garbled name of another supply, or of this one, is no reason."""
    (battery(tmp_path) / "model_name").write_bytes(b"\xff\xfe\n")
    (device(tmp_path, "AC") / "type").write_bytes(b"\xff\n")

    assert 12.5 == Battery(tmp_path).lines[0].ask()


def test_its_samples_are_moved_by_a_second_at_most(tmp_path: Path) -> None:
    """Half of how late it may be; the record waits for no instrument longer."""
    battery(tmp_path)
    channel = Battery(tmp_path).lines[0].channel

    assert 1.0 >= (channel.update_s + channel.average_s) / 2
