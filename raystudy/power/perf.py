"""RAPL by perf events: the same counters as powercap, where the kernel gives these to a user and not those.

    ROOT/{type, cpumask}, ROOT/events/{energy-pkg, energy-ram}{, .scale}  ──perf_event_open──▶ one counter a socket

The kernel extends the counters to 64 bits, so they never wrap (arch/x86/events/rapl.c).
"""

import ctypes
import os
import platform
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.meter import Line
from raystudy.record.trace import Channel, Scope

ROOT = Path("/sys/bus/event_source/devices/power")
CPUS = Path("/sys/devices/system/cpu")

EVENTS: tuple[tuple[str, str, Scope], ...] = (("energy-pkg", "package", "package"), ("energy-ram", "dram", "dram"))
"""What is counted; cores and gpu are inside the package, psys contains it."""

UPDATE_S = 0.001
MAX_W = 1000.0
"""As in `rapl`: the registers are the same."""

_SYSCALLS = {"x86_64": 298, "aarch64": 241}
_CLOEXEC = 8

Opener = Callable[[int, int, int], int]
"""(type, config, cpu) ──▶ file descriptor of a counter; raises OSError."""


def perf_event_open(kind: int, config: int, cpu: int) -> int:
    """Open a counter of all that runs on one CPU (man 2 perf_event_open); raises OSError."""
    number = _SYSCALLS.get(platform.machine())
    if number is None:
        raise OSError(f"perf_event_open is not known on {platform.machine()}")
    # struct perf_event_attr, version 0: type, size, config; a period, formats, flags and the rest are 0.
    attributes = struct.pack("=IIQ", kind, 64, config).ljust(64, b"\0")
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (attributes, -1, cpu, -1, ctypes.c_ulong(_CLOEXEC))
    descriptor = libc.syscall(ctypes.c_long(number), *arguments)
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "perf_event_open")
    return int(descriptor)


class Perf:
    """Packages and memories by perf. Raises NoMeterError without such events, MeterError where they are refused."""

    def __init__(self, root: Path = ROOT, *, cpus: Path = CPUS, opener: Opener = perf_event_open) -> None:
        if not any((root / "events" / event).exists() for event, *_ in EVENTS):
            raise NoMeterError(
                f"There are no energy events under {root}.",
                "They take Linux on an Intel or AMD processor, not a virtual machine; `sudo modprobe rapl` may help.",
            )
        self._descriptors: list[int] = []
        try:
            self._lines = tuple(self._open(root, cpus, opener))
        except (OSError, ValueError) as error:
            self.close()
            raise _refusal(error) from error

    @property
    def lines(self) -> tuple[Line, ...]:
        """The energy of each package and memory since the meter was opened."""
        return self._lines

    def close(self) -> None:
        """Close the counters."""
        while self._descriptors:
            with suppress(OSError):
                os.close(self._descriptors.pop())

    def _open(self, root: Path, cpus: Path, opener: Opener) -> Iterator[Line]:
        kind = int((root / "type").read_text())
        for cpu in _listed((root / "cpumask").read_text()):
            for event, name, scope in EVENTS:
                file = root / "events" / event
                if not file.exists():
                    continue
                descriptor = opener(kind, _config(file.read_text()), cpu)
                self._descriptors.append(descriptor)
                joules = float(file.with_name(f"{event}.scale").read_text())
                names = f"package-{_socket(cpus, cpu)}" + ("/dram" if name == "dram" else "")
                yield Line(channel=_channel(f"{names}@cpu{cpu}", names, scope), ask=partial(_read, descriptor, joules))


def _channel(device: str, names: str, scope: Scope) -> Channel:
    return Channel(
        name=f"perf/{device}/energy_j",
        quantity="energy_j",
        scope=scope,
        device=device,
        label=names,
        update_s=UPDATE_S,
        max_w=MAX_W,
    )


def _read(descriptor: int, joules: float) -> float:
    return int.from_bytes(os.read(descriptor, 8), "little") * joules


def _refusal(error: OSError | ValueError) -> MeterError:
    if not isinstance(error, PermissionError):
        return MeterError(f"The energy events of perf cannot be read: {error}.")
    return MeterError(
        "The energy events of perf may not be read: counters of a whole CPU are kept from users.",
        "`sudo sysctl kernel.perf_event_paranoid=0`, or give Python the capability: "
        '`sudo setcap cap_perfmon+ep "$(readlink -f "$(command -v python)")"`; in a container add CAP_PERFMON '
        "(`docker run --cap-add PERFMON`).",
    )


def _listed(cpumask: str) -> Iterator[int]:
    """Yield the CPUs of a list as the kernel writes them: `0,28` or `0-1`."""
    for part in filter(None, cpumask.strip().split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _config(event: str) -> int:
    """Return the number of an event, as `event=0x02`."""
    if not (match := re.search(r"event=(\w+)", event)):
        raise ValueError(f"{event.strip()!r} names no event")
    return int(match[1], 0)


def _socket(cpus: Path, cpu: int) -> str:
    """Return the number of a CPU's package, or of the CPU where the kernel does not tell."""
    with suppress(OSError):
        return (cpus / f"cpu{cpu}" / "topology" / "physical_package_id").read_text().strip()
    return str(cpu)
