"""The board: one actor where running trials write how far they are, and where the driver reads it."""

from typing import Any

import ray

from raystudy.power.monitor import NAMESPACE
from raystudy.record.live import Running


@ray.remote(num_cpus=0)
class Board:
    """Holds the last word of each running trial."""

    def __init__(self) -> None:
        """Start with no trial running."""
        self._running: dict[str, Running] = {}

    def __repr__(self) -> str:
        """Name it for the Actors tab."""
        return "Board()"

    def write(self, running: Running) -> None:
        """Replace what a trial said before."""
        self._running[running.trial_id] = running

    def wipe(self, trial_id: str) -> None:
        """Forget a trial that ended."""
        self._running.pop(trial_id, None)

    def read(self) -> tuple[Running, ...]:
        """Return what runs now."""
        return tuple(self._running.values())


def board_for(study: str) -> Any:
    """Return the board of a study, started where there is none; it ends with the driver that asked first."""
    shared: Any = Board
    return shared.options(name=f"board-{study}", namespace=NAMESPACE, get_if_exists=True).remote()
