"""NVIDIA boards through NVML: energy, power and state of each, by UUID.

NVML sees every board of the node, whatever CUDA_VISIBLE_DEVICES says; which of them belong to a trial is asked later.
What a board does not support is no line of it; what fails for another reason is kept, for it may come back.
"""

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pynvml

from raystudy.errors import MeterError, NoMeterError
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
"""For a board that does not tell its limit, and for a module: the hungriest draw about 1 kW."""

OPEN_S = 3.0
"""A board that has not told what it has after this is lost; a sound one takes some milliseconds."""

_GA100 = re.compile(r"\b(A100|A30|A800)X?\b")

_Ask = Callable[[Any], float]


class Nvml:
    """All NVIDIA boards of this node. Raises NoMeterError where there is none, MeterError where none can be read."""

    def __init__(self, *, open_s: float = OPEN_S) -> None:
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise _refusal(error) from error
        try:
            self._lines = tuple(_all_lines(pynvml.nvmlDeviceGetCount(), time.monotonic() + open_s))
        except pynvml.NVMLError as error:
            self.close()
            raise _refusal(error) from error
        except MeterError:
            self.close()
            raise

    @property
    def lines(self) -> tuple[Line, ...]:
        """Energy, power and state of each board, as far as the board has them."""
        return self._lines

    def close(self) -> None:
        """Let go of the library."""
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _refusal(error: Exception) -> MeterError:
    """Return what to tell a user whose NVML does not open."""
    if isinstance(error, pynvml.NVMLError_LibraryNotFound | pynvml.NVMLError_DriverNotLoaded):
        return NoMeterError(
            f"NVML cannot be opened: {error}.",
            "It comes with the NVIDIA driver (libnvidia-ml.so.1): install the driver, or start the container with "
            "the GPUs given to it (`docker run --gpus all`).",
        )
    if isinstance(error, pynvml.NVMLError_LibRmVersionMismatch):
        return MeterError(f"NVML cannot be opened: {error}.", "The driver was updated while loaded: restart the node.")
    return MeterError(
        f"NVML cannot be opened: {error}.", "`nvidia-smi` should work for this user; /dev/nvidiactl must be readable."
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Board:
    """A board that answered, and what all its channels share."""

    handle: Any
    uuid: str
    name: str
    limit_w: float
    partitioned: bool

    def has(self, ask: _Ask) -> bool:
        """Whether it supports a question at all; a driver that does not know a field calls it an invalid argument."""
        try:
            ask(self.handle)
        except (pynvml.NVMLError_NotSupported, pynvml.NVMLError_FunctionNotFound, pynvml.NVMLError_InvalidArgument):
            return False
        except pynvml.NVMLError:
            return True
        return True

    def line(
        self, name: str, quantity: Quantity, ask: _Ask, *, scope: Scope = "gpu", seldom: bool = True, **known: Any
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


def _all_lines(boards: int, until_s: float) -> Iterator[Line]:
    """Yield the lines of each board; one that is lost, or hangs, has a line that fails, and harms no other."""
    if not boards:
        raise NoMeterError("NVML finds no board.", "`nvidia-smi -L` should list at least one.")
    answers = [opening.answer(until_s) for opening in [_Opening(index) for index in range(boards)]]
    lost = [answer for answer in answers if isinstance(answer, pynvml.NVMLError)]
    if len(lost) == boards:
        raise MeterError(f"None of {boards} boards answers NVML: {lost[0]}.", "`nvidia-smi` may tell more.")
    for index, answer in enumerate(answers):
        yield from [_lost(index, answer)] if isinstance(answer, pynvml.NVMLError) else answer


class _Opening(threading.Thread):
    """Asks one board what it has; a board that never answers is left alone with its thread."""

    def __init__(self, index: int) -> None:
        super().__init__(name=f"raystudy-nvml-{index}", daemon=True)
        self._index = index
        self._answer: list[Line] | pynvml.NVMLError = pynvml.NVMLError(pynvml.NVML_ERROR_TIMEOUT)
        self.start()

    def run(self) -> None:
        """Ask."""
        try:
            board = _board(self._index)
            self._answer = [*_power(board), *_state(board)]
        except pynvml.NVMLError as error:
            self._answer = error

    def answer(self, until_s: float) -> "list[Line] | pynvml.NVMLError":
        """Return its lines, or what went wrong, `timeout` where it has not answered by then."""
        self.join(max(until_s - time.monotonic(), 0.0))
        return self._answer


def _lost(index: int, error: pynvml.NVMLError) -> Line:
    """Return the line of a board that did not answer: it has no identity but its place, and no value."""

    def ask() -> float:
        raise pynvml.NVMLError(error.value)

    device = f"NVIDIA board {index}"
    return Line(channel=Channel(name=f"nvml/{device}/power_w", quantity="power_w", scope="gpu", device=device), ask=ask)


def _board(index: int) -> _Board:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    uuid, name, limit_w, partitioned = pynvml.nvmlDeviceGetUUID(handle), "", 0.0, False
    with contextlib.suppress(pynvml.NVMLError):
        name = pynvml.nvmlDeviceGetName(handle)
    with contextlib.suppress(pynvml.NVMLError):
        limit_w = _power_limit(handle)
    with contextlib.suppress(pynvml.NVMLError):
        partitioned = pynvml.nvmlDeviceGetMigMode(handle)[0] == pynvml.NVML_DEVICE_MIG_ENABLE
    return _Board(handle=handle, uuid=uuid, name=name, limit_w=limit_w or UNKNOWN_LIMIT_W, partitioned=partitioned)


def _power(board: _Board) -> Iterator[Line]:
    """
    Yield power and energy of a board.

    Field values know a module scope on Grace superchips only; there the energy counter is the module's, CPU included,
    so a GPU's own energy comes from its power.
    """
    module = (_field(pynvml.NVML_FI_DEV_POWER_INSTANT, pynvml.NVML_POWER_SCOPE_MODULE),)
    in_module = board.has(module[0])
    scope: Scope = "module" if in_module else "gpu"
    limit_w = max(board.limit_w, UNKNOWN_LIMIT_W) if in_module else board.limit_w
    known: dict[str, Any] = {"update_s": UPDATE_S, "rel_gain": REL_GAIN}
    if board.has(_energy):
        # Twice the limit: boards overshoot theirs for milliseconds.
        yield board.line("energy_j", "energy_j", _energy, scope=scope, max_w=2 * limit_w, **known)
    for name, average_s, ask in _power_kinds(board):
        if board.has(ask):
            yield board.line(name, "power_w", ask, seldom=False, average_s=average_s, **known)
            break
    if in_module:
        yield board.line("power_module_w", "power_w", module[0], seldom=False, scope="module", **known)


def _power_kinds(board: _Board) -> Iterator[tuple[str, float, _Ask]]:
    """Yield the ways to ask for power, best first: a mean of a second hides what a short span did."""
    yield "power_instant_w", 0.0, _field(pynvml.NVML_FI_DEV_POWER_INSTANT, pynvml.NVML_POWER_SCOPE_GPU)
    yield "power_average_w", 1.0, _field(pynvml.NVML_FI_DEV_POWER_AVERAGE, pynvml.NVML_POWER_SCOPE_GPU)
    # nvml.h, nvmlDeviceGetPowerUsage: the mean of a second on Ampere and later except GA100, instant before.
    averaged = False  # a driver too old to know the architecture is older than Ampere
    with contextlib.suppress(pynvml.NVMLError):
        averaged = pynvml.nvmlDeviceGetArchitecture(board.handle) >= pynvml.NVML_DEVICE_ARCH_AMPERE
    if averaged and not _GA100.search(board.name):
        yield "power_average_w", 1.0, _power_usage
    else:
        yield "power_instant_w", 0.0, _power_usage


def _state(board: _Board) -> Iterator[Line]:
    """Yield what tells whether a board was hot, slowed down, or shared."""
    kinds: tuple[tuple[str, Quantity, tuple[_Ask, ...]], ...] = (
        ("temperature_c", "temperature_c", (_temperature,)),
        ("clock_sm_hz", "clock_hz", (_clock_sm,)),
        ("clock_memory_hz", "clock_hz", (_clock_memory,)),
        ("power_limit_w", "power_limit_w", (_power_limit,)),
        ("throttle_reasons", "throttle_reasons", (_event_reasons, _throttle_reasons)),
        ("other_processes", "other_processes", (_other_processes,)),
    )
    for name, quantity, asks in kinds:
        if supported := next(filter(board.has, asks), None):
            yield board.line(name, quantity, supported)


def _field(field: int, scope: int) -> _Ask:
    """Return how power is asked by field value; it has a return code of its own, beside that of the call."""
    # Prepared once: pynvml's own function builds it at each call, and that is half the cost of it.
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
