"""AMD boards through AMD SMI: energy, power and temperature of each, by UUID. It comes with the extra `amd`.

The functions and their units are those of amdsmi_interface.py and amdsmi.h, release 7.0.
"""

import contextlib
import importlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.meter import Line
from raystudy.record.trace import Channel, Quantity

J_PER_UJ = 1e-6
W_PER_UW = 1e-6

UPDATE_S = 0.1
"""Longest time between two updates: a guess, as for NVIDIA's; AMD documents none."""

UNKNOWN_LIMIT_W = 1000.0
"""For a board that does not tell its limit."""

ABSURD_W = 5000.0
"""A limit above this tells nothing."""

WHOLE = ("SPX", "N/A", "")
"""The compute partition of a board that is one GPU."""

_POWERS = (
    ("current_socket_power", "power_instant_w", 0.0),
    ("average_socket_power", "power_average_w", 1.0),
    ("socket_power", "power_instant_w", 0.0),
)
"""Fields of amdsmi_get_power_info, best first: MI300 and later give the current, others the average. W."""

_NOT_AVAILABLE = 0xFFFF
"""What a field holds that the board lacks, or "N/A"."""


class Amd:
    """All AMD boards of this node. Raises NoMeterError where there is none, MeterError where none can be read."""

    def __init__(self, smi: Any = None) -> None:
        self._smi = smi or _imported()
        try:
            self._smi.amdsmi_init()
            handles = self._smi.amdsmi_get_processor_handles()
        except self._smi.AmdSmiException as error:
            raise MeterError(
                f"AMD SMI cannot be opened: {_words(error)}.",
                "`amd-smi list` should work for this user: load the driver amdgpu, and be in the groups render and "
                "video (`sudo usermod -aG render,video $USER`); in a container give it /dev/kfd and /dev/dri.",
            ) from error
        if not handles:
            self.close()
            raise NoMeterError("AMD SMI finds no board.", "`amd-smi list` should list at least one.")
        self._lines = tuple(self._all_lines(handles))
        if not self._lines:
            self.close()
            raise MeterError("AMD SMI finds no board that tells its power.", "`amd-smi metric` may tell more.")

    @property
    def lines(self) -> tuple[Line, ...]:
        """Energy, power and temperature of each board, as far as the board has them."""
        return self._lines

    def close(self) -> None:
        """Let go of the library."""
        with contextlib.suppress(self._smi.AmdSmiException):
            self._smi.amdsmi_shut_down()

    def _all_lines(self, handles: Sequence[Any]) -> Iterator[Line]:
        """Yield the lines of each board that answers; a lost board shall not hide the others."""
        for handle in handles:
            with contextlib.suppress(self._smi.AmdSmiException):
                yield from _board(self._smi, handle).lines()


def _board(smi: Any, handle: Any) -> "_Board":
    """Return a board; raises AmdSmiException where it gives no identity."""
    uuid, label, partition, limit_w = smi.amdsmi_get_gpu_device_uuid(handle), "", "", 0.0
    with contextlib.suppress(Exception):  # what adorns a board shall not lose it
        label = smi.amdsmi_get_gpu_asic_info(handle)["market_name"]
    with contextlib.suppress(Exception):
        partition = smi.amdsmi_get_gpu_compute_partition(handle)
    with contextlib.suppress(Exception):
        limit_w = _highest_limit_w(smi.amdsmi_get_power_cap_info(handle))
    return _Board(
        smi=smi,
        handle=handle,
        uuid=uuid,
        label=label,
        partitioned=partition not in WHOLE,
        limit_w=limit_w or UNKNOWN_LIMIT_W,
    )


def _highest_limit_w(caps: Mapping[str, Any]) -> float:
    """Return the highest limit that a board may be given, 0 where it tells none."""
    told_uw = [caps.get(name) for name in ("power_cap", "max_power_cap")]
    limits_w = [uw * W_PER_UW for uw in told_uw if isinstance(uw, int | float)]
    return float(max((limit_w for limit_w in limits_w if limit_w <= ABSURD_W), default=0.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Board:
    """A board that answered, and what all its channels share."""

    smi: Any
    handle: Any
    uuid: str
    label: str
    partitioned: bool
    limit_w: float

    def lines(self) -> Iterator[Line]:
        known: dict[str, Any] = {"update_s": UPDATE_S, "max_w": 2 * self.limit_w}
        if self.has(self.energy):
            yield self.line("energy_j", "energy_j", self.energy, **known)
        for field, name, average_s in _POWERS:
            if self.has(ask := partial(self.power, field)):
                yield self.line(name, "power_w", ask, seldom=False, average_s=average_s, **known)
                break
        for sensor in ("HOTSPOT", "EDGE"):
            if self.has(ask := partial(self.temperature, sensor)):
                yield self.line("temperature_c", "temperature_c", ask)
                break
        if self.has(self.limit):
            yield self.line("power_limit_w", "power_limit_w", self.limit)

    def line(
        self, name: str, quantity: Quantity, ask: Callable[[], float], *, seldom: bool = True, **known: Any
    ) -> Line:
        """Return a line; `known` is what is known of the channel besides its board."""
        channel = Channel(
            name=f"amd/{self.uuid}/{name}",
            quantity=quantity,
            scope="gpu",
            device=self.uuid,
            label=self.label,
            partitioned=self.partitioned,
            **known,
        )
        return Line(channel=channel, ask=ask, seldom=seldom)

    def has(self, ask: Callable[[], float]) -> bool:
        """Whether the board has this at all; what fails for another reason may come back."""
        try:
            ask()
        except self.smi.AmdSmiLibraryException as error:
            lacking = (
                self.smi.amdsmi_wrapper.AMDSMI_STATUS_NOT_SUPPORTED,
                self.smi.amdsmi_wrapper.AMDSMI_STATUS_NOT_YET_IMPLEMENTED,
            )
            return error.get_error_code() not in lacking
        except (LookupError, TypeError):  # no such field, or "N/A" in it
            return False
        except Exception:  # noqa: BLE001 - it fails in a way nobody foresaw, and may come back
            return True
        return True

    def energy(self) -> float:
        """A 64-bit count in steps of about 15.3 uJ."""
        counted = self.smi.amdsmi_get_energy_count(self.handle)
        return float(counted["energy_accumulator"] * counted["counter_resolution"] * J_PER_UJ)

    def power(self, field: str) -> float:
        power_w = self.smi.amdsmi_get_power_info(self.handle)[field]
        if isinstance(power_w, str) or power_w >= _NOT_AVAILABLE:
            raise LookupError(f"the board gives no {field}")
        return float(power_w)

    def temperature(self, sensor: str) -> float:
        kind = getattr(self.smi.AmdSmiTemperatureType, sensor)
        return float(self.smi.amdsmi_get_temp_metric(self.handle, kind, self.smi.AmdSmiTemperatureMetric.CURRENT))

    def limit(self) -> float:
        return float(self.smi.amdsmi_get_power_cap_info(self.handle)["power_cap"] * W_PER_UW)


def _imported() -> Any:
    """Return the module amdsmi; without its library it prints, and raises whatever it stumbles over."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return importlib.import_module("amdsmi")
    except ModuleNotFoundError as error:
        raise NoMeterError(
            "AMD SMI is not installed.", "Where there are AMD GPUs: `pip install 'raystudy[amd]'`."
        ) from error
    except Exception as error:
        raise NoMeterError(
            "AMD SMI has no library (libamd_smi.so).",
            # Ray 2.60 imports it where it is installed, and expects an ImportError at most (ray, pyamdsmi.py).
            "Where there are AMD GPUs, install ROCm's amd-smi-lib; elsewhere `pip uninstall amdsmi`: beside it, Ray "
            "cannot be imported.",
        ) from error


def _words(error: Exception) -> str:
    """Return an error of AMD SMI in one line."""
    return " ".join(str(error).split())
