"""The processes that follow the first one of a training: started, told each step, found when they are lost.

    leader ──order, then a word a step, on standard input──▶ follower ──why it ended, in a file──▶ leader

They end with the leader, however it ends: their standard input does.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from raystudy.study import Recipe
from raystudy.training.parallel import END, Team, abort, meet, part
from raystudy.training.placement import Placement

_LOOK_EVERY_S = 0.05
_SEEN_WITHIN_S = 5.0
"""A process that broke a connection is found to have ended within this."""

_END_WITHIN_S = 30.0
"""A follower that has not ended this long after it was told to is killed."""


class LostError(RuntimeError):
    """A process that a training needs has ended: no mistake of the study's, so it may be tried again."""


@contextmanager
def team_of(
    recipe: Recipe, *, seed: int, placement: Placement, allow_hub: bool, state_file: Path | None
) -> Iterator[Team]:
    """
    Start what follows this process in a training, from a state where there is one; all of it ends with the context.

    Raises LostError where one of them ends before.
    """
    if placement.processes == 1:
        yield Team(device=placement.device)
        return
    told = {
        "recipe": recipe.model_dump(),
        "seed": seed,
        "size": placement.processes,
        "threads": placement.threads_each,
        "device": placement.device.type,
        "allow_hub": allow_hub,
        "state_file": None if state_file is None else str(state_file),
    }
    with TemporaryDirectory(prefix="raystudy-team-") as folder:
        followers = _Followers(told, placement, Path(folder))
        try:
            yield Team(size=placement.processes, device=placement.device, tell=followers.tell, join=followers.join)
            followers.end()
        except Exception as error:
            may_be = followers.let_go or isinstance(error, RuntimeError | OSError)
            if may_be and (lost := followers.lost(within_s=_SEEN_WITHIN_S)):
                raise LostError(lost) from error
            raise
        finally:
            followers.close()


class _Followers:
    """The processes of all ranks but the first."""

    def __init__(self, told: Mapping[str, object], placement: Placement, folder: Path) -> None:
        """Start them."""
        self._placement, self._folder = placement, folder
        self.let_go = False
        """Whether what this process waited for was aborted, and it goes on with numbers that mean nothing."""
        self._closed = threading.Event()
        self._processes = [
            self._started({**told, "rank": rank, "folder": str(folder)}) for rank in range(1, placement.processes)
        ]
        self._watch = threading.Thread(target=self._abort_when_lost, daemon=True)
        self._watch.start()

    def tell(self, word: str) -> None:
        """Say a word to each."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{word}\n")
            process.stdin.flush()

    def join(self) -> None:
        """Meet them as soon as each is ready; raises LostError where one ends before."""
        while not all(ready(self._folder, rank).exists() for rank in self._ranks):
            if lost := self.lost():
                raise LostError(lost)
            time.sleep(_LOOK_EVERY_S)
        meet(self._folder, rank=0, size=self._placement.processes, device=self._placement.device)

    def lost(self, *, within_s: float = 0.0) -> str | None:
        """Say which process has ended, and why; null where none ends within this time."""
        until_s = time.monotonic() + within_s
        while True:
            for rank, process in zip(self._ranks, self._processes, strict=True):
                if process.poll() is not None:
                    return self._said(rank, process.returncode)
            if time.monotonic() >= until_s:
                return None
            time.sleep(_LOOK_EVERY_S)

    def end(self) -> None:
        """Part; raises LostError where one has ended already."""
        if lost := self.lost():
            raise LostError(lost)
        self._closed.set()
        self.tell(END)
        part()
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_WITHIN_S)

    def close(self) -> None:
        """Leave no process behind."""
        self._closed.set()
        self._watch.join()
        for process in self._processes:
            process.kill()
            with suppress(OSError):  # a word that it has not read any more
                process.communicate()
        abort()
        part()

    @property
    def _ranks(self) -> Sequence[int]:
        return range(1, self._placement.processes)

    def _started(self, order: Mapping[str, object]) -> "subprocess.Popen[str]":
        # What it prints belongs into the log of this process, and not among what this process may print as its answer.
        words = [sys.executable, "-m", "raystudy.training.following"]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=2, text=True)  # noqa: S603 - fixed words
        assert process.stdin is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return process

    def _abort_when_lost(self) -> None:
        """Watch them from a thread: what waits on the GPU for one that is lost would wait for ever."""
        while not self._closed.wait(_LOOK_EVERY_S):
            if self.lost():
                self.let_go = abort()
                return

    def _said(self, rank: int, code: int) -> str:
        file = why(self._folder, rank)
        reason = file.read_text() if file.exists() else f"exit code {code}"
        if code < 0:
            reason = f"killed by {signal.Signals(-code).name}"
        return (
            f"The process that trains on device {rank + 1} of {self._placement.processes} ended before the training "
            f"did: {reason}. Its output is in the log of the trial; `raystudy run` tries it again."
        )


def ready(folder: Path, rank: int) -> Path:
    """Return the file that says that a follower can meet the others."""
    return folder / f"{rank}.ready"


def why(folder: Path, rank: int) -> Path:
    """Return the file in which a follower says why it ended."""
    return folder / f"{rank}.why"
