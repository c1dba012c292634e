"""Every source of power figures of a node: can it be read, which devices does it have, and if not, why not."""

from dataclasses import dataclass

from raystudy.errors import MeterError
from raystudy.power import METERS
from raystudy.study import Metering


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One kind of instrument on this node."""

    name: str
    """As metering.meters calls it."""
    readable: bool
    estimated: bool
    """Whether all it gives is an estimate."""
    devices: tuple[str, ...]
    reason: str | None
    """Why it is not readable, and what to do."""


def sources(metering: Metering) -> tuple[Source, ...]:
    """Try every instrument of this node once."""
    return tuple(_source(name, metering) for name in METERS)


def _source(name: str, metering: Metering) -> Source:
    try:
        meter = METERS[name](metering)
    except MeterError as error:
        return Source(name=name, readable=False, estimated=False, devices=(), reason=str(error))
    channels = meter.channels
    meter.close()
    return Source(
        name=name,
        readable=True,
        estimated=all(channel.estimated for channel in channels),
        devices=tuple(dict.fromkeys(channel.device for channel in channels)),
        reason=None,
    )
