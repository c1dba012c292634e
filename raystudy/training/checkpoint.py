"""The state of a training in a file: tensors and counts, no pickle; from it a training goes on, equal bit for bit.

Steps ──state, counts──▶ FILE.safetensors ──▶ Steps of another process
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from raystudy.errors import ArchiveError, CorpusError
from raystudy.record.checkpoints import Course


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What a training has counted."""

    steps: int = 0
    sequences: int = 0
    tokens: int = 0
    padding: int = 0
    pairs: int = 0
    """Positions times the width of their sequence, summed: what attention costs."""
    sequences_a_pass: int = 0
    """How a step was cut into passes: it decides how sums are rounded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What the next step depends on."""

    counts: Counts
    tensors: Mapping[str, torch.Tensor]
    """Weights, optimizer, random numbers, by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Since:
    """Where an interrupted training goes on."""

    course: Course
    """How it went until then."""
    state_file: Path


def save(state: State, path: Path, *, fingerprint: str) -> None:
    """Write a state; `fingerprint` is that of the text it was trained on."""
    told = {"counts": json.dumps(dataclasses.asdict(state.counts)), "corpus_fingerprint": fingerprint}
    save_file({name: tensor.contiguous() for name, tensor in state.tensors.items()}, path, metadata=told)


def open_state(path: Path, *, fingerprint: str) -> State:
    """Read a state; raises ArchiveError where it cannot be read, CorpusError where it is of another text."""
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
            counts = Counts(**json.loads(told["counts"]))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ArchiveError(
            f"{path} is not a readable state of a training ({error}). Move {path.parent} away; the trial starts anew."
        ) from error
    if told["corpus_fingerprint"] != fingerprint:
        raise CorpusError(
            f"The text has changed since the state in {path.parent} was kept. Bring the text back (for stdlib: the "
            "same Python), or move that folder away to start the trial anew."
        )
    return State(counts=counts, tensors=tensors)


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Return where torch's random numbers are, on the CPU and on the GPU."""
    told = {"random.cpu": torch.get_rng_state()}
    return told if device.type == "cpu" else told | {"random.cuda": torch.cuda.get_rng_state(device)}


def restore_random_state(device: torch.device, tensors: Mapping[str, torch.Tensor]) -> None:
    """Go on with the random numbers from there."""
    torch.set_rng_state(tensors["random.cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(tensors["random.cuda"], device)
