"""Every source of power figures of a node: can it be read, which devices does it have, and if not, why not.

An instrument that breaks or hangs is told of like one that refuses: the others are shown whatever it does.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from raystudy.errors import MeterError
from raystudy.power import METERS, Opener
from raystudy.power.meter import Line, code_of
from raystudy.record.trace import Channel, Scope
from raystudy.study import Metering

ANSWER_S = 10.0
"""An instrument that has not told what it has after this is given up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """What an instrument reads of one device."""

    device: str
    """Its identity, as in the tables."""
    label: str
    """What people call it."""
    scope: Scope
    channels: tuple[str, ...]
    errors: tuple[str, ...]
    """What its channels failed with just now, as `NotDischarging` or `EACCES`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One kind of instrument on this node."""

    name: str
    """As metering.meters calls it."""
    readable: bool
    estimated: bool
    """Whether all it gives is an estimate."""
    devices: tuple[Device, ...]
    reason: str | None
    """Why it is not readable."""
    fix: str | None
    """What to do about it, or about a device that may not be read."""


def sources(
    metering: Metering, *, openers: Mapping[str, Opener] = METERS, answer_s: float = ANSWER_S
) -> tuple[Source, ...]:
    """Try every instrument of this node once, one after the other."""
    return tuple(_source(name, opener, metering, answer_s) for name, opener in openers.items())


def _source(name: str, opener: Opener, metering: Metering, answer_s: float) -> Source:
    """Try an instrument in a thread, which is left alone where it hangs."""
    found: list[Source] = []
    trying = threading.Thread(
        target=lambda: found.append(_tried(name, opener, metering)), name=f"raystudy-{name}", daemon=True
    )
    trying.start()
    trying.join(answer_s)
    return found[0] if found else _refused(name, f"It did not answer within {answer_s:g} s.", "`dmesg` may tell more.")


def _tried(name: str, opener: Opener, metering: Metering) -> Source:
    try:
        meter = opener(metering)
    except MeterError as error:
        return _refused(name, error.reason, error.fix)
    except Exception as error:  # noqa: BLE001 - a library may fail in any way, and the others shall be shown
        return _refused(name, f"It cannot be opened: {type(error).__name__}: {error}.")
    failures = {line.channel.name: failure for line in meter.lines if (failure := _failure(line))}
    with suppress(Exception):
        meter.close()
    return Source(
        name=name,
        readable=True,
        estimated=all(line.channel.estimated for line in meter.lines),
        devices=tuple(_devices([line.channel for line in meter.lines], failures)),
        reason=None,
        fix=_fix(failures.values()),
    )


def _refused(name: str, reason: str, fix: str = "") -> Source:
    return Source(name=name, readable=False, estimated=False, devices=(), reason=reason, fix=fix or None)


def _failure(line: Line) -> Exception | None:
    """Return what a line fails with just now."""
    try:
        line.ask()
    except Exception as error:  # noqa: BLE001 - an instrument may fail in any way, and the others shall be shown
        return error
    return None


def _devices(channels: Iterable[Channel], failures: Mapping[str, Exception]) -> Iterator[Device]:
    """Yield each device, each of its scopes apart: on Grace a GPU tells of its module, too."""
    grouped: dict[tuple[str, Scope], list[Channel]] = {}
    for channel in channels:
        grouped.setdefault((channel.device, channel.scope), []).append(channel)
    for (device, scope), members in grouped.items():
        names = tuple(channel.name for channel in members)
        codes = dict.fromkeys(code_of(failures[name]) for name in names if name in failures)
        yield Device(device=device, label=members[0].label, scope=scope, channels=names, errors=tuple(codes))


def _fix(failures: Iterable[Exception]) -> str | None:
    """Return how single files that are kept from the user are made readable."""
    files = [str(error.filename) for error in failures if isinstance(error, PermissionError) and error.filename]
    return f"`sudo chmod a+r {' '.join(files)}`" if files else None
