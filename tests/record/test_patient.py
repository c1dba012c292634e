"""A store that is out of reach while a sweep runs is waited for, and nothing is believed to be missing meanwhile."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.record.patient import PatientStore
from raystudy.record.store import LocalStore


class Filling(LocalStore):
    """A folder on a disk that has no room for a number of times."""

    def __init__(self, folder: Path, times: int) -> None:
        super().__init__(folder)
        self.times = times

    def put(self, name: str, content: bytes) -> None:
        """Find no room, or some."""
        self.times -= 1
        if self.times >= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().put(name, content)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a study that was begun."""
    begun = tmp_path / "study"
    Archive(begun).write_study("name = 'a'")
    return begun


def patient(store: Path | LocalStore, say: Callable[[str], None] = lambda _: None, *, for_s: float = 9) -> PatientStore:
    """Return a store that is asked again at once."""
    return PatientStore(Archive(store), say=say, every_s=0, for_s=for_s)


def test_a_row_waits_for_room(folder: Path) -> None:
    """It is written as soon as there is room again; what hinders it is said once, and that it is over."""
    said = list[str]()
    patient(Filling(folder, 2), said.append).put("trials/a", b"1")

    assert b"1" == (folder / "trials/a").read_bytes()
    assert [
        f"{folder} cannot be used: No space left on device. It is tried every 0 s, for 0 minutes at most",
        f"{folder} can be used again",
    ] == said


def test_it_is_waited_for_so_long(folder: Path) -> None:
    """In the end it is a sentence, as any mistake that a user can mend."""
    with pytest.raises(ArchiveError, match=r"cannot be used: No space left on device\. .* make room there"):
        patient(Filling(folder, 9**9), for_s=0.01).put("trials/a", b"1")


def test_what_is_not_worth_it_is_not_waited_for(folder: Path) -> None:
    """A state that cannot be kept must not hold the training up; what comes afterwards is waited for again."""
    store = patient(Filling(folder, 2))

    with store.hurried(), pytest.raises(ArchiveError):
        store.put("checkpoints/a", b"1")
    store.put("trials/a", b"1")

    assert store.has("trials/a")


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.read("trials/a"),
        lambda store: store.at_hand("trials/a"),
        lambda store: store.has("trials/a"),
        lambda store: store.names("trials"),
    ],
)
def test_a_folder_that_was_moved_away_is_not_empty(folder: Path, ask: Callable[[PatientStore], object]) -> None:
    """Nothing is missing in it, else all of it would be measured again: it is waited for until it is back."""
    store = patient(
        folder, lambda said: (folder.with_name("away").rename(folder), None)[1] if "cannot" in said else None
    )
    store.put("trials/a", b"1")
    folder.rename(folder.with_name("away"))

    assert ask(store)


def test_a_folder_that_was_moved_away_is_not_made_anew(folder: Path) -> None:
    """What is written into a folder where nothing is mounted is lost, or in the way of the one that comes back."""
    store = patient(folder, for_s=0)
    folder.rename(folder.with_name("away"))

    with pytest.raises(ArchiveError, match="what was in it is gone; it may be unmounted, or moved away"):
        store.put("trials/a", b"1")
    assert not folder.exists()


def test_what_is_not_there_is_an_answer(folder: Path) -> None:
    """Where the study is, a file that is missing is missing."""
    store = patient(folder)

    assert (False, []) == (store.has("trials/a"), store.names("trials"))
    with pytest.raises(FileNotFoundError):
        store.read("trials/a")


def test_a_file_whose_answer_was_lost_was_created(folder: Path) -> None:
    """The same again is the first one; another one is not overwritten."""
    store = patient(folder)

    assert [True, True, False] == [store.create("idle/a", content) for content in (b"1", b"1", b"2")]
