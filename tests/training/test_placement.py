"""A trial is placed as its study asks, and says where it is; a rehearsal stands in for GPUs that are not there."""

import os

import pytest
import torch

from raystudy.errors import ClusterError
from raystudy.study import Resources
from raystudy.training.placement import REHEARSAL, place


def asked(gpus: int, cpus: int = 4) -> Resources:
    """Return what a trial asks for."""
    return Resources(gpus=gpus, cpus=cpus, exclusive=False)


@pytest.fixture(autouse=True)
def _node(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand on a node that rehearses four GPUs, two of which Ray gave this process."""
    monkeypatch.setenv(REHEARSAL, "GPU-d,GPU-c,GPU-b,GPU-a")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")


def test_a_rehearsal_is_charged_the_gpus_that_ray_gave() -> None:
    """It trains on the CPU, in the name of these GPUs, and says so."""
    placement = place(asked(2))

    assert ("GPU-a+GPU-c", "cpu", "2 x cpu") == (placement.identity, placement.device.type, placement.kind)
    assert "none: a rehearsal on the CPU" == placement.gpu_name
    assert "RAYSTUDY_REHEARSAL is set" in placement.reasons["device"]


def test_processes_share_the_threads() -> None:
    """One process a GPU; four cores are two threads for each of them."""
    placement = place(asked(2))

    assert (2, 4, 2, 2) == (placement.processes, placement.threads, placement.threads_each, torch.get_num_threads())
    assert "resources.cpus = 4, 2 for each process" == placement.reasons["threads"]


def test_without_gpus_nothing_is_rehearsed() -> None:
    """A study of the CPU is one on such a node, too."""
    placement = place(asked(0))

    assert ("cpu", None, 1, "cpu") == (placement.identity, placement.gpu_name, placement.processes, placement.kind)


def test_too_few_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says how many were found, and what else to ask for."""
    with pytest.raises(ClusterError, match=r"resources\.gpus = 3, and .* name 2 GPUs in this process\. Lower it"):
        place(asked(3))

    monkeypatch.delenv(REHEARSAL)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ClusterError, match=r"resources\.gpus = 1, and torch finds no GPU in this process\."):
        place(asked(1))

    assert "" == os.environ["CUDA_VISIBLE_DEVICES"]
