"""A stand-in for the module amdsmi: boards by handle, with what they tell and what they refuse."""

from types import SimpleNamespace
from typing import Any


class AmdSmiException(Exception):  # noqa: N818 - its name there
    """As in amdsmi_exception.py."""


class AmdSmiLibraryException(AmdSmiException):
    """As in amdsmi_exception.py: it carries the library's code."""

    def get_error_code(self) -> int:
        """Return the code."""
        return int(self.args[0])


NOT_SUPPORTED, NO_PERM = 2, 10


class FakeAmdSmi:
    """The functions of amdsmi that are used; `fails` holds a code by the name of a function, and by (name, handle)."""

    AmdSmiException, AmdSmiLibraryException = AmdSmiException, AmdSmiLibraryException
    AmdSmiTemperatureType = SimpleNamespace(HOTSPOT="hotspot", EDGE="edge")
    AmdSmiTemperatureMetric = SimpleNamespace(CURRENT="current")
    amdsmi_wrapper = SimpleNamespace(AMDSMI_STATUS_NOT_SUPPORTED=NOT_SUPPORTED, AMDSMI_STATUS_NOT_YET_IMPLEMENTED=3)

    def __init__(self, boards: int = 1) -> None:
        self.boards = boards
        self.fails: dict[object, int] = {}
        self.closed = False
        self.partition = "SPX"
        self.accumulator = 1_000_000
        self.cap: object = 750_000_000
        self.power: dict[str, Any] = {
            "current_socket_power": 150,
            "average_socket_power": "N/A",
            "socket_power": 150,
            "power_limit": 750_000_000,
        }

    def amdsmi_init(self) -> None:
        """Open."""
        self._answer("init", None, None)

    def amdsmi_shut_down(self) -> None:
        """Close."""
        self.closed = True

    def amdsmi_get_processor_handles(self) -> list[int]:
        """Return a handle for each board."""
        return list(range(self.boards))

    def amdsmi_get_gpu_device_uuid(self, handle: int) -> str:
        """Return an identity."""
        return str(self._answer("uuid", handle, f"{handle}0ff74a1-0000-1000-80a5-5bb1f3b0d6f3"))

    def amdsmi_get_gpu_asic_info(self, handle: int) -> dict[str, Any]:
        """Return what it is."""
        return {"market_name": self._answer("asic", handle, "AMD Instinct MI300X")}

    def amdsmi_get_gpu_compute_partition(self, handle: int) -> Any:
        """Return how it is divided."""
        return self._answer("partition", handle, self.partition)

    def amdsmi_get_energy_count(self, handle: int) -> dict[str, Any]:
        """Return a count and its unit in uJ."""
        count = self._answer("energy", handle, self.accumulator)
        return {"energy_accumulator": count, "counter_resolution": 15.25, "timestamp": 0}

    def amdsmi_get_power_info(self, handle: int) -> Any:
        """Return watts."""
        return self._answer("power", handle, self.power)

    def amdsmi_get_power_cap_info(self, handle: int) -> dict[str, Any]:
        """Return microwatts."""
        return {"power_cap": self._answer("cap", handle, self.cap)}

    def amdsmi_get_temp_metric(self, handle: int, sensor: str, metric: str) -> Any:
        """Return degrees."""
        assert metric == "current"
        return self._answer(sensor, handle, {"hotspot": 61, "edge": 50}[sensor])

    def _answer(self, function: str, handle: int | None, value: Any) -> Any:
        code = self.fails.get((function, handle), self.fails.get(function))
        if code is not None:
            raise AmdSmiLibraryException(code)
        return value
