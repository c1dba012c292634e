"""How much memory a training takes: its peak, and how many sequences fit in one forward pass."""

from pathlib import Path

import psutil
import torch

from raystudy.study import Recipe

_CLEAR_PEAK = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_SHARE_OF_FREE = 0.25
"""Of the free memory of a node, what one forward pass may take: other trials and the page cache live there too."""


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


def sequences_that_fit(recipe: Recipe, *, vocabulary: int, layers: int, hidden: int) -> int:
    """
    Return how many sequences one forward and backward pass may hold on the CPU: the batch, halved until it fits.

    A position keeps about 3 x vocabulary floats of logits and 34 x hidden floats a layer (the activation count of
    arXiv 2205.05198, section 4.1).
    """
    position_bytes = 4 * (3 * vocabulary + 34 * hidden * layers)
    free_bytes = psutil.virtual_memory().available * _SHARE_OF_FREE
    sequences = recipe.batch_size
    while sequences > 1 and sequences * recipe.context * position_bytes > free_bytes:
        sequences = (sequences + 1) // 2
    return sequences
