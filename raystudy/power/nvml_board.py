"""One NVIDIA board: what it tells through NVML, and how each of it is asked.

What a board does not support is no line of it; what fails for another reason is kept, for it may come back.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import pynvml

from raystudy.power.meter import Line
from raystudy.record.trace import Channel, Quantity, Scope

J_PER_MJ = 1e-3
W_PER_MW = 1e-3
HZ_PER_MHZ = 1e6

UPDATE_S = 0.1
"""Energy and power move every 20 to 100 ms, by board (Yang et al., SC'24, arXiv 2312.02741)."""

REL_GAIN = 0.05
"""nvml.h, nvmlDeviceGetPowerUsage: within +-5 % of the current draw; one factor a board, by the same measurements."""

UNKNOWN_LIMIT_W = 1000.0
"""For a board that does not tell its limit: the hungriest draw about 1 kW."""

LIMITS_W = (10.0, 5000.0)
"""A limit outside of these tells nothing."""

MODULE_MAX_W = 5000.0
"""Beyond any Grace module: a GB200 draws 2.7 kW."""

_GA100 = re.compile(r"\b(A100|A30|A800)X?\b")

Ask = Callable[[Any], float]


class _Way(NamedTuple):
    """One of several ways to ask for the same."""

    name: str
    ask: Ask
    average_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A board that answered, and what all its channels share."""

    handle: Any
    uuid: str
    name: str
    limit_w: float
    partitioned: bool

    def lines(self) -> Iterator[Line]:
        """Yield its energy and power, then what tells whether it was hot, slowed down, or shared."""
        yield from _power(self)
        yield from _state(self)

    def answers(self, ask: Ask) -> bool | None:
        """Return whether it answers; null where it never will: an old driver calls a new field an invalid argument."""
        try:
            ask(self.handle)
        except (pynvml.NVMLError_NotSupported, pynvml.NVMLError_FunctionNotFound, pynvml.NVMLError_InvalidArgument):
            return None
        except Exception:  # noqa: BLE001 - it fails in a way nobody foresaw, and may come back
            return False
        return True

    def first(self, ways: Sequence[_Way]) -> _Way | None:
        """Return the first way that answers, else the first that only fails."""
        failing = None
        for way in ways:
            answers = self.answers(way.ask)
            if answers:
                return way
            if answers is False:
                failing = failing or way
        return failing

    def line(
        self, name: str, quantity: Quantity, ask: Ask, *, scope: Scope = "gpu", seldom: bool = True, **known: Any
    ) -> Line:
        """Return a line; `known` is what is known of the channel besides its board."""
        channel = Channel(
            name=f"nvml/{self.uuid}/{name}",
            quantity=quantity,
            scope=scope,
            device=self.uuid,
            label=self.name,
            partitioned=self.partitioned,
            **known,
        )
        return Line(channel=channel, ask=partial(ask, self.handle), seldom=seldom)


def board_of(handle: Any, uuid: str) -> Board:
    """Ask a board what it is; what it does not tell does not lose it."""
    name, partitioned = "", False
    with contextlib.suppress(Exception):  # pynvml decodes the name, and the bytes may be bad
        name = pynvml.nvmlDeviceGetName(handle)
    with contextlib.suppress(Exception):
        partitioned = pynvml.nvmlDeviceGetMigMode(handle)[0] == pynvml.NVML_DEVICE_MIG_ENABLE
    return Board(handle=handle, uuid=uuid, name=name, limit_w=_highest_limit_w(handle), partitioned=partitioned)


def lost_line(index: int, uuid: str | None) -> Line:
    """Return the line of a board that did not tell what it has: known by its place if need be, it may come back."""
    instant_w = _field(pynvml.NVML_FI_DEV_POWER_INSTANT, pynvml.NVML_POWER_SCOPE_GPU)

    def ask() -> float:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        try:
            return instant_w(handle)
        except pynvml.NVMLError:
            return _power_usage(handle)

    device = uuid or f"NVIDIA board {index}"
    channel = Channel(
        name=f"nvml/{device}/power_w",
        quantity="power_w",
        scope="gpu",
        device=device,
        update_s=UPDATE_S,
        rel_gain=REL_GAIN,
        max_w=2 * UNKNOWN_LIMIT_W,
    )
    return Line(channel=channel, ask=ask)


def _highest_limit_w(handle: Any) -> float:
    """Return the highest limit that a board has or may be given: somebody may raise it while it is read."""
    told_w = []
    with contextlib.suppress(Exception):
        told_w.append(_power_limit(handle))
    with contextlib.suppress(Exception):
        told_w.append(pynvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)[1] * W_PER_MW)
    least_w, most_w = LIMITS_W
    return float(max((limit_w for limit_w in told_w if least_w <= limit_w <= most_w), default=UNKNOWN_LIMIT_W))


def _power(board: Board) -> Iterator[Line]:
    """
    Yield power and energy of a board.

    Field values know a module scope on Grace superchips only; there the energy counter is the module's, CPU included,
    so a GPU's own energy comes from its power. A board is in a module only if the module answers.
    """
    module_w = _field(pynvml.NVML_FI_DEV_POWER_INSTANT, pynvml.NVML_POWER_SCOPE_MODULE)
    in_module = board.answers(module_w) is True
    known: dict[str, Any] = {"update_s": UPDATE_S, "rel_gain": REL_GAIN}
    # Twice the limit: boards overshoot theirs for milliseconds.
    max_w = 2 * board.limit_w
    scope: Scope = "module" if in_module else "gpu"
    if board.answers(_energy) is not None:
        yield board.line(
            "energy_j", "energy_j", _energy, scope=scope, max_w=MODULE_MAX_W if in_module else max_w, **known
        )
    if way := board.first(_power_ways(board)):
        yield board.line(way.name, "power_w", way.ask, seldom=False, average_s=way.average_s, max_w=max_w, **known)
    if in_module:
        yield board.line(
            "power_module_w", "power_w", module_w, seldom=False, scope="module", max_w=MODULE_MAX_W, **known
        )


def _power_ways(board: Board) -> tuple[_Way, ...]:
    """Return the ways to ask for power, best first: a mean of a second hides what a short span did."""
    # nvml.h, nvmlDeviceGetPowerUsage: the mean of a second on Ampere and later except GA100, instant before.
    averaged = False  # a driver too old to know the architecture is older than Ampere
    with contextlib.suppress(pynvml.NVMLError):
        averaged = pynvml.nvmlDeviceGetArchitecture(board.handle) >= pynvml.NVML_DEVICE_ARCH_AMPERE
    averaged = averaged and not _GA100.search(board.name)
    return (
        _Way("power_instant_w", _field(pynvml.NVML_FI_DEV_POWER_INSTANT, pynvml.NVML_POWER_SCOPE_GPU)),
        _Way("power_average_w", _field(pynvml.NVML_FI_DEV_POWER_AVERAGE, pynvml.NVML_POWER_SCOPE_GPU), 1.0),
        _Way("power_average_w", _power_usage, 1.0) if averaged else _Way("power_instant_w", _power_usage),
    )


def _state(board: Board) -> Iterator[Line]:
    """Yield what tells whether a board was hot, slowed down, or shared."""
    kinds: tuple[tuple[str, Quantity, tuple[Ask, ...]], ...] = (
        ("temperature_c", "temperature_c", (_temperature,)),
        ("clock_sm_hz", "clock_hz", (_clock_sm,)),
        ("clock_memory_hz", "clock_hz", (_clock_memory,)),
        ("power_limit_w", "power_limit_w", (_power_limit,)),
        ("throttle_reasons", "throttle_reasons", (_event_reasons, _throttle_reasons)),
        ("other_processes", "other_processes", (_other_processes,)),
    )
    for name, quantity, asks in kinds:
        if way := board.first([_Way(name, ask) for ask in asks]):
            yield board.line(name, quantity, way.ask)


def _field(field: int, scope: int) -> Ask:
    """Return how power is asked by field value; it has a return code of its own, beside that of the call."""
    # Prepared once a board: pynvml's own function builds it at each call, and that is half the cost of it.
    values = (pynvml.c_nvmlFieldValue_t * 1)()
    values[0].fieldId, values[0].scopeId = field, scope

    def ask(handle: Any) -> float:
        try:
            code = pynvml.nvmlLib.nvmlDeviceGetFieldValues(handle, 1, values) or values[0].nvmlReturn
        except AttributeError as error:  # a driver older than field values
            raise pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND) from error
        if code != pynvml.NVML_SUCCESS:
            raise pynvml.NVMLError(code)
        return float(values[0].value.uiVal * W_PER_MW)

    return ask


def _energy(handle: Any) -> float:
    """Since the driver was loaded; Volta and later."""
    return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) * J_PER_MJ)


def _power_usage(handle: Any) -> float:
    return float(pynvml.nvmlDeviceGetPowerUsage(handle) * W_PER_MW)


def _temperature(handle: Any) -> float:
    return float(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))


def _clock_sm(handle: Any) -> float:
    return float(pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_SM) * HZ_PER_MHZ)


def _clock_memory(handle: Any) -> float:
    return float(pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_MEM) * HZ_PER_MHZ)


def _power_limit(handle: Any) -> float:
    """The enforced one: the least of all that hold."""
    return float(pynvml.nvmlDeviceGetEnforcedPowerLimit(handle) * W_PER_MW)


def _event_reasons(handle: Any) -> float:
    """The bits of nvmlClocksEventReasons, why the clocks are not higher."""
    return float(pynvml.nvmlDeviceGetCurrentClocksEventReasons(handle))


def _throttle_reasons(handle: Any) -> float:
    """The same bits by the name they had before driver 535."""
    return float(pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))


def _other_processes(handle: Any) -> float:
    """How many processes compute on the board, this one left out."""
    return float(sum(process.pid != os.getpid() for process in pynvml.nvmlDeviceGetComputeRunningProcesses(handle)))
