"""The processes of one training, one a GPU: each takes a share of each batch, and their gradients add up.

    batch ──share──▶ forward, backward ──summed──▶ the same gradients, and so the same weights, everywhere

The first process leads: it trains as one alone would, and says each step to the others, which wait for its word and not
on their GPU. A process alone is a team of one: it takes all of a batch, and sums over itself.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from raystudy.training.sequences import IGNORED, Rows

STEP, STATE, END = "step", "state", "end"
"""What the first process says to the others: take a step, tell what your next one depends on, end."""

_TIMEOUT_S = 600.0
"""A process that is there and says nothing for this long is given up: one may have to compile before the others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """The processes of a training, as one of them sees them."""

    device: torch.device
    """Of this process."""
    rank: int = 0
    """Counted from 0, which leads."""
    size: int = 1
    tell: Callable[[str], None] = lambda _: None
    """Says a word to the others, where this one leads."""
    join: Callable[[], None] = lambda: None
    """Waits until all are there."""

    def share_of(self, n: int) -> int:
        """Return how many of n sequences the process with the most of them takes."""
        return -(-n // self.size)

    def share(self, rows: Rows) -> Rows:
        """Return what this process takes of a batch; where nothing is left for it, one of which nothing is learnt."""
        inputs, targets = rows
        if len(inputs) <= self.rank:
            return inputs[:1], np.full_like(targets[:1], IGNORED)
        return inputs[self.rank :: self.size], targets[self.rank :: self.size]

    def synced(self, model: Any) -> Any:
        """Return the model as one whose backward pass leaves the mean of all processes' gradients, once all joined."""
        if self.size == 1:
            return model
        self.join()
        return DistributedDataParallel(model, gradient_as_bucket_view=True)

    def summed(self, own: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes."""
        if self.size > 1:
            distributed.all_reduce(own)
        return own

    def least(self, own: int) -> int:
        """Return the least of all processes."""
        if self.size == 1:
            return own
        least = torch.tensor(own, device=self.device)
        distributed.all_reduce(least, distributed.ReduceOp.MIN)
        return int(least.item())

    def gathered(self, own: torch.Tensor) -> list[torch.Tensor]:
        """Return what each process has, all of one shape, in their order."""
        if self.size == 1:
            return [own]
        sent = own.to(self.device)
        received = [torch.empty_like(sent) for _ in range(self.size)]
        distributed.all_gather(received, sent)
        return [each.to(own.device) for each in received]


def meet(folder: Path, *, rank: int, size: int, device: torch.device) -> None:
    """Meet the other processes of this node through a folder; they talk over its loopback device alone."""
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback)
    os.environ.setdefault("NCCL_SOCKET_IFNAME", loopback)
    # The leader finds out who is lost, and aborts; NCCL's watchdog would end the leader without a word.
    os.environ.setdefault("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0")
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=(folder / "store").as_uri(),
        rank=rank,
        world_size=size,
        timeout=timedelta(seconds=_TIMEOUT_S),
        device_id=device if device.type == "cuda" else None,
    )


def part() -> None:
    """Leave the others, who leave at the same time."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def abort() -> bool:
    """Let go of what waits on a GPU for a process that is gone; on a CPU its closed connections do that."""
    world = distributed.group.WORLD
    if world is None or not torch.cuda.is_available():
        return False
    world.abort()
    return True
