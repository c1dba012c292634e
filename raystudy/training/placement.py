"""Where a trial runs: its device, its threads, the cores it is pinned to, with the reason for each choice."""

import functools
import os
from dataclasses import dataclass

import torch

from raystudy.errors import ClusterError
from raystudy.study import Resources
from raystudy.training.memory import keep_freed_memory


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """A device and a number of threads, already in force in this process."""

    device: torch.device
    threads: int
    reasons: dict[str, str]

    @property
    def identity(self) -> str:
        """`cpu`, or the UUID of the GPU as NVML writes it."""
        if self.device.type == "cpu":
            return "cpu"
        return f"GPU-{torch.cuda.get_device_properties(self.device).uuid}"

    @property
    def gpu_name(self) -> str | None:
        """The model of the GPU; null on CPU."""
        return None if self.device.type == "cpu" else torch.cuda.get_device_name(self.device)


def place(resources: Resources) -> Placement:
    """Pin this process as the study asks, and say what was done; raises ClusterError where there is no GPU to use."""
    reasons = {"threads": f"resources.cpus = {resources.cpus}", "affinity": _pin(resources)}
    torch.set_num_threads(resources.cpus)
    if resources.gpus == 0:
        return Placement(
            device=torch.device("cpu"),
            threads=resources.cpus,
            reasons=reasons | {"device": "cpu, because resources.gpus = 0", "allocator": keep_freed_memory()},
        )
    # cuBLAS is deterministic only with a fixed workspace, read when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if not torch.cuda.is_available():
        raise ClusterError(
            "resources.gpus = 1, and torch finds no GPU in this process. Set it to 0 to train on the CPU."
        )
    torch.cuda.init()
    return Placement(
        device=torch.device("cuda", 0),
        threads=resources.cpus,
        reasons=reasons | {"device": "the GPU that Ray gave this trial, resources.gpus = 1"},
    )


@functools.cache
def _cores() -> list[int]:
    """Return the cores that this process was given; asked once, before it is pinned."""
    return sorted(os.sched_getaffinity(0))


def _pin(resources: Resources) -> str:
    """Pin the process to the last of its cores: the first ones serve the system, Ray and the power monitor."""
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned: this system cannot pin a process"
    if not resources.exclusive:
        return "not pinned: trials share the node, and Ray does not say which cores are whose"
    cores = _cores()
    chosen = cores[-resources.cpus :]
    os.sched_setaffinity(0, chosen)
    return f"pinned to cores {','.join(map(str, chosen))} of {len(cores)}"
