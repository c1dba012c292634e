"""NVML, on a stand-in for its library that the real pynvml drives."""

import os
from collections.abc import Callable

import pynvml
import pytest

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.meter import Line
from raystudy.power.nvml import Nvml
from tests.fakes.nvml import FakeNvml

NOT_SUPPORTED, DRIVER_NOT_LOADED, GPU_IS_LOST, VERSION_MISMATCH, UNKNOWN = 3, 9, 15, 18, 999


def by_name(meter: Nvml) -> dict[str, Line]:
    """Return the lines of a meter, by the last part of each channel's name."""
    return {line.channel.name.rpartition("/")[2]: line for line in meter.lines}


def devices(meter: Nvml) -> set[str]:
    """Return the boards that a meter reads."""
    return {line.channel.device for line in meter.lines}


def test_units_are_si(fake_nvml: FakeNvml) -> None:
    """Millijoules, milliwatts and megahertz end at the instrument's edge."""
    fake_nvml.set_up(power_w=0, energy_base_j=1_234.5)
    fake_nvml.slow_down(0, 0x24)

    assert {
        "energy_j": 1_234.5,
        "power_instant_w": 0,
        "temperature_c": 40,
        "clock_sm_hz": 1.98e9,
        "clock_memory_hz": 3.201e9,
        "power_limit_w": 700,
        "throttle_reasons": 0x24,
        "other_processes": 0,
    } == pytest.approx({name: line.ask() for name, line in by_name(Nvml()).items()})


@pytest.mark.usefixtures("fake_nvml")
def test_only_power_is_asked_often() -> None:
    """Fast polling makes some counters count too little; the rest tells nothing new ten times a second."""
    assert ["power_instant_w"] == [name for name, line in by_name(Nvml()).items() if not line.seldom]


def test_what_is_known_of_a_counter(fake_nvml: FakeNvml) -> None:
    """It moves every 100 ms at the latest, is right within 5 %, and never runs at twice the enforced limit."""
    channel = by_name(Nvml())["energy_j"].channel

    assert (f"nvml/{fake_nvml.uuid(0)}/energy_j", "gpu", "FAKE H200") == (channel.name, channel.scope, channel.label)
    assert (0.1, 1_400, 0.05, None) == (channel.update_s, channel.max_w, channel.rel_gain, channel.wraps_at_j)


def test_a_board_that_hides_its_limit_may_draw_2_kw(fake_nvml: FakeNvml) -> None:
    """A plausible power is needed to tell a reset from a wrap."""
    fake_nvml.fail(0, "LIMIT", NOT_SUPPORTED)

    assert 2_000 == by_name(Nvml())["energy_j"].channel.max_w


def test_a_driver_that_was_reloaded_shows_its_raw_counter(fake_nvml: FakeNvml) -> None:
    """The meter keeps what the instrument said; that it fell back is told where the trace is read."""
    energy = by_name(Nvml())["energy_j"]
    fake_nvml.set_up(power_w=0, energy_base_j=0)

    assert 0 == energy.ask()


def test_every_board_is_read_by_uuid(fake_nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA_VISIBLE_DEVICES does not hide boards from the meter, and each is named by its UUID."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    fake_nvml.set_up(boards=2)

    assert {fake_nvml.uuid(0), fake_nvml.uuid(1)} == devices(Nvml())


def test_the_instant_power_is_preferred(fake_nvml: FakeNvml) -> None:
    """Half a second after 1000 W began, field 186 says 1000 W where the mean of a second would say less."""
    fake_nvml.set_up(age_s=10)
    fake_nvml.curve(0, ((0, 0), (9.5, 1_000)))

    assert 1_000 == by_name(Nvml())["power_instant_w"].ask()


def test_without_the_instant_field_the_averaged_is_read(fake_nvml: FakeNvml) -> None:
    """Field 186 answers with a code of its own; field 185 is the mean of a second, and says so."""
    fake_nvml.lack_instant(0)
    power = by_name(Nvml())["power_average_w"]

    assert (100, 1.0) == (power.ask(), power.channel.average_s)


@pytest.mark.parametrize(
    ("name", "architecture", "kind", "average_s"),
    [
        ("NVIDIA H100 80GB HBM3", 9, "power_average_w", 1.0),
        ("NVIDIA RTX A6000", 7, "power_average_w", 1.0),
        ("NVIDIA A100-SXM4-80GB", 7, "power_instant_w", 0.0),
        ("NVIDIA A30", 7, "power_instant_w", 0.0),
        ("Tesla T4", 6, "power_instant_w", 0.0),
    ],
)
def test_what_the_oldest_question_means_depends_on_the_board(
    fake_nvml: FakeNvml, name: str, architecture: int, kind: str, average_s: float
) -> None:
    """GetPowerUsage is the mean of a second on Ampere and later except GA100, and instant elsewhere."""
    fake_nvml.lack_fields(0)
    fake_nvml.be(0, name=name, architecture=architecture)
    power = by_name(Nvml())[kind]

    assert (100, average_s) == (power.ask(), power.channel.average_s)


def test_a_field_that_fails_later_raises_its_own_code(fake_nvml: FakeNvml) -> None:
    """The call succeeds and the value does not: that is a failed reading, not 0 W."""
    power = by_name(Nvml())["power_instant_w"]
    fake_nvml.lack_fields(0)

    with pytest.raises(pynvml.NVMLError_NotSupported):
        power.ask()


def test_on_grace_the_counter_is_the_modules(fake_nvml: FakeNvml) -> None:
    """There the energy counter holds the CPU, too; the GPU has its power, and the module one besides."""
    fake_nvml.superchip(0)
    scopes = {
        name: line.channel.scope for name, line in by_name(Nvml()).items() if name.startswith(("energy", "power"))
    }

    assert {
        "energy_j": "module",
        "power_instant_w": "gpu",
        "power_module_w": "module",
        "power_limit_w": "gpu",
    } == scopes


def test_a_board_in_mig_mode_is_marked(fake_nvml: FakeNvml) -> None:
    """Its power is that of several tenants, whatever it is asked for."""
    fake_nvml.be(0, mig=True)

    assert {True} == {line.channel.partitioned for line in Nvml().lines}


def test_processes_of_others_are_counted(fake_nvml: FakeNvml) -> None:
    """This process does not disturb itself."""
    fake_nvml.occupy(0, 101, os.getpid(), 103)

    assert 2 == by_name(Nvml())["other_processes"].ask()


def test_what_a_board_lacks_is_no_line(fake_nvml: FakeNvml) -> None:
    """A board older than Volta has no energy counter; that is not an error at every reading."""
    fake_nvml.fail(0, "ENERGY", NOT_SUPPORTED)

    assert "energy_j" not in by_name(Nvml())


def test_what_only_fails_stays(fake_nvml: FakeNvml) -> None:
    """A sensor that fails while the meter is opened is asked again later."""
    fake_nvml.fail(0, "TEMP", GPU_IS_LOST)
    temperature = by_name(Nvml())["temperature_c"]
    fake_nvml.fail(0, "TEMP", 0)

    assert 40 == temperature.ask()


def test_a_lost_board_harms_no_other(fake_nvml: FakeNvml) -> None:
    """A board lost in mid-run raises NVML's error; the other goes on."""
    fake_nvml.set_up(boards=2)
    lost, sound = (line for line in Nvml().lines if line.channel.quantity == "power_w")
    fake_nvml.fail(0, "FIELD", GPU_IS_LOST)

    assert 100 == sound.ask()
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        lost.ask()


@pytest.mark.parametrize("function", ["HANDLE", "UUID"])
def test_a_board_lost_before_does_not_hide_the_others(fake_nvml: FakeNvml, function: str) -> None:
    """A board that gives no identity when the meter is opened is known by its place."""
    fake_nvml.set_up(boards=2)
    fake_nvml.fail(0, function, GPU_IS_LOST)

    assert {"NVIDIA board 0", fake_nvml.uuid(1)} == devices(Nvml())


def test_a_lost_board_is_asked_again_each_time(fake_nvml: FakeNvml) -> None:
    """First for its handle, then for its power: it raises while it is lost, and may come back."""
    fake_nvml.set_up(boards=2)
    fake_nvml.fail(0, "HANDLE", GPU_IS_LOST)
    lost = Nvml().lines[0]
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        lost.ask()
    fake_nvml.fail(0, "HANDLE", 0)
    fake_nvml.lack_fields(0)

    assert 100 == lost.ask()


def test_a_board_that_hangs_when_it_is_opened_does_not_hide_the_others(fake_nvml: FakeNvml) -> None:
    """It is given up after a while, and counts as lost."""
    fake_nvml.set_up(boards=2)
    fake_nvml.delay(0, "UUID", 1.0)

    assert {"NVIDIA board 0", fake_nvml.uuid(1)} == devices(Nvml(open_s=0.2))


def test_a_board_whose_state_hangs_keeps_energy_and_power(fake_nvml: FakeNvml) -> None:
    """What it told before the deadline are its lines, under its UUID."""
    fake_nvml.delay(0, "TEMP", 1.0)
    meter = Nvml(open_s=0.2)

    assert ({"energy_j", "power_instant_w"}, {fake_nvml.uuid(0)}) == (by_name(meter).keys(), devices(meter))


def test_a_board_that_hangs_after_its_identity_keeps_it(fake_nvml: FakeNvml) -> None:
    """It is asked for its power by the UUID that it told."""
    fake_nvml.delay(0, "LIMIT", 1.0)
    (line,) = Nvml(open_s=0.2).lines

    assert (fake_nvml.uuid(0), 100) == (line.channel.device, line.ask())


def test_a_board_whose_fields_fail_is_in_no_module(fake_nvml: FakeNvml) -> None:
    """Failing is no answer: the board stays a plain one, and the oldest question, which answers, is asked."""
    fake_nvml.fail(0, "FIELD", UNKNOWN)
    lines = by_name(Nvml())

    assert ("gpu", 100) == (lines["energy_j"].channel.scope, lines["power_average_w"].ask())
    assert "power_module_w" not in lines


def test_of_ways_that_all_fail_the_best_stays(fake_nvml: FakeNvml) -> None:
    """None answers, none is unsupported: the first may come back."""
    fake_nvml.fail(0, "FIELD", GPU_IS_LOST)
    fake_nvml.fail(0, "POWER", GPU_IS_LOST)
    power = by_name(Nvml())["power_instant_w"]
    fake_nvml.fail(0, "FIELD", 0)

    assert 100 == power.ask()


def test_bad_bytes_in_a_name_cost_the_name_alone(fake_nvml: FakeNvml) -> None:
    """The board is read as ever."""
    fake_nvml.be(0, name=b"\xff\xfe GPU")
    power = by_name(Nvml())["power_instant_w"]

    assert ("", fake_nvml.uuid(0), 100) == (power.channel.label, power.channel.device, power.ask())


def test_a_board_that_fails_in_an_unknown_way_harms_no_other(fake_nvml: FakeNvml) -> None:
    """Bad bytes in an identity are no error of NVML's."""
    fake_nvml.set_up(boards=2)
    fake_nvml.be(0, uuid=b"\xff")

    assert {"NVIDIA board 0", fake_nvml.uuid(1)} == devices(Nvml())


def test_power_above_twice_the_limit_is_nonsense(fake_nvml: FakeNvml) -> None:
    """The channel of each power says so; a limit that is absurd tells nothing."""
    plain = by_name(Nvml())["power_instant_w"].channel.max_w
    fake_nvml.be(0, limit_w=4_294_967.295)

    assert (1_400, 2_000) == (plain, by_name(Nvml())["power_instant_w"].channel.max_w)


def no_driver(fake: FakeNvml) -> None:
    """Let the library find no driver."""
    fake.fail_init(DRIVER_NOT_LOADED)


def no_board(fake: FakeNvml) -> None:
    """Let the driver find no board."""
    fake.set_up(boards=0)


@pytest.mark.parametrize(("state", "said"), [(no_driver, "install the driver"), (no_board, "finds no board")])
def test_no_instrument_is_one_helpful_sentence(
    fake_nvml: FakeNvml, state: Callable[[FakeNvml], None], said: str
) -> None:
    """Without a driver or a board there is nothing to mend on this machine."""
    state(fake_nvml)

    with pytest.raises(NoMeterError, match=said):
        Nvml()


def updated_driver(fake: FakeNvml) -> None:
    """Let library and driver be of two versions."""
    fake.fail_init(VERSION_MISMATCH)


def lost_board(fake: FakeNvml) -> None:
    """Let the only board be lost."""
    fake.fail(0, "UUID", GPU_IS_LOST)


@pytest.mark.parametrize(("state", "said"), [(updated_driver, "restart the node"), (lost_board, "None of 1 boards")])
def test_an_instrument_that_is_there_and_refuses_says_so(
    fake_nvml: FakeNvml, state: Callable[[FakeNvml], None], said: str
) -> None:
    """Somebody could mend that, so it is no missing instrument."""
    state(fake_nvml)

    with pytest.raises(MeterError, match=said) as refusal:
        Nvml()

    assert not isinstance(refusal.value, NoMeterError)
