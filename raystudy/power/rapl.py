"""Intel and AMD processors through RAPL, as the kernel's powercap tree shows it.

    ROOT/intel-rapl:0/{name, energy_uj, max_energy_range_uj}      package-0
    ROOT/intel-rapl:0/intel-rapl:0:1/...                          dram, beside its package and not inside its figure

Only package and dram are counted: core and uncore are inside the package, psys contains everything, and the
intel-rapl-mmio zones are the same packages once more (kernel: Documentation/power/powercap/powercap.rst).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from raystudy.errors import MeterError
from raystudy.power.counter import Counter
from raystudy.power.meter import stamped
from raystudy.record.trace import Channel, Reading, Scope

J_PER_UJ = 1e-6


class Rapl:
    """The packages and memories of this node; raises MeterError where there are none, or they may not be read."""

    def __init__(self, root: Path) -> None:
        self._zones = tuple(_Zone(place) for place in _counted(root))
        if not self._zones:
            raise MeterError(
                f"There is no RAPL package under {root}. It takes Linux on an Intel or AMD processor, not a virtual "
                "machine; in a container mount the host's tree, and name it by metering.powercap_root."
            )

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The energy of each package and memory."""
        return tuple(zone.channel for zone in self._zones)

    def read(self) -> tuple[Reading, ...]:
        """Return one reading for each channel."""
        return tuple(stamped(zone.read_j) for zone in self._zones)

    def close(self) -> None:
        """Nothing is held open."""


def unreadable(file: Path, error: Exception) -> MeterError:
    """Return what to tell a user whose system keeps a file from them."""
    if not isinstance(error, PermissionError):
        return MeterError(f"RAPL cannot be read from {file}: {error}.")
    return MeterError(
        f"RAPL cannot be read: only root may read {file} (Linux 5.10 and later). Until the next boot: "
        f"`sudo chmod a+r {file}`. For good, a udev rule: "
        'SUBSYSTEM=="powercap", KERNEL=="intel-rapl:*", RUN+="/bin/chmod a+r /sys/class/powercap/%k/energy_uj"'
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A zone and its identity: its name under its parent's, and where the kernel keeps it."""

    folder: Path
    names: str
    scope: Scope

    @property
    def device(self) -> str:
        return f"{self.names}@{self.folder.name}"


class _Zone:
    """The counter of one zone; the kernel starts it again at max_energy_range_uj + 1."""

    def __init__(self, place: _Place) -> None:
        device, self._file = place.device, place.folder / "energy_uj"
        self.channel = Channel(name=f"rapl/{device}/energy", quantity="energy_j", scope=place.scope, device=device)
        self._counter = Counter(int(_read(place.folder / "max_energy_range_uj")) + 1)
        self._counter.unwrapped(int(_read(self._file)))

    def read_j(self) -> float:
        """Return the joules counted, laps included."""
        return self._counter.unwrapped(int(self._file.read_text())) * J_PER_UJ


def _counted(root: Path) -> Iterator[_Place]:
    """Yield the zones whose joules are counted, each joule once."""
    packages: set[str] = set()
    for prefix in ("intel-rapl", "intel-rapl-mmio"):
        for folder in _zones(prefix, root / prefix, root):
            name = _read(folder / "name")
            if name.startswith("package") and (prefix == "intel-rapl" or name not in packages):
                packages.add(name)
                yield _Place(folder, name, "package")
                for inner in _zones(folder.name, folder.parent, folder):
                    if _read(inner / "name") == "dram":
                        yield _Place(inner, f"{name}/dram", "dram")


def _zones(prefix: str, *parents: Path) -> list[Path]:
    """Return the zones PREFIX:NUMBER, by number; sysfs shows inner ones twice, in their parent and beside it."""
    found = {zone.name: zone for parent in parents for zone in parent.glob(f"{prefix}:*")}
    depth = prefix.count(":") + 1
    return sorted((zone for zone in found.values() if zone.name.count(":") == depth), key=_number)


def _number(zone: Path) -> int:
    return int(zone.name.rpartition(":")[2])


def _read(file: Path) -> str:
    """Return what a file of the tree says; raises MeterError where it may not be read."""
    try:
        return file.read_text().strip()
    except OSError as error:
        raise unreadable(file, error) from error
