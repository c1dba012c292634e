"""Where the files of an archive lie: a folder, or something far away that can do the same.

    LocalStore      a folder of this machine, or one that all machines see (NFS)
    FetchedStore    anything else: what is read is fetched into a temporary folder, what is written is sent whole

Names are relative, with `/` between their parts. A file is there whole or not at all, whatever is killed.
"""

import errno
import os
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from raystudy.record.files import fill_whole, forget, temporary_for, write_whole

Fill = Callable[[Path], None]
"""Writes a file, or makes a folder, at the path it is given."""


class Store(Protocol):
    """A place of named files. All methods raise OSError where the place does not answer."""

    @property
    def place(self) -> str:
        """What a person calls it, and what `--out` takes."""

    @property
    def address(self) -> str:
        """What it is called from any working directory."""

    def read(self, name: str) -> bytes:
        """Return a file; raises FileNotFoundError."""

    def put(self, name: str, content: bytes) -> None:
        """Write a file, over one that is there."""

    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless one is there; says whether it did."""

    def fill(self, name: str, fill: Fill) -> None:
        """Let something write a file or a folder, over one that is there."""

    def at_hand(self, name: str) -> Path:
        """Return a path on this machine where a file or folder can be read; raises FileNotFoundError."""

    def has(self, name: str) -> bool:
        """Whether there is such a file, or a folder that holds one."""

    def names(self, under: str) -> list[str]:
        """Return all files below a folder, in order of their names; none where there is no such folder."""

    def delete(self, name: str) -> None:
        """Delete a file, or all below a folder; what is not there is no error."""

    def tidy(self, under: str) -> None:
        """Delete what a killed writer left half done below a folder."""


class LocalStore:
    """A folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def place(self) -> str:
        """What a person calls it."""
        return str(self.folder)

    @property
    def address(self) -> str:
        """What it is called from any working directory."""
        return str(self.folder.absolute())

    def read(self, name: str) -> bytes:
        """Return a file; raises FileNotFoundError."""
        return (self.folder / name).read_bytes()

    def put(self, name: str, content: bytes) -> None:
        """Write a file, over one that is there."""
        write_whole(self._with_parent(name), content)

    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless one is there; of two that try at once, one does (a hard link is atomic, on NFS too)."""
        path = self._with_parent(name)
        temporary = temporary_for(path)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)
        except FileExistsError:
            return False
        finally:
            forget(temporary)
        return True

    def fill(self, name: str, fill: Fill) -> None:
        """Let something write a file or a folder, over one that is there."""
        fill_whole(self._with_parent(name), fill)

    def at_hand(self, name: str) -> Path:
        """Return the path itself; raises FileNotFoundError."""
        path = self.folder / name
        if not path.exists():
            raise FileNotFoundError(f"There is no {path}.")
        return path

    def has(self, name: str) -> bool:
        """Whether there is such a file or folder."""
        return (self.folder / name).exists()

    def names(self, under: str) -> list[str]:
        """Return all files below a folder, those half written left out."""
        walked = os.walk(self.folder / under, onerror=_unless_gone)
        files = (Path(folder, name) for folder, _, names in walked for name in names)
        return sorted(path.relative_to(self.folder).as_posix() for path in files if path.suffix != ".tmp")

    def delete(self, name: str) -> None:
        """Delete a file or folder."""
        forget(self.folder / name)

    def tidy(self, under: str) -> None:
        """Delete files and folders of temporary names."""
        for path in list((self.folder / under).glob(".*.tmp")):
            forget(path)

    def _with_parent(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _unless_gone(error: OSError) -> None:
    """Go on where a folder is none, or was deleted since it was seen: a trial that ends takes its states along."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


class FetchedStore(ABC):
    """A store that is no folder here: files come and go through a temporary one."""

    def __init__(self, place: str) -> None:
        self.place = self.address = place
        self._fetched: dict[str, str] = {}
        self._room: Path | None = None

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return a file; raises FileNotFoundError."""

    @abstractmethod
    def put(self, name: str, content: bytes) -> None:
        """Write a file, over one that is there, with one request."""

    @abstractmethod
    def stamps(self, under: str) -> dict[str, str]:
        """Return all files below a folder, or the file of that name; each with what changes when it changes."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a file, or all below a folder."""

    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless one is there; of two that try in the same instant, both may."""
        if self.has(name):
            return False
        self.put(name, content)
        return True

    def fill(self, name: str, fill: Fill) -> None:
        """Let something write a file or a folder here, and send it."""
        with tempfile.TemporaryDirectory(prefix="raystudy-") as folder:
            made = Path(folder) / Path(name).name
            fill(made)
            if not made.is_dir():
                return self.put(name, made.read_bytes())
            for path in sorted(made.rglob("*")):
                if path.is_file():
                    self.put(f"{name}/{path.relative_to(made).as_posix()}", path.read_bytes())
        return None

    def at_hand(self, name: str) -> Path:
        """Fetch a file or folder, unless it is here as it is there."""
        stamps = self.stamps(name)
        if not stamps:
            raise FileNotFoundError(f"There is no {name} in {self.place}.")
        if self._room is None:
            self._room = Path(tempfile.mkdtemp(prefix="raystudy-"))
            self._leave = weakref.finalize(self, forget, self._room)
        for each, stamp in stamps.items():
            path = self._room / each
            if not path.resolve().is_relative_to(self._room.resolve()):
                raise OSError(errno.EPERM, f"a name in {self.place} leads out of it: {each!r}")
            if self._fetched.get(each) != stamp:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, self.read(each))
                self._fetched[each] = stamp
        return self._room / name

    def leave(self) -> None:
        """Delete what was fetched, where the process ends without Python's own tidying."""
        if self._room is not None:
            self._leave()

    def has(self, name: str) -> bool:
        """Whether there is such a file, or a folder that holds one."""
        return bool(self.stamps(name))

    def names(self, under: str) -> list[str]:
        """Return all files below a folder."""
        return sorted(self.stamps(under))

    def tidy(self, under: str) -> None:
        """Do nothing: what was not sent whole is not there."""
        del under
