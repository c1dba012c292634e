"""The matrix-product ceiling: how fast this machine multiplies, measured, so that MFU is a share of it."""

import functools
import time

import torch

_SIDE = {"cuda": 8192, "cpu": 1024}
"""Side of the square matrices: P1 and vendors use 8192 on GPUs; 1024 saturates the cores of a CPU in 20 ms."""

_REPEATS = 30


@functools.cache
def flops_ceiling_per_s(device: torch.device, dtype: torch.dtype, threads: int) -> float:
    """
    Return the best rate of a product of two random matrices, FLOP/s; measured once a process.

    The best, because a ceiling is what the machine can do when nothing else runs on it. Random, because a board
    computes products of zeros 13 % faster than of data. `threads` only keys the cache.
    """
    del threads
    side = _SIDE[device.type]
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    return 2 * side**3 / min(_timed_product_s(left, right) for _ in range(_REPEATS))


def _timed_product_s(left: torch.Tensor, right: torch.Tensor) -> float:
    started_s = time.monotonic()
    left @ right
    if left.is_cuda:
        torch.cuda.synchronize()
    return time.monotonic() - started_s
