"""The memory of NVIDIA boards: how much of it is in use, and by which processes."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pynvml


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardMemory:
    """The memory of one board just now."""

    uuid: str
    name: str
    used_bytes: int
    total_bytes: int
    by_process_bytes: dict[int, int | None]
    """By number of the process, as the host counts them; null where the driver does not tell how much."""


def memory_of(boards: Iterable[str]) -> tuple[BoardMemory, ...]:
    """Return the memory of some boards, named by index or UUID as in CUDA_VISIBLE_DEVICES; those that tell it."""
    found = []
    with contextlib.suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        try:
            for board in boards:
                with contextlib.suppress(pynvml.NVMLError, ValueError):
                    found.append(_memory(_handle(board)))
        finally:
            pynvml.nvmlShutdown()
    return tuple(found)


def _handle(board: str) -> Any:
    return (
        pynvml.nvmlDeviceGetHandleByIndex(int(board)) if board.isdecimal() else pynvml.nvmlDeviceGetHandleByUUID(board)
    )


def _memory(handle: Any) -> BoardMemory:
    """Ask a board; the second version leaves out what the driver keeps for itself."""
    try:
        told = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
    except (pynvml.NVMLError_FunctionNotFound, pynvml.NVMLError_NotSupported):
        told = pynvml.nvmlDeviceGetMemoryInfo(handle)
    processes = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    return BoardMemory(
        uuid=pynvml.nvmlDeviceGetUUID(handle),
        name=pynvml.nvmlDeviceGetName(handle),
        used_bytes=int(told.used),
        total_bytes=int(told.total),
        by_process_bytes={process.pid: process.usedGpuMemory for process in processes},
    )
