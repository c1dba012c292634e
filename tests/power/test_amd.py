"""AMD boards, on a stand-in for the module amdsmi."""

import subprocess
import sys

import pytest

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.amd import Amd
from raystudy.power.meter import Line
from tests.fakes.amdsmi import NO_PERM, NOT_SUPPORTED, AmdSmiLibraryException, FakeAmdSmi


def by_name(meter: Amd) -> dict[str, Line]:
    """Return the lines of a meter, by the last part of each channel's name."""
    return {line.channel.name.rpartition("/")[2]: line for line in meter.lines}


def test_units_are_si() -> None:
    """A million steps of 15.25 uJ are 15.25 J; the cap is in uW."""
    lines = by_name(Amd(FakeAmdSmi()))

    assert {"energy_j": 15.25, "power_instant_w": 150.0, "temperature_c": 61.0, "power_limit_w": 750.0} == (
        pytest.approx({name: line.ask() for name, line in lines.items()})
    )


def test_what_is_known_of_a_counter() -> None:
    """It is the board's by UUID, has 64 bits, is asked seldom, and runs below twice the cap."""
    line = by_name(Amd(FakeAmdSmi()))["energy_j"]
    channel = line.channel

    assert ("00ff74a1-0000-1000-80a5-5bb1f3b0d6f3", "gpu", "AMD Instinct MI300X") == (
        channel.device,
        channel.scope,
        channel.label,
    )
    assert (None, 1_500, True) == (channel.wraps_at_j, channel.max_w, line.seldom)


def test_power_above_twice_the_cap_is_nonsense() -> None:
    """The channel says so; a cap that is none tells nothing, and costs nothing."""
    smi = FakeAmdSmi()
    plain = by_name(Amd(smi))["power_instant_w"].channel.max_w
    smi.cap = "N/A"

    assert (1_500, 2_000) == (plain, by_name(Amd(smi))["power_instant_w"].channel.max_w)


def test_older_boards_tell_the_average() -> None:
    """What a board lacks is "N/A", or 65535 where the module does not say so."""
    smi = FakeAmdSmi()
    smi.power |= {"current_socket_power": 0xFFFF, "average_socket_power": 90}
    power = by_name(Amd(smi))["power_average_w"]

    assert (90.0, 1.0) == (power.ask(), power.channel.average_s)


def test_a_board_that_is_divided_is_marked() -> None:
    """In CPX mode several tenants share its power."""
    smi = FakeAmdSmi()
    smi.partition = "CPX"

    assert {True} == {line.channel.partitioned for line in Amd(smi).lines}


def test_what_a_board_lacks_is_no_line() -> None:
    """A counter that is not supported is not an error at every reading; another sensor may do."""
    smi = FakeAmdSmi()
    smi.fails |= {"energy": NOT_SUPPORTED, "hotspot": NOT_SUPPORTED}
    lines = by_name(Amd(smi))

    assert "energy_j" not in lines
    assert 50.0 == lines["temperature_c"].ask()


def test_a_lost_board_harms_no_other() -> None:
    """A board lost in mid-run raises; the other goes on."""
    smi = FakeAmdSmi(boards=2)
    lost, sound = (line for line in Amd(smi).lines if line.channel.quantity == "power_w")
    smi.fails["power", 0] = NO_PERM

    assert 150.0 == sound.ask()
    with pytest.raises(AmdSmiLibraryException):
        lost.ask()


def test_a_board_lost_before_does_not_hide_the_others() -> None:
    """A board that gives no identity when the meter is opened is left out."""
    smi = FakeAmdSmi(boards=2)
    smi.fails["uuid", 0] = NO_PERM

    assert {"10ff74a1-0000-1000-80a5-5bb1f3b0d6f3"} == {line.channel.device for line in Amd(smi).lines}


def test_a_driver_that_refuses_comes_with_the_fix() -> None:
    """The groups and the devices are named."""
    smi = FakeAmdSmi()
    smi.fails["init"] = NO_PERM

    with pytest.raises(MeterError, match="render") as refusal:
        Amd(smi)

    assert not isinstance(refusal.value, NoMeterError)


def test_no_board_is_no_instrument() -> None:
    """The library is let go of again."""
    smi = FakeAmdSmi(boards=0)

    with pytest.raises(NoMeterError, match="finds no board"):
        Amd(smi)

    assert smi.closed


def test_a_machine_without_it_says_what_to_install() -> None:
    """The extra is named, and the module's own complaints do not go to stdout."""
    ask = (
        "import sys; sys.modules['amdsmi'] = None\n"
        "from raystudy.power.amd import Amd\n"
        "try: Amd()\nexcept Exception as error: print(type(error).__name__, error.fix)"
    )
    printed = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout

    assert "NoMeterError Where there are AMD GPUs: `pip install 'raystudy[amd]'`." == printed.strip()
