"""RAPL, on a powercap tree in a folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.rapl import Rapl, unreadable
from tests.fakes.rapl import count, zone


def devices(root: Path) -> list[str]:
    """Return what is read under a root."""
    return [line.channel.device for line in Rapl(root, pause=lambda _s: None).lines]


def moving(*folders: Path, steps_uj: int = 1_000_000) -> Callable[[float], None]:
    """Return a pause in which the counters of some zones move by so much."""

    def pause(_s: float) -> None:
        for folder in folders:
            count(folder, int((folder / "energy_uj").read_text()) + steps_uj)

    return pause


def test_a_line_gives_the_raw_counter(tmp_path: Path) -> None:
    """A counter that starts again falls; the channel says where it did, the range and one unit."""
    folder = zone(tmp_path, "intel-rapl:0", name="package-0", energy_uj=900_000, range_uj=1_000_000)
    (line,) = Rapl(tmp_path).lines
    before = line.ask()
    count(folder, 100_000)

    assert pytest.approx((0.9, 0.1, 1.000001), rel=1e-12) == (before, line.ask(), line.channel.wraps_at_j)


def test_what_is_known_of_a_zone(tmp_path: Path) -> None:
    """It moves every millisecond, is read as often as power, and its scale is not specified."""
    zone(tmp_path, "intel-rapl:0", name="package-0")
    (line,) = Rapl(tmp_path).lines
    channel = line.channel

    assert ("rapl/package-0@intel-rapl:0/energy_j", "package-0") == (channel.name, channel.label)
    assert (0.001, None, 1_000.0, False) == (channel.update_s, channel.rel_gain, channel.max_w, line.seldom)


@pytest.mark.parametrize("limit", ["constraint_0_max_power_uw", "constraint_1_power_limit_uw"])
def test_a_zone_may_draw_twice_its_limit(tmp_path: Path, limit: str) -> None:
    """A socket of 700 W is plausible up to 1400 W, above the usual bound."""
    (zone(tmp_path, "intel-rapl:0", name="package-0") / limit).write_text("700000000\n")

    assert 1_400 == Rapl(tmp_path).lines[0].channel.max_w


def test_each_joule_is_counted_once(tmp_path: Path) -> None:
    """Package and dram are counted; psys holds them all, core and uncore are inside the package."""
    zone(tmp_path, "intel-rapl:0", name="package-0")
    for number, name in enumerate(("core", "uncore", "dram")):
        zone(tmp_path, f"intel-rapl:0/intel-rapl:0:{number}", name=name)
    zone(tmp_path, "intel-rapl:1", name="psys")

    assert ["package-0@intel-rapl:0", "package-0/dram@intel-rapl:0:2"] == devices(tmp_path)


def test_scopes_tell_package_and_memory_apart(tmp_path: Path) -> None:
    """The memory's energy has a scope of its own: it is outside the package's figure."""
    zone(tmp_path, "intel-rapl:0", name="package-0")
    zone(tmp_path, "intel-rapl:0/intel-rapl:0:0", name="dram")

    assert ["package", "dram"] == [line.channel.scope for line in Rapl(tmp_path).lines]


def test_inner_zones_that_sysfs_links_beside_their_parent_count_once(tmp_path: Path) -> None:
    """In /sys/class/powercap an inner zone lies in its parent and, as a link, beside it."""
    zone(tmp_path, "intel-rapl:0", name="package-0")
    inner = zone(tmp_path, "intel-rapl:0/intel-rapl:0:0", name="dram")
    (tmp_path / "intel-rapl:0:0").symlink_to(inner)

    assert ["package-0@intel-rapl:0", "package-0/dram@intel-rapl:0:0"] == devices(tmp_path)


def test_a_tree_without_the_flat_links_is_read_too(tmp_path: Path) -> None:
    """/sys/devices/virtual/powercap keeps the zones under the name of their driver."""
    zone(tmp_path, "intel-rapl/intel-rapl:0", name="package-0")
    zone(tmp_path, "intel-rapl/intel-rapl:0/intel-rapl:0:0", name="dram")

    assert ["package-0@intel-rapl:0", "package-0/dram@intel-rapl:0:0"] == devices(tmp_path)


def test_the_mmio_twin_of_a_package_is_left_out(tmp_path: Path) -> None:
    """The MMIO zone of a package is the same package once more; alone, it is the package."""
    zone(tmp_path, "intel-rapl:0", name="package-0")
    zone(tmp_path, "intel-rapl-mmio:0", name="package-0")
    zone(tmp_path, "intel-rapl-mmio:1", name="package-1")

    assert ["package-0@intel-rapl:0", "package-1@intel-rapl-mmio:1"] == devices(tmp_path)


def test_more_than_ten_dies_are_read_in_order(tmp_path: Path) -> None:
    """Multi-die packages are named package-0-die-0; zone 10 comes after zone 9."""
    expected = []
    for die in range(12):
        zone(tmp_path, f"intel-rapl:{die}", name=f"package-0-die-{die}")
        expected.append(f"package-0-die-{die}@intel-rapl:{die}")

    assert expected == devices(tmp_path)


def test_dies_that_mirror_one_register_count_once(tmp_path: Path) -> None:
    """Older kernels show AMD's package register once for each die: equal counters that move together are one."""
    dies = [zone(tmp_path, f"intel-rapl:{die}", name=f"package-0-die-{die}", energy_uj=7) for die in range(2)]
    zone(tmp_path, "intel-rapl:0/intel-rapl:0:0", name="dram")
    zone(tmp_path, "intel-rapl:1/intel-rapl:1:0", name="dram")
    lines = Rapl(tmp_path, pause=moving(*dies)).lines

    assert ["package-0-die-0", "package-0-die-0/dram"] == [line.channel.label for line in lines]


def test_dies_of_their_own_are_all_counted(tmp_path: Path) -> None:
    """Where each die has a register, its counter is another one, though it moves as fast."""
    dies = [zone(tmp_path, f"intel-rapl:{die}", name=f"package-0-die-{die}", energy_uj=7 + die) for die in range(2)]

    assert 2 == len(Rapl(tmp_path, pause=moving(*dies)).lines)


def test_dies_that_begin_alike_and_move_apart_are_all_counted(tmp_path: Path) -> None:
    """Equal once is no proof."""
    dies = [zone(tmp_path, f"intel-rapl:{die}", name=f"package-0-die-{die}", energy_uj=7) for die in range(2)]

    assert 2 == len(Rapl(tmp_path, pause=moving(dies[0])).lines)


def test_dies_that_never_move_are_all_counted(tmp_path: Path) -> None:
    """Counters that stand still tell nothing of each other."""
    for die in range(2):
        zone(tmp_path, f"intel-rapl:{die}", name=f"package-0-die-{die}", energy_uj=7)

    assert 2 == len(devices(tmp_path))


def test_packages_that_move_together_are_all_counted(tmp_path: Path) -> None:
    """Two sockets are two sockets; nobody waits to see."""
    for package in range(2):
        zone(tmp_path, f"intel-rapl:{package}", name=f"package-{package}", energy_uj=7)

    def pause(_s: float) -> None:
        raise AssertionError("there is nothing to tell apart")

    assert 2 == len(Rapl(tmp_path, pause=pause).lines)


def test_a_zone_that_cannot_be_read_harms_no_other(tmp_path: Path) -> None:
    """It stays a line, which raises; the other zone is read."""
    (zone(tmp_path, "intel-rapl:0", name="package-0") / "energy_uj").unlink()
    zone(tmp_path, "intel-rapl:1", name="package-1", energy_uj=7_000_000)
    lost, sound = Rapl(tmp_path).lines

    assert 7.0 == sound.ask()
    with pytest.raises(FileNotFoundError):
        lost.ask()


def test_a_zone_that_comes_back_is_read_again(tmp_path: Path) -> None:
    """Nothing is held open, so a driver may be reloaded."""
    folder = zone(tmp_path, "intel-rapl:0", name="package-0", energy_uj=5_000_000)
    (line,) = Rapl(tmp_path).lines
    (folder / "energy_uj").unlink()
    count(folder, 1_000_000)

    assert 1.0 == line.ask()


def test_a_zone_that_hides_its_range_is_read(tmp_path: Path) -> None:
    """Where it wraps is not known then; null says so."""
    (zone(tmp_path, "intel-rapl:0", name="package-0") / "max_energy_range_uj").unlink()

    assert Rapl(tmp_path).lines[0].channel.wraps_at_j is None


@pytest.mark.parametrize("text", [b"\xff\xfe\n", "²\n".encode(), b"1\n", b"0\n", b"-5\n", b""])
def test_a_range_that_is_garbage_tells_nothing(tmp_path: Path, text: bytes) -> None:
    """Nor does one below 1 J: a counter that wraps all the time could not be read."""
    (zone(tmp_path, "intel-rapl:0", name="package-0") / "max_energy_range_uj").write_bytes(text)

    assert Rapl(tmp_path).lines[0].channel.wraps_at_j is None


def test_an_absurd_limit_tells_nothing(tmp_path: Path) -> None:
    """2^64 - 1 uW is 18 TW: with it no power would be implausible. The sound one beside it counts."""
    folder = zone(tmp_path, "intel-rapl:0", name="package-0")
    (folder / "constraint_0_power_limit_uw").write_text("18446744073709551615\n")
    (folder / "constraint_1_power_limit_uw").write_text("600000000\n")

    assert 1_200 == Rapl(tmp_path).lines[0].channel.max_w


def test_a_name_that_is_garbage_harms_no_other_zone(tmp_path: Path) -> None:
    """One unreadable byte costs its own zone alone."""
    zone(tmp_path, "intel-rapl:0", name="package-0")
    (zone(tmp_path, "intel-rapl:1", name="package-1") / "name").write_bytes(b"\xff\xfe\n")

    assert ["package-0@intel-rapl:0"] == devices(tmp_path)


def test_no_tree_is_one_helpful_sentence(tmp_path: Path) -> None:
    """Without a package the message names the folder, the setting and the variable."""
    with pytest.raises(NoMeterError, match=r"no RAPL package under .*missing.*powercap_root or RAYSTUDY_POWERCAP"):
        Rapl(tmp_path / "missing")


def test_counters_that_none_can_be_read_are_named(tmp_path: Path) -> None:
    """Where all zones refuse, the meter does: they are there, and somebody could mend it."""
    (zone(tmp_path, "intel-rapl:0", name="package-0") / "energy_uj").unlink()

    with pytest.raises(MeterError, match="intel-rapl:0/energy_uj") as refusal:
        Rapl(tmp_path)

    assert not isinstance(refusal.value, NoMeterError)


def test_counters_kept_for_root_come_with_the_fix() -> None:
    """Since Linux 5.10 only root may read energy_uj: the fix is a command for all zones, and a udev rule."""
    refusal = unreadable([Path("/sys/a/energy_uj"), Path("/sys/b/energy_uj")], PermissionError(13, "denied"))

    assert "`sudo chmod a+r /sys/a/energy_uj /sys/b/energy_uj`" in refusal.fix
    assert 'SUBSYSTEM=="powercap"' in refusal.fix
