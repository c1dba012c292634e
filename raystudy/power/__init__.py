"""Instruments and how they are read: meter ──Sampler──▶ traces, one sampler a node, as a Ray actor in `monitor`."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.meter import Line
from raystudy.power.meter import Meter as Meter
from raystudy.record.trace import Channel
from raystudy.study import Metering


def _root(setting: str | None, variable: str, default: str) -> Path:
    """Return where a kernel's tree is found: as the study says, else as the node says, else where it always is."""
    return Path(setting or os.environ.get(variable) or default)


def _nvml(_metering: Metering) -> Meter:
    from raystudy.power.nvml import Nvml

    return Nvml()


def _amd(_metering: Metering) -> Meter:
    from raystudy.power.amd import Amd

    return Amd()


def _rapl(metering: Metering) -> Meter:
    from raystudy.power.rapl import Rapl

    return Rapl(_root(metering.powercap_root, "RAYSTUDY_POWERCAP", "/sys/class/powercap"))


def _perf(_metering: Metering) -> Meter:
    from raystudy.power.perf import Perf

    return Perf()


def _hwmon(metering: Metering) -> Meter:
    from raystudy.power.hwmon import Hwmon

    return Hwmon(_root(metering.hwmon_root, "RAYSTUDY_HWMON", "/sys/class/hwmon"))


def _apple(_metering: Metering) -> Meter:
    from raystudy.power.apple import Apple

    return Apple()


def _battery(metering: Metering) -> Meter:
    from raystudy.power.battery import Battery

    return Battery(_root(metering.power_supply_root, "RAYSTUDY_POWER_SUPPLY", "/sys/class/power_supply"))


def _nameplate(metering: Metering) -> Meter:
    from raystudy.power.nameplate import Nameplate

    return Nameplate(metering.nameplate_w_per_cpu)


Opener = Callable[[Metering], Meter]

METERS: Mapping[str, Opener] = {
    "nvml": _nvml,
    "amd": _amd,
    "rapl": _rapl,
    "perf": _perf,
    "hwmon": _hwmon,
    "apple": _apple,
    "battery": _battery,
    "nameplate": _nameplate,
}
"""How each instrument is opened, in order of worth; an opener raises MeterError where it cannot be read."""

LAST_RESORT = "nameplate"
"""Opened by itself only where no CPU package can be measured: a CPU study would have no figure at all."""

_GPUS_OF = {"nvml": "NVIDIA", "amd": "AMD", "hwmon": "AMD", "apple": "Apple"}
"""Whose GPUs an instrument reads; those of two makers are different devices."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The instruments of a node that are read, and why the others are not."""

    meters: tuple[Meter, ...]
    reasons: Mapping[str, str]
    """For every name of METERS that is not read, why."""
    unreadable: tuple[str, ...]
    """Those among them that are there and cannot be read: somebody could mend that."""


def open_meters(metering: Metering, *, openers: Mapping[str, Opener] = METERS) -> Opened:
    """
    Open the instruments of this node; each joule is counted by one of them.

    Raises MeterError for an instrument that the study names and that cannot be read.
    """
    if metering.meters is not None:
        return _asked_for(metering.meters, metering, openers)
    opened, refusals = _readable([name for name in openers if name != LAST_RESORT], metering, openers)
    meters, reasons = _each_joule_once(opened)
    if any(line.channel.scope == "package" for meter in meters for line in meter.lines):
        reasons[LAST_RESORT] = "Not needed: the CPU package is measured."
    else:
        meters = (*meters, openers[LAST_RESORT](metering))
    unreadable = tuple(name for name, error in refusals.items() if not isinstance(error, NoMeterError))
    return Opened(meters=meters, reasons=reasons | _sentences(refusals), unreadable=unreadable)


def _asked_for(names: Iterable[str], metering: Metering, openers: Mapping[str, Opener]) -> Opened:
    wanted = [name for name in openers if name in set(names)]
    opened, refusals = _readable(wanted, metering, openers)
    if refusals:
        for meter in opened.values():
            meter.close()
        raise MeterError(
            " ".join(f"metering.meters asks for {name!r}: {why}" for name, why in _sentences(refusals).items())
        )
    meters, reasons = _each_joule_once(opened)
    left_out = {name: "Not asked for by metering.meters." for name in openers if name not in wanted}
    return Opened(meters=meters, reasons=reasons | left_out, unreadable=())


def _readable(
    names: Iterable[str], metering: Metering, openers: Mapping[str, Opener]
) -> tuple[dict[str, Meter], dict[str, MeterError]]:
    """Open what can be opened, in order of worth; tell why the rest cannot."""
    opened, refusals = {}, {}
    for name in names:
        try:
            opened[name] = openers[name](metering)
        except MeterError as error:
            refusals[name] = error
        except Exception as error:  # noqa: BLE001 - a library may fail in any way, and the others shall be read
            refusals[name] = MeterError(f"{name} cannot be opened: {type(error).__name__}: {error}.")
    return opened, refusals


def _sentences(refusals: Mapping[str, MeterError]) -> dict[str, str]:
    return {name: str(error) for name, error in refusals.items()}


@dataclass(frozen=True, slots=True)
class _Part:
    """What is left of a meter where better ones cover the rest."""

    lines: tuple[Line, ...]
    close: Callable[[], None]


def _each_joule_once(opened: Mapping[str, Meter]) -> tuple[tuple[Meter, ...], dict[str, str]]:
    """Leave to each meter what no meter before it covers; close those that are left without a line."""
    meters: list[Meter] = []
    reasons: dict[str, str] = {}
    covered_by: dict[str, str] = {}
    for name, meter in opened.items():
        lines = tuple(line for line in meter.lines if covered_by.setdefault(_part(name, line.channel), name) == name)
        if lines:
            meters.append(_Part(lines, meter.close))
        else:
            by = dict.fromkeys(covered_by[_part(name, line.channel)] for line in meter.lines)
            reasons[name] = f"Not needed: {', '.join(by)} covers the same."
            meter.close()
    return tuple(meters), reasons


def _part(name: str, channel: Channel) -> str:
    """Return what a channel of an instrument covers: two that return the same would count the same joules."""
    if channel.estimated:
        return f"estimate by {name}"
    return f"{_GPUS_OF.get(name, name)} GPUs" if channel.scope == "gpu" else channel.scope
