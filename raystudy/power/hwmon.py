"""Power and energy sensors of the kernel's hardware monitor: free to read, and on some machines all there is.

    ROOT/hwmon3/{name, power1_average, power1_oem_info}      power_meter, "Module Power Socket 0"
    ROOT/hwmon3/device ──▶ the device, whose name is the identity; hwmon3 is another at the next boot

Units are those of the kernel: Documentation/hwmon/sysfs-interface.rst (uJ, uW, ms).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.meter import Line
from raystudy.power.sysfs import number_of, text_of
from raystudy.record.trace import Channel, Scope

J_PER_UJ = 1e-6
W_PER_UW = 1e-6
S_PER_MS = 1e-3

UPDATE_S = 0.1
"""Longest time between two updates where a driver does not tell. A guess: drivers ask their firmware at each read."""

LONGEST_AVERAGE_S = 1.0
"""Taken for any longer mean: nobody waits minutes for a figure, nor moves samples by what may be garbage."""

MAX_W = 1000.0
"""Twice the hungriest socket, as in `rapl`."""

MAX_POWER_W, MAX_BOARD_W = 5000.0, 30_000.0
"""Beyond any board or module, and twice a machine with eight GPUs (14.3 kW, NVIDIA DGX B200): more is nonsense."""

_SENSOR = re.compile(r"(?P<key>(?P<kind>energy|power)\d+)_(?P<what>input|average)")


class Hwmon:
    """The sensors of this node. Raises NoMeterError without any that is known, MeterError where none may be read."""

    def __init__(self, root: Path) -> None:
        sensors = tuple(sensor for folder in _folders(root) for sensor in _sensors(folder))
        known = [(sensor, scope) for sensor in sensors if (scope := sensor.scope)]
        if not known:
            others = ", ".join(sorted({sensor.driver for sensor in sensors}))
            raise NoMeterError(
                f"There is no sensor under {root} that tells the power of a known part of the machine."
                + (f" Ignored: {others}." if others else ""),
                "In a container mount the host's tree, and name it by metering.hwmon_root or RAYSTUDY_HWMON.",
            )
        refused = [error for sensor, _ in known if (error := sensor.refused())]
        if len(refused) == len(known):
            raise MeterError(
                f"The sensors of power cannot be read: {refused[0]}.",
                f"`sudo chmod a+r {' '.join(str(sensor.file) for sensor, _ in known)}`, or read them as root.",
            )
        self._lines = tuple(sensor.line(scope) for sensor, scope in known)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Power or energy of each sensor."""
        return self._lines

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sensor:
    """One energy or power file, and who keeps it."""

    driver: str
    parent: str
    label: str
    file: Path

    @property
    def scope(self) -> Scope | None:
        """What it covers; null where that is unknown, or inside what another sensor covers."""
        tell = _SCOPES.get(self.driver)
        return tell(self) if tell else None

    def read(self, per: float) -> float:
        return int(self.file.read_text()) * per

    def refused(self) -> OSError | ValueError | None:
        try:
            self.read(1)
        except (OSError, ValueError) as error:
            return error
        return None

    def line(self, scope: Scope) -> Line:
        device, key = f"{self.driver}@{self.parent}/{self.label}", self.file.name.partition("_")[0]
        if key.startswith("energy"):
            channel = Channel(
                name=f"hwmon/{device}/energy_j",
                quantity="energy_j",
                scope=scope,
                device=device,
                label=self.label,
                update_s=UPDATE_S,
                max_w=MAX_W,
            )
            return Line(channel=channel, ask=partial(self.read, J_PER_UJ))
        told_s = (number_of(self.file.with_name(f"{key}_average_interval")) or 0) * S_PER_MS
        average_s = min(max(told_s, 0.0), LONGEST_AVERAGE_S)
        kind = "average" if self.file.name.endswith("average") else "instant"
        channel = Channel(
            name=f"hwmon/{device}/power_{kind}_w",
            quantity="power_w",
            scope=scope,
            device=device,
            label=self.label,
            update_s=max(average_s, UPDATE_S),
            average_s=average_s if kind == "average" else 0.0,
            max_w=MAX_BOARD_W if scope == "board" else MAX_POWER_W,
        )
        return Line(channel=channel, ask=partial(self.read, W_PER_UW))


def _amd_energy(sensor: _Sensor) -> Scope | None:
    """Esocket0 is a package, Ecore000 inside it (Documentation/hwmon/amd_energy.rst, v5.9; zenergy is its heir)."""
    return "package" if sensor.label.startswith("Esocket") else None


def _power_meter(sensor: _Sensor) -> Scope | None:
    """
    Return what an ACPI power meter covers (Documentation/hwmon/acpi_power_meter.rst), by its OEM's words.

    Grace: the module holds GPU and CPU, "Grace" the CPU's side, whose parts are "CPU" and "SysIO" (NVIDIA Grace
    Performance Tuning Guide, power telemetry). Any other is taken for the whole machine.
    """
    words: tuple[tuple[str, Scope | None], ...] = (
        ("Module Power", "module"),
        ("Grace Power", "package"),
        ("CPU Power", None),
        ("SysIO Power", None),
    )
    return next((scope for word, scope in words if sensor.label.startswith(word)), "board")


def _amdgpu(sensor: _Sensor) -> Scope | None:
    """
    Return gpu, or package for a GPU inside a processor: "On APUs this includes the CPU" (Documentation/gpu/amdgpu).

    An APU's gpu_metrics have format 2 or 3, a board's 1 (kgd_pp_interface.h, struct metrics_table_header).
    """
    with suppress(OSError):
        metrics = (sensor.file.parent / "device" / "gpu_metrics").read_bytes()
        if len(metrics) > 2 and metrics[2] in {2, 3}:
            return "package"
    return "gpu"


def _zenpower(sensor: _Sensor) -> Scope | None:
    """Return package, of which SVI2_P_Core and SVI2_P_SoC are the two rails; RAPL_P_Core is inside RAPL_P_Package."""
    return None if sensor.label.endswith("RAPL_P_Core") else "package"


_SCOPES: Mapping[str, Callable[[_Sensor], Scope | None]] = {
    "amd_energy": _amd_energy,
    "zenergy": _amd_energy,
    "power_meter": _power_meter,
    "amdgpu": _amdgpu,
    "zenpower": _zenpower,
    "k10temp": _zenpower,
    "fam15h_power": _zenpower,
}
"""What the sensors of a driver cover. Sensors of other drivers are ignored: nobody knows whose joules they count."""


def _folders(root: Path) -> list[Path]:
    """Return the folders of the sensors, by number."""
    found = (folder for folder in root.glob("hwmon*") if folder.name.removeprefix("hwmon").isdecimal())
    return sorted(found, key=lambda folder: int(folder.name.removeprefix("hwmon")))


def _sensors(folder: Path) -> Iterator[_Sensor]:
    """Yield the sensors of a folder; old drivers, as power_meter, keep theirs in the folder of the device."""
    parent = (folder / "device").resolve().name if (folder / "device").exists() else folder.name
    for place in (folder, folder / "device"):
        found: dict[str, Path] = {}
        for file in sorted(place.glob("*_*"), reverse=True):  # input before average, so that the instant one is read
            if match := _SENSOR.fullmatch(file.name):
                found.setdefault(match["key"], file)
        for key, file in sorted(found.items()):
            yield _Sensor(
                driver=text_of(folder / "name") or text_of(folder / "device" / "name"),
                parent=parent,
                label=text_of(place / f"{key}_label") or text_of(place / f"{key}_oem_info") or key,
                file=file,
            )
