"""The control file of the stand-in for NVML's library (nvml_stub.c): boards, curves, faults, and the exact truth."""

import ctypes
import mmap
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).with_name("nvml_stub.c")
MAX_BOARDS, MAX_SEGMENTS = 16, 64
FUNCTIONS = (
    *("INIT", "COUNT", "HANDLE", "NAME", "UUID", "POWER", "ENERGY", "FIELD", "SAMPLES"),
    *("ARCH", "MIG", "PCI", "LIMIT", "PROCS", "TEMP", "UTIL", "MEM"),
)
"""What can fail or be slow, in the order of the enum in nvml_stub.c."""


def compile_stub(compiler: str, folder: Path) -> Path:
    """Compile the stand-in and return the library."""
    library = folder / "libnvidia-ml.so.1"
    options = ["-shared", "-fPIC", "-O2", "-Wl,-soname,libnvidia-ml.so.1"]
    subprocess.run([compiler, *options, "-o", library, SOURCE], check=True)
    return library


class _Segment(ctypes.Structure):
    _fields_ = (("t_us", ctypes.c_uint64), ("mw", ctypes.c_uint32), ("pad", ctypes.c_uint32))


class _Board(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char * 96),
        ("uuid", ctypes.c_char * 96),
        ("bus_id", ctypes.c_char * 32),
        *((name, ctypes.c_uint32) for name in ("arch", "mig", "limit_mw", "n_segments")),
        *((name, ctypes.c_uint32) for name in ("power_period_us", "energy_period_us", "average_us", "temperature_c")),
        ("energy_base_mj", ctypes.c_uint64),
        ("error", ctypes.c_uint32 * len(FUNCTIONS)),
        ("latency_us", ctypes.c_uint32 * len(FUNCTIONS)),
        *((name, ctypes.c_uint32) for name in ("gpu_scope_ok", "module_scope_ok", "memory_scope_ok", "no_instant")),
        ("n_processes", ctypes.c_uint32),
        ("pids", ctypes.c_uint32 * 7),
        *((name, ctypes.c_uint32) for name in ("reasons", "sm_mhz", "memory_mhz", "used_mib")),
        ("calls", ctypes.c_uint64 * len(FUNCTIONS)),
        ("segments", _Segment * MAX_SEGMENTS),
    )


class _Control(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("magic", "n_boards", "init_error", "pad")),
        ("epoch_ns", ctypes.c_int64),
        ("boards", _Board * MAX_BOARDS),
    )


class FakeNvml:
    """Drives the stand-in while it is in use, from any process: the file is mapped by both."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(ctypes.sizeof(_Control)))
        with path.open("r+b") as file:
            self._control = _Control.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(_Control)))
        self.set_up()

    def set_up(self, *, boards: int = 1, power_w: float = 100, energy_base_j: float = 1_000, age_s: float = 0) -> None:
        """Start again with healthy boards of constant power, whose curves began `age_s` ago; steps of 100 ms."""
        ctypes.memset(ctypes.byref(self._control), 0, ctypes.sizeof(_Control))
        self._control.n_boards, self._control.epoch_ns = boards, time.monotonic_ns() - int(age_s * 1e9)
        for index in range(boards):
            board = self._control.boards[index]
            board.name, board.uuid, board.bus_id = (
                b"FAKE H200",
                self.uuid(index).encode(),
                b"00000000:%02X:00.0" % index,
            )
            board.arch, board.limit_mw, board.temperature_c, board.gpu_scope_ok = 9, 700_000, 40, 1
            board.sm_mhz, board.memory_mhz = 1_980, 3_201
            board.power_period_us = board.energy_period_us = 100_000
            board.average_us, board.energy_base_mj = 1_000_000, int(energy_base_j * 1e3)
            self.curve(index, ((0, power_w),))

    @property
    def epoch_s(self) -> float:
        """When the curves began, monotonic clock."""
        return float(self._control.epoch_ns) / 1e9

    def uuid(self, index: int) -> str:
        """Return the identity of a board."""
        return f"GPU-{index:08d}-0000-0000-0000-000000000000"

    def curve(self, index: int, segments: Sequence[tuple[float, float]]) -> None:
        """Give a board its power in W from each time on, in seconds since it was set up."""
        board = self._control.boards[index]
        for segment, (start_s, power_w) in zip(board.segments, segments, strict=False):
            segment.t_us, segment.mw = int(start_s * 1e6), int(power_w * 1e3)
        board.n_segments = len(segments)

    def fail(self, index: int, function: str, code: int) -> None:
        """Let a function answer with an error code of NVML; 0 heals it."""
        self._control.boards[index].error[FUNCTIONS.index(function)] = code

    def delay(self, index: int, function: str, duration_s: float) -> None:
        """Let a function take its time."""
        self._control.boards[index].latency_us[FUNCTIONS.index(function)] = int(duration_s * 1e6)

    def fail_init(self, code: int) -> None:
        """Let the opening of the library fail."""
        self._control.init_error = code

    def lack_fields(self, index: int) -> None:
        """Let a board know no field values, as before driver 530."""
        self._control.boards[index].gpu_scope_ok = 0

    def lack_instant(self, index: int) -> None:
        """Let a board know the mean of a second by field value, and not the instant power."""
        self._control.boards[index].no_instant = 1

    def superchip(self, index: int) -> None:
        """Let a board be part of a Grace superchip: field values tell of its module, too."""
        self._control.boards[index].module_scope_ok = 1

    def be(
        self,
        index: int,
        *,
        name: str | bytes = "FAKE H200",
        uuid: bytes | None = None,
        architecture: int = 9,
        mig: bool = False,
        limit_w: float = 700,
    ) -> None:
        """Give a board another name, identity, architecture (7 is Ampere), MIG mode or limit."""
        board = self._control.boards[index]
        board.name = name if isinstance(name, bytes) else name.encode()
        board.uuid = uuid or self.uuid(index).encode()
        board.arch, board.mig, board.limit_mw = architecture, int(mig), round(limit_w * 1e3)

    def occupy(self, index: int, *pids: int) -> None:
        """Let processes compute on a board, seven at most."""
        board = self._control.boards[index]
        board.pids[: len(pids)], board.n_processes = pids, len(pids)

    def fill_memory(self, index: int, used_mib: int) -> None:
        """Let so much of the 64 GiB of a board be in use."""
        self._control.boards[index].used_mib = used_mib

    def slow_down(self, index: int, reasons: int) -> None:
        """Give the clocks of a board the bits of their reasons."""
        self._control.boards[index].reasons = reasons
