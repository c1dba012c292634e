"""RAPL, on a powercap tree in a folder."""

from pathlib import Path

import pytest

from raystudy.errors import MeterError
from raystudy.power.rapl import Rapl, unreadable
from tests.fakes.rapl import count, zone


def devices(root: Path) -> list[str]:
    """Return what is read under a root."""
    return [channel.device for channel in Rapl(root).channels]


def test_a_counter_that_goes_round_never_runs_backwards(tmp_path: Path) -> None:
    """A counter that starts again adds its range and one unit: 0.9 J, then 0.1 J, is 1.100001 J."""
    folder = zone(tmp_path, "intel-rapl:0", name="package-0", energy_uj=900_000, range_uj=1_000_000)
    meter = Rapl(tmp_path)
    meter.read()
    count(folder, 100_000)

    assert pytest.approx(1.100001, rel=1e-12) == meter.read()[0].value


def test_a_wrap_between_opening_and_the_first_reading_is_seen(tmp_path: Path) -> None:
    """The counter is followed from the moment it is opened."""
    folder = zone(tmp_path, "intel-rapl:0", name="package-0", energy_uj=900_000, range_uj=1_000_000)
    meter = Rapl(tmp_path)
    count(folder, 100_000)

    assert pytest.approx(1.100001, rel=1e-12) == meter.read()[0].value


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

    assert ["package", "dram"] == [channel.scope for channel in Rapl(tmp_path).channels]


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


def test_a_zone_that_vanishes_harms_no_other(tmp_path: Path) -> None:
    """A file that cannot be read any more gives null and the reason; the other zone goes on."""
    lost = zone(tmp_path, "intel-rapl:0", name="package-0", energy_uj=5)
    zone(tmp_path, "intel-rapl:1", name="package-1", energy_uj=7_000_000)
    meter = Rapl(tmp_path)
    (lost / "energy_uj").unlink()
    first, second = meter.read()

    assert (None, 7.0) == (first.value, second.value)
    assert "intel-rapl:0/energy_uj" in str(first.error)


def test_no_tree_is_one_helpful_sentence(tmp_path: Path) -> None:
    """Without a package the message names the folder and the setting."""
    with pytest.raises(MeterError, match=r"no RAPL package under .*missing.*metering\.powercap_root"):
        Rapl(tmp_path / "missing")


def test_a_counter_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A zone whose counter cannot be read is refused at opening, by the name of its file."""
    (zone(tmp_path, "intel-rapl:0", name="package-0") / "energy_uj").unlink()

    with pytest.raises(MeterError, match="intel-rapl:0/energy_uj"):
        Rapl(tmp_path)


def test_a_counter_kept_for_root_comes_with_the_fix() -> None:
    """Since Linux 5.10 only root may read energy_uj: the message gives the command and the udev rule."""
    message = str(unreadable(Path("/sys/x/energy_uj"), PermissionError(13, "Permission denied")))

    assert "`sudo chmod a+r /sys/x/energy_uj`" in message
    assert "udev rule" in message
