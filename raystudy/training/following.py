"""A process that follows in a training: it takes its share of each step that the first process says, until told to end.

standard input ──order──▶ load ──▶ ready ──▶ a step a word ... ──▶ end, with the last word or with the leader
"""

import json
import os
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import torch

from raystudy.study import Recipe
from raystudy.training.followers import ready, why
from raystudy.training.loaded import load
from raystudy.training.memory import keep_freed_memory
from raystudy.training.parallel import END, STATE, STEP, Team, meet, part
from raystudy.training.placement import Placement


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What the leader asks for."""

    recipe: dict[str, object]
    seed: int
    rank: int
    size: int
    threads: int
    device: str
    """`cuda`, whose index is the rank, or `cpu`."""
    allow_hub: bool
    state_file: str | None
    folder: str
    """Where the processes of the training meet."""


def main() -> None:
    """Follow, and say in a file why that ended before its time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells the whole group; the leader is who ends this
    order = Order(**json.loads(sys.stdin.readline()))
    words: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(words, Path(order.folder)), daemon=True).start()
    try:
        _follow(order, words)
    except Exception as error:  # noqa: BLE001 - whatever it was, the leader is to hear of it
        first, *_ = str(error).splitlines() or [""]
        why(Path(order.folder), order.rank).write_text(f"{type(error).__name__}: {first}".rstrip(":. "))
        sys.excepthook(type(error), error, error.__traceback__)
        os._exit(1)
    os._exit(0)  # at once: a thread still listens


def _listen(words: "SimpleQueue[str]", folder: Path) -> None:
    """Pass words on; when the leader is no more, tidy up for it and end, whatever is being waited for."""
    for line in sys.stdin:
        words.put(line.strip())
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _follow(order: Order, words: "SimpleQueue[str]") -> None:
    """Load what the leader loads, and take each step with it."""
    torch.set_num_threads(order.threads)
    device = torch.device("cpu")
    if order.device == "cuda":
        device = torch.device("cuda", order.rank)
        torch.cuda.set_device(device)
    else:
        keep_freed_memory()
    team = Team(rank=order.rank, size=order.size, device=device, join=partial(_join, order, device))
    loaded = load(
        Recipe.model_validate(order.recipe),
        seed=order.seed,
        placement=Placement(device=device, threads=order.threads, reasons={}),
        allow_hub=order.allow_hub,
        state_file=None if order.state_file is None else Path(order.state_file),
        team=team,
    )
    while (word := words.get()) != END:
        if word == STEP:
            loaded.steps.step()
        elif word == STATE:
            _ = loaded.steps.state
    part()


def _join(order: Order, device: torch.device) -> None:
    folder = Path(order.folder)
    ready(folder, order.rank).touch()
    meet(folder, rank=order.rank, size=order.size, device=device)


if __name__ == "__main__":
    main()
