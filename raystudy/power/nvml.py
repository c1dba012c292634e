"""NVIDIA boards through NVML: energy, power and temperature of each, by UUID.

NVML sees every board of the node, whatever CUDA_VISIBLE_DEVICES says; which of them belong to a trial is asked later.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pynvml

from raystudy.errors import MeterError
from raystudy.power.meter import stamped
from raystudy.record.trace import Channel, Quantity, Reading

J_PER_MJ = 1e-3
W_PER_MW = 1e-3


@dataclass(frozen=True, slots=True)
class _Line:
    """A channel and how it is asked."""

    channel: Channel
    ask: Callable[[], float]


class Nvml:
    """All NVIDIA boards of this node; raises MeterError where there is no driver or no board."""

    def __init__(self) -> None:
        try:
            pynvml.nvmlInit()
            self._lines = tuple(line for handle in _boards() for line in _lines(handle))
        except pynvml.NVMLError as error:
            raise MeterError(
                f"NVML cannot be opened: {error}. It comes with the NVIDIA driver (libnvidia-ml.so.1); "
                "install the driver, or start the container with the GPUs given to it."
            ) from error
        if not self._lines:
            self.close()
            raise MeterError("NVML finds no board that can be read. `nvidia-smi -L` should list at least one.")

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Energy, power and temperature of each board, as far as the board has them."""
        return tuple(line.channel for line in self._lines)

    def read(self) -> tuple[Reading, ...]:
        """Return one reading for each channel."""
        return tuple(stamped(line.ask) for line in self._lines)

    def close(self) -> None:
        """Let go of the library."""
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _boards() -> list[Any]:
    """Return a handle for each board that answers; a lost board shall not hide the others."""
    handles = []
    for index in range(pynvml.nvmlDeviceGetCount()):
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            pynvml.nvmlDeviceGetUUID(handle)
        except pynvml.NVMLError:
            continue
        handles.append(handle)
    return handles


def _lines(handle: Any) -> list[_Line]:
    """Return what one board can tell. Energy is counted since the driver was loaded, from Volta on."""
    uuid = pynvml.nvmlDeviceGetUUID(handle)
    # GetPowerUsage is the mean of a second on Ampere and later; the instant one shows what a short span did.
    power = _instant_power if _has(_instant_power, handle) else _average_power
    kinds: list[tuple[str, Quantity, Callable[[Any], float]]] = [
        ("energy", "energy_j", _energy),
        ("power_instant" if power is _instant_power else "power_average", "power_w", power),
        ("temperature", "temperature_c", _temperature),
    ]
    return [
        _line(f"nvml/{uuid}/{name}", quantity, uuid, ask, handle) for name, quantity, ask in kinds if _has(ask, handle)
    ]


def _line(name: str, quantity: Quantity, uuid: str, ask: Callable[[Any], float], handle: Any) -> _Line:
    return _Line(Channel(name=name, quantity=quantity, scope="gpu", device=uuid), lambda: ask(handle))


def _has(ask: Callable[[Any], float], handle: Any) -> bool:
    """Whether a board has a channel at all; one that fails for another reason may come back."""
    try:
        ask(handle)
    except (pynvml.NVMLError_NotSupported, pynvml.NVMLError_FunctionNotFound):
        return False
    except pynvml.NVMLError:
        return True
    return True


def _energy(handle: Any) -> float:
    return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) * J_PER_MJ)


def _instant_power(handle: Any) -> float:
    """Field 186; it has a return code of its own, beside that of the call."""
    field = pynvml.nvmlDeviceGetFieldValues(handle, [pynvml.NVML_FI_DEV_POWER_INSTANT])[0]
    if field.nvmlReturn != pynvml.NVML_SUCCESS:
        raise pynvml.NVMLError(field.nvmlReturn)
    return float(field.value.uiVal * W_PER_MW)


def _average_power(handle: Any) -> float:
    return float(pynvml.nvmlDeviceGetPowerUsage(handle) * W_PER_MW)


def _temperature(handle: Any) -> float:
    return float(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))
