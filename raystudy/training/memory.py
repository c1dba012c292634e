"""How much memory a training takes: its peak, and how many sequences fit in one forward pass."""

from pathlib import Path

import torch

from raystudy.study import Recipe

_CLEAR_PEAK = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")

CPU_POSITIONS_A_PASS = 1024
"""Fewer positions leave cores idle, more fall out of the cache: llama-4m ran at 6,270, 7,030, 7,380 and 6,940 tokens/s
with 256, 512, 1,024 and 2,048 positions a pass on two cores; models of 1M and 3M parameters peak there too."""


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


def sequences_a_pass(recipe: Recipe, device: torch.device) -> tuple[int, str]:
    """Return how many sequences one forward and backward pass shall hold, and why; on a GPU it may be halved yet."""
    if recipe.micro_batch_size is not None:
        return recipe.micro_batch_size, "recipe.micro_batch_size"
    if device.type == "cuda":
        return recipe.batch_size, "the whole batch, halved until it fits in the GPU's memory"
    fastest = max(1, CPU_POSITIONS_A_PASS // recipe.context)
    return min(recipe.batch_size, fastest), f"about {CPU_POSITIONS_A_PASS:,} positions, the fastest on CPUs"
