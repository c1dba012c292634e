"""Where a trial runs: its device, its threads, the cores it is pinned to, with the reason for each choice."""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from raystudy.errors import ClusterError
from raystudy.record.segment import REHEARSED
from raystudy.study import Resources
from raystudy.training.memory import keep_freed_memory

REHEARSAL = "RAYSTUDY_REHEARSAL"
"""Environment of a node: UUIDs, as NVML writes them, of the GPUs that trials are charged for while they train on the
CPU, to rehearse a study of GPUs without one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """A device and a number of threads, already in force in this process."""

    device: torch.device
    """That this process computes on."""
    threads: int
    """Of all processes of the training."""
    reasons: dict[str, str]
    gpus: tuple[str, ...] = ()
    """UUIDs of the GPUs of the trial, as NVML writes them, sorted."""
    gpu_name: str | None = None
    """Their model; null on CPU."""

    @property
    def identity(self) -> str:
        """`cpu`, or the UUIDs of the GPUs, joined by `+`."""
        return "+".join(self.gpus) or "cpu"

    @property
    def processes(self) -> int:
        """How many train together: one a GPU."""
        return max(1, len(self.gpus))

    @property
    def threads_each(self) -> int:
        """Threads of one process."""
        return max(1, self.threads // self.processes)

    @property
    def kind(self) -> str:
        """What kind of device it is, and how many: a training goes on only on such."""
        return self.device.type if self.processes == 1 else f"{self.processes} x {self.device.type}"


def place(resources: Resources) -> Placement:
    """Pin this process as the study asks, and say what was done; raises ClusterError where GPUs are missing."""
    rehearsal = os.environ.get(REHEARSAL, "")
    if resources.gpus == 0:
        placement = _on_cpu("cpu, because resources.gpus = 0", resources)
    elif rehearsal:
        placement = _rehearsed(rehearsal.split(","), resources)
    else:
        placement = _on_gpus(resources)
    torch.set_num_threads(placement.threads_each)
    return placement


def _on_cpu(why: str, resources: Resources, *, gpus: tuple[str, ...] = ()) -> Placement:
    return Placement(
        device=torch.device("cpu"),
        threads=resources.cpus,
        reasons=_pinned(resources) | {"device": why, "allocator": keep_freed_memory()},
        gpus=gpus,
        gpu_name=REHEARSED if gpus else None,
    )


def _rehearsed(known: Sequence[str], resources: Resources) -> Placement:
    """Train on the CPU, in the name of the GPUs that Ray gave this process: indices into those that are known."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    indices = range(len(known)) if given is None else [int(index) for index in given.split(",") if index]
    gpus = [known[index] for index in indices if index < len(known)]
    _refuse_fewer(resources, len(gpus), f"{REHEARSAL} and CUDA_VISIBLE_DEVICES together name")
    why = f"cpu, because {REHEARSAL} is set on this node: the trial is charged for GPUs that it does not use"
    return _on_cpu(why, resources, gpus=tuple(sorted(gpus[: resources.gpus])))


def _on_gpus(resources: Resources) -> Placement:
    # cuBLAS is deterministic only with a fixed workspace, read when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    _refuse_fewer(resources, torch.cuda.device_count() if torch.cuda.is_available() else 0, "torch finds")
    torch.cuda.init()
    indices = range(resources.gpus)
    whose = "the GPU" if resources.gpus == 1 else f"the first of the {resources.gpus} GPUs"
    return Placement(
        device=torch.device("cuda", 0),
        threads=resources.cpus,
        reasons=_pinned(resources) | {"device": f"{whose} that Ray gave this trial, resources.gpus = {resources.gpus}"},
        gpus=tuple(sorted(f"GPU-{torch.cuda.get_device_properties(index).uuid}" for index in indices)),
        gpu_name=" + ".join(dict.fromkeys(torch.cuda.get_device_name(index) for index in indices)),
    )


def _refuse_fewer(resources: Resources, n: int, found: str) -> None:
    if n < resources.gpus:
        raise ClusterError(
            f"resources.gpus = {resources.gpus}, and {found} {n or 'no'} GPU{'s' if n > 1 else ''} in this process. "
            "Lower it, or set it to 0 to train on the CPU."
        )


def _pinned(resources: Resources) -> dict[str, str]:
    each = f", {max(1, resources.cpus // resources.gpus)} for each process" if resources.gpus > 1 else ""
    return {"threads": f"resources.cpus = {resources.cpus}{each}", "affinity": _pin(resources)}


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
