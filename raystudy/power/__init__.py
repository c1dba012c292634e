"""Instruments and how they are read: meter ──Sampler──▶ traces, one sampler a node, as a Ray actor in `monitor`."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from raystudy.errors import MeterError
from raystudy.power.meter import Meter as Meter
from raystudy.study import Metering


def _nvml(_metering: Metering) -> Meter:
    from raystudy.power.nvml import Nvml

    return Nvml()


def _rapl(metering: Metering) -> Meter:
    from raystudy.power.rapl import Rapl

    return Rapl(Path(metering.powercap_root))


def _nameplate(metering: Metering) -> Meter:
    from raystudy.power.nameplate import Nameplate

    return Nameplate(metering.nameplate_w_per_cpu)


METERS: Mapping[str, Callable[[Metering], Meter]] = {"nvml": _nvml, "rapl": _rapl, "nameplate": _nameplate}
"""How each instrument is opened; an opener raises MeterError where it cannot be read."""

LAST_RESORT = "nameplate"
"""Opened by itself only where no CPU package can be measured: a CPU study would have no figure at all."""


def open_meters(metering: Metering) -> tuple[tuple[Meter, ...], dict[str, str]]:
    """
    Open the instruments of this node.

    Returns them, and for every other name of METERS the reason why it is not read. Raises MeterError for an
    instrument that the study names and that cannot be read.
    """
    if metering.meters is not None:
        return _asked_for(metering.meters, metering)
    opened, reasons = _readable([name for name in METERS if name != LAST_RESORT], metering)
    if any(channel.scope == "package" for meter in opened for channel in meter.channels):
        return opened, reasons | {LAST_RESORT: "Not needed: the CPU package is measured."}
    return (*opened, METERS[LAST_RESORT](metering)), reasons


def _asked_for(names: tuple[str, ...], metering: Metering) -> tuple[tuple[Meter, ...], dict[str, str]]:
    opened, reasons = _readable(names, metering)
    if reasons:
        for meter in opened:
            meter.close()
        sentences = " ".join(f"metering.meters asks for {name!r}: {reason}" for name, reason in reasons.items())
        raise MeterError(sentences)
    return opened, {name: "Not asked for by metering.meters." for name in METERS if name not in names}


def _readable(names: Iterable[str], metering: Metering) -> tuple[tuple[Meter, ...], dict[str, str]]:
    """Open what can be opened, each name once; tell why the rest cannot."""
    opened, reasons = [], {}
    for name in dict.fromkeys(names):
        try:
            opened.append(METERS[name](metering))
        except MeterError as error:
            reasons[name] = str(error)
    return tuple(opened), reasons
