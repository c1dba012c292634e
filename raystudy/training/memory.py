"""How much memory a training takes: its peak, and how many sequences fit in one forward pass."""

import ctypes
from pathlib import Path

import torch

from raystudy.study import Recipe

_CLEAR_PEAK = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")

CPU_POSITIONS_A_PASS = 4096
"""Where freed memory is kept, larger passes are faster up to here: tiny-1m ran at 14,800, 19,000, 21,300, 22,600 and
23,700 tokens/s with 256, 512 ... 4,096 positions a pass on two cores."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_LARGEST_KEPT_BYTES = 1 << 30


def keep_freed_memory() -> str:
    """
    Let the allocator keep what a step frees, for the next step needs it again; says whether it does.

    By default glibc gives large blocks back to the kernel, which then clears each page anew: 14,000 page faults a step
    of llama-4m, and 16 % of the time of tiny-1m.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return "as the system has it: not glibc"
    kept = [mallopt(option, _LARGEST_KEPT_BYTES) for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD)]
    return "glibc keeps freed memory up to 1 GiB" if all(kept) else "as the system has it: glibc refused"


def forget_peak(device: torch.device) -> None:
    """Let the peak start again from now."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    try:
        _CLEAR_PEAK.write_text("5")  # proc(5): resets the peak resident set size, VmHWM
    except OSError:
        return


def peak_bytes(device: torch.device) -> int | None:
    """Return the greatest use since then: of the GPU's memory, or of the process; null where nothing tells."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if not _STATUS.exists():
        return None
    peak = next((line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")), None)
    return int(peak.split()[1]) * 1024 if peak else None


def sequences_a_pass(recipe: Recipe, device: torch.device, *, share: int) -> tuple[int, str]:
    """
    Return how many sequences one forward and backward pass shall hold, and why; on a GPU it may be halved yet.

    `share` is how many sequences of a batch the device takes.
    """
    if recipe.micro_batch_size is not None:
        return recipe.micro_batch_size, "recipe.micro_batch_size"
    if device.type == "cuda":
        return share, "all that a step gives the GPU, halved until it fits in its memory"
    most = max(1, CPU_POSITIONS_A_PASS // recipe.context)
    return min(share, most), f"up to {CPU_POSITIONS_A_PASS:,} positions, the fastest on CPUs"
