"""A laptop on its battery: the power of the whole machine, as long as nothing else feeds it.

    ROOT/BAT0/{type, status, power_now}  or  {current_now, voltage_now}
    ROOT/AC/{type, online}

Units are those of the kernel: Documentation/ABI/testing/sysfs-class-power (uW, uA, uV).
"""

from pathlib import Path

from raystudy.errors import NoMeterError
from raystudy.power.meter import Line
from raystudy.power.sysfs import number_of, text_of
from raystudy.record.trace import Channel

W_PER_UW = 1e-6
A_PER_UA = 1e-6
V_PER_UV = 1e-6

UPDATE_S = 2.0
"""
A guess. The kernel asks ACPI once a second at most (drivers/acpi/battery.c, cache_time). Some controllers move later,
every 10 s or more; but a figure is not waited for, nor are samples moved, for so long.
"""


class NotDischarging(Exception):  # noqa: N818 - its name is the code under which a failed reading is counted
    """The machine is fed by something else, so the battery does not tell its power."""


class Battery:
    """The batteries of this machine, as one line: they share its load. Raises NoMeterError where there is none."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._batteries = tuple(folder for folder in _supplies(root, "Battery") if _power_w(folder) is not None)
        if not self._batteries:
            raise NoMeterError(
                f"There is no battery that tells its power under {root}.",
                "It takes a laptop; in a container mount the host's tree, and name it by metering.power_supply_root "
                "or RAYSTUDY_POWER_SUPPLY.",
            )
        device = "+".join(folder.name for folder in self._batteries)
        channel = Channel(
            name=f"battery/{device}/power_w",
            quantity="power_w",
            scope="board",
            device=device,
            label=" + ".join(text_of(folder / "model_name") or folder.name for folder in self._batteries),
            update_s=UPDATE_S,
        )
        self._line = Line(channel=channel, ask=self._ask)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The power of the machine."""
        return (self._line,)

    def close(self) -> None:
        """Nothing is held open."""

    def _ask(self) -> float:
        """Return what all batteries give; raises NotDischarging where the machine is not fed by them alone."""
        states = [text_of(folder / "status") for folder in self._batteries]
        online = [folder.name for folder in _mains(self._root) if text_of(folder / "online") == "1"]
        if "Discharging" not in states or "Charging" in states or online:
            raise NotDischarging(f"The batteries are {', '.join(states)}; online: {', '.join(online) or 'nothing'}.")
        giving = (folder for folder, state in zip(self._batteries, states, strict=True) if state == "Discharging")
        return sum(_known(_power_w(folder), folder) for folder in giving)


def _supplies(root: Path, *types: str) -> list[Path]:
    """Return the supplies of the machine itself; those of scope Device feed a mouse or a pen."""
    folders = (folder for folder in root.glob("*") if text_of(folder / "type") in types)
    return sorted(folder for folder in folders if text_of(folder / "scope") != "Device")


def _mains(root: Path) -> list[Path]:
    return _supplies(root, "Mains", "USB", "Wireless")


def _power_w(battery: Path) -> float | None:
    """Return what a battery gives or takes; some drivers write a discharge below zero."""
    power_uw = number_of(battery / "power_now")
    if power_uw is not None:
        return abs(power_uw) * W_PER_UW
    current_ua, voltage_uv = number_of(battery / "current_now"), number_of(battery / "voltage_now")
    if current_ua is None or voltage_uv is None:
        return None
    return abs(current_ua) * A_PER_UA * voltage_uv * V_PER_UV


def _known(power_w: float | None, battery: Path) -> float:
    if power_w is None:
        raise OSError(f"{battery} does not tell its power any more.")
    return power_w
