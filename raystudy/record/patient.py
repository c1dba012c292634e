"""A store that is waited for: what is full or out of reach may be back, and what was measured is there only once.

asked ─▶ OSError, or a place without its study ─▶ asked again every 5 s ─▶ the answer, or after ten minutes ArchiveError
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.record.store import Fill

EVERY_S, FOR_S = 5.0, 600.0

Answer = TypeVar("Answer")


class _AwayError(OSError):
    """The place answers as if nothing had ever been in it: a folder that is not mounted any more."""


class PatientStore:
    """
    The store of an archive that holds its study, for the time of a sweep; each question raises ArchiveError in the end.

    A folder that was unmounted or moved away would say that nothing is finished, and would be made anew by what is
    written: so nothing is believed to be missing, and nothing is written, where the study is gone.
    """

    def __init__(
        self, archive: Archive, *, say: Callable[[str], None], every_s: float = EVERY_S, for_s: float = FOR_S
    ) -> None:
        """Take what hears, once, what is waited for, and that it is back."""
        self._archive, self._store, self._say = archive, archive.store, say
        self._every_s, self._for_s = every_s, for_s
        self._told = False

    @property
    def place(self) -> str:
        """What a person calls it."""
        return self._store.place

    @property
    def address(self) -> str:
        """What it is called from any working directory."""
        return self._store.address

    def read(self, name: str) -> bytes:
        """Return a file; raises FileNotFoundError."""
        return self._insist(lambda: self._store.read(name))

    def put(self, name: str, content: bytes) -> None:
        """Write a file, over one that is there."""
        self._insist(lambda: self._store.put(name, content), writes=True)

    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless another is there; equal content is an earlier try of ours, whose answer was lost."""
        return self._insist(lambda: self._store.create(name, content) or self._store.read(name) == content, writes=True)

    def fill(self, name: str, fill: Fill) -> None:
        """Let something write a file or a folder, over one that is there."""
        self._insist(lambda: self._store.fill(name, fill), writes=True)

    def at_hand(self, name: str) -> Path:
        """Return a path on this machine where a file or folder can be read; raises FileNotFoundError."""
        return self._insist(lambda: self._store.at_hand(name))

    def has(self, name: str) -> bool:
        """Whether there is such a file, or a folder that holds one."""
        return self._insist(lambda: self._store.has(name))

    def names(self, under: str) -> list[str]:
        """Return all files below a folder, in order of their names; none where there is no such folder."""
        return self._insist(lambda: self._store.names(under))

    def delete(self, name: str) -> None:
        """Delete a file, or all below a folder; what is not there is no error."""
        self._insist(lambda: self._store.delete(name), writes=True)

    def tidy(self, under: str) -> None:
        """Delete what a killed writer left half done below a folder."""
        self._insist(lambda: self._store.tidy(under), writes=True)

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Wait for nothing meanwhile: what is asked for is not worth it."""
        for_s, self._for_s = self._for_s, 0.0
        try:
            yield
        finally:
            self._for_s = for_s

    def _insist(self, ask: Callable[[], Answer], *, writes: bool = False) -> Answer:
        """Ask until there is an answer."""
        until_s, waited = time.monotonic() + self._for_s, False
        while True:
            try:
                answer = self._once(ask, writes=writes)
            except OSError as error:
                if isinstance(error, FileNotFoundError) and not writes:
                    raise  # that is an answer
                hindrance = f"{self.place} cannot be used: {error.strerror or error}"
                if time.monotonic() + self._every_s > until_s:
                    raise ArchiveError(
                        f"{hindrance}. What is finished is kept: make room there, or bring it back, and run the same "
                        "line again."
                    ) from error
            else:
                if waited:
                    self._tell_back()
                return answer
            waited = True
            self._tell(hindrance)
            time.sleep(self._every_s)

    def _once(self, ask: Callable[[], Answer], *, writes: bool) -> Answer:
        """Ask once; raises OSError where the place is away, or FileNotFoundError where it is there."""
        if writes:
            self._refuse_away()
        try:
            answer = ask()
        except FileNotFoundError:
            self._refuse_away()
            raise
        if not answer and not writes:
            self._refuse_away()
        return answer

    def _refuse_away(self) -> None:
        if not self._archive.holds_study:
            raise _AwayError("what was in it is gone; it may be unmounted, or moved away")

    def _tell(self, hindrance: str) -> None:
        if not self._told:  # two threads of a driver may wait for the same
            self._told = True
            self._say(f"{hindrance}. It is tried every {self._every_s:g} s, for {self._for_s / 60:.0f} minutes at most")

    def _tell_back(self) -> None:
        if self._told:
            self._told = False
            self._say(f"{self.place} can be used again")
