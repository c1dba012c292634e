"""Intel and AMD processors through RAPL, as the kernel's powercap tree shows it.

    ROOT/intel-rapl:0/{name, energy_uj, max_energy_range_uj}      package-0
    ROOT/intel-rapl:0/intel-rapl:0:1/...                          dram, beside its package and not inside its figure

Only package and dram are counted: core and uncore are inside the package, psys contains everything, and the
intel-rapl-mmio zones are the same packages once more (kernel: Documentation/power/powercap/powercap.rst).
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.meter import Line
from raystudy.power.sysfs import number_of, text_of
from raystudy.record.trace import Channel, Scope

J_PER_UJ = 1e-6
W_PER_UW = 1e-6

UPDATE_S = 0.001
"""Intel SDM 3B, 15.10: about 1 ms; AMD: kernel, Documentation/hwmon/amd_energy.rst (v5.9)."""

MAX_W = 1000.0
"""Twice the hungriest socket: 500 W (Xeon 6900P, EPYC 9965)."""

ABSURD_W = 5000.0
"""A limit above this, as 2^64 - 1 uW, tells nothing."""

LEAST_RANGE_J = 1.0
"""A range below this tells nothing: the least that is known is 65.5 kJ, and half a millisecond makes no lap."""

SAMPLES, PAUSE_S = 8, 0.01
"""How two zones are told apart from one counter seen twice: in 70 ms a counter of its own moves 70 times."""

UDEV_RULE = 'SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*", RUN+="/bin/chmod a+r /sys/class/powercap/%k/energy_uj"'


class Rapl:
    """The packages and memories of this node. Raises NoMeterError without any, MeterError where none may be read."""

    def __init__(self, root: Path, *, pause: Callable[[float], None] = time.sleep) -> None:
        packages = _unmirrored(tuple(_packages(root)), pause)
        zones = tuple(zone for package in packages for zone in (package, *package.drams()))
        if not zones:
            raise NoMeterError(
                f"There is no RAPL package under {root}.",
                "It takes Linux on an Intel or AMD processor, not a virtual machine; in a container mount the host's "
                "tree, and name it by metering.powercap_root or RAYSTUDY_POWERCAP.",
            )
        refused = [error for error in map(_refused, zones) if error]
        if len(refused) == len(zones):
            raise unreadable([zone.counter for zone in zones], refused[0])
        self._lines = tuple(zone.line() for zone in zones)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The energy of each package and memory; one that may not be read raises when it is asked."""
        return self._lines

    def close(self) -> None:
        """Nothing is held open."""


def unreadable(files: Sequence[Path], error: OSError | ValueError) -> MeterError:
    """Return what to tell a user whose system keeps the counters from them."""
    reason = f"RAPL cannot be read from {files[0]}: {error}."
    if not isinstance(error, PermissionError):
        return MeterError(reason)
    return MeterError(
        f"RAPL cannot be read: only root may read {files[0]} (Linux 5.10 and later).",
        f"Until the next boot: `sudo chmod a+r {' '.join(map(str, files))}`. For good, a line in "
        f"/etc/udev/rules.d/60-rapl.rules: {UDEV_RULE}",
    )


@dataclass(frozen=True, slots=True)
class _Zone:
    """A zone: where the kernel keeps it, its name under its parent's, and what it covers."""

    folder: Path
    names: str
    scope: Scope

    @property
    def counter(self) -> Path:
        return self.folder / "energy_uj"

    @property
    def package(self) -> str:
        """`package-0` of `package-0-die-1`."""
        return self.names.partition("-die-")[0]

    def drams(self) -> Iterator["_Zone"]:
        """Yield the memory zones inside the folder of a package."""
        for inner in _numbered(self.folder.name, self.folder.parent, self.folder):
            if text_of(inner / "name") == "dram":
                yield _Zone(inner, f"{self.names}/dram", "dram")

    def read_j(self) -> float:
        """Return the counter, raw. Opened anew each time: 4 us, and it outlives a reload of the driver."""
        file = os.open(self.counter, os.O_RDONLY)
        try:
            return int(os.read(file, 32)) * J_PER_UJ
        finally:
            os.close(file)

    def line(self) -> Line:
        device = f"{self.names}@{self.folder.name}"
        return Line(
            channel=Channel(
                name=f"rapl/{device}/energy_j",
                quantity="energy_j",
                scope=self.scope,
                device=device,
                label=self.names,
                update_s=UPDATE_S,
                wraps_at_j=self.wraps_at_j(),
                max_w=self.max_w(),
            ),
            ask=self.read_j,
        )

    def wraps_at_j(self) -> float | None:
        """Return where the counter starts again: its range and one unit; null where it does not tell."""
        range_uj = number_of(self.folder / "max_energy_range_uj") or 0
        return (range_uj + 1) * J_PER_UJ if range_uj * J_PER_UJ >= LEAST_RANGE_J else None

    def max_w(self) -> float:
        """Return twice the highest limit, or the usual bound where that is more."""
        files = (*self.folder.glob("constraint_*_max_power_uw"), *self.folder.glob("constraint_*_power_limit_uw"))
        limits_w = [(number_of(file) or 0) * W_PER_UW for file in files]
        return max([MAX_W, *(2 * limit_w for limit_w in limits_w if limit_w <= ABSURD_W)])


def _packages(root: Path) -> Iterator[_Zone]:
    """Yield the packages, or their dies; a memory-mapped twin only where the package has no other zone."""
    known: set[str] = set()
    for prefix in ("intel-rapl", "intel-rapl-mmio"):
        found = [
            _Zone(folder, name, "package")
            for folder in _numbered(prefix, root / prefix, root)
            if (name := text_of(folder / "name")).startswith("package")
        ]
        yield from (zone for zone in found if zone.package not in known)
        known |= {zone.package for zone in found}


def _unmirrored(zones: Sequence[_Zone], pause: Callable[[float], None]) -> Iterator[_Zone]:
    """
    Yield each zone whose counter is its own.

    Kernels make a zone of each die also where all dies of a package read one register (AMD; mended by "powercap:
    intel_rapl: Fix the energy-pkg event for AMD CPUs").
    """
    several = len({zone.package for zone in zones}) < len(zones)
    seen = _watched(zones, pause) if several else ()
    for index, zone in enumerate(zones):
        twins = (earlier for earlier in range(index) if zones[earlier].package == zone.package)
        if not any(_same(seen, earlier, index) for earlier in twins):
            yield zone


def _watched(zones: Sequence[_Zone], pause: Callable[[float], None]) -> Sequence[Sequence[float | None]]:
    """Return what the counters of some zones say, a row each 10 ms."""
    rows = []
    for sample in range(SAMPLES):
        if sample:
            pause(PAUSE_S)
        rows.append([_value(zone) for zone in zones])
    return rows


def _same(rows: Sequence[Sequence[float | None]], one: int, other: int) -> bool:
    """Whether two counters moved, and together; a row may differ where the counter moved between its two reads."""
    values = {row[one] for row in rows}
    unequal = sum(row[one] != row[other] for row in rows)
    return None not in values and len(values) > 1 and unequal <= SAMPLES // 4


def _value(zone: _Zone) -> float | None:
    try:
        return zone.read_j()
    except (OSError, ValueError):
        return None


def _refused(zone: _Zone) -> OSError | ValueError | None:
    """Return why the counter of a zone cannot be read."""
    try:
        zone.read_j()
    except (OSError, ValueError) as error:
        return error
    return None


def _numbered(prefix: str, *parents: Path) -> list[Path]:
    """Return the zones PREFIX:NUMBER, by number; sysfs shows inner ones twice, in their parent and beside it."""
    named = re.compile(rf"{re.escape(prefix)}:(\d+)")
    found = {zone.name: zone for parent in parents for zone in parent.glob(f"{prefix}:*") if named.fullmatch(zone.name)}
    return sorted(found.values(), key=lambda zone: int(zone.name.rpartition(":")[2]))
