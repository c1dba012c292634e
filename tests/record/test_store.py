"""What every store promises, whatever it is: a folder, what pyarrow or fsspec opens, what a writer keeps for others."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fsspec import AbstractFileSystem
from pyarrow import fs

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.record.filesystems import FileSystemStore, puts_whole, store_at
from raystudy.record.store import FetchedStore, Fill, LocalStore, Store

KINDS: dict[str, Callable[[Path], Store]] = {
    "a folder": lambda folder: LocalStore(folder / "study"),
    "fsspec, in memory": lambda folder: store_at(f"memory://{folder.name}/study"),
    "fsspec, on disk": lambda folder: store_at(f"local://{folder}/study"),
}


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return an empty store of each kind."""
    return KINDS[request.param](tmp_path)


def folder_of(**texts: str) -> Fill:
    """Return what makes a folder of some files."""

    def fill(path: Path) -> None:
        for name, text in texts.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)

    return fill


def test_what_is_put_is_read(store: Store) -> None:
    """Over what was there before, too."""
    store.put("trials/a.parquet", b"first")
    store.put("trials/a.parquet", b"second")

    assert b"second" == store.read("trials/a.parquet")


def test_what_is_not_there_is_said_to_be_so(store: Store) -> None:
    """By FileNotFoundError where a file is asked for, else by nothing."""
    with pytest.raises(FileNotFoundError):
        store.read("study.toml")
    with pytest.raises(FileNotFoundError):
        store.at_hand("trials")

    assert (False, [], None) == (store.has("study.toml"), store.names("trials"), store.delete("trials"))


def test_only_the_first_creates(store: Store) -> None:
    """What is there stays."""
    assert (True, False) == (store.create("running.json", b"one"), store.create("running.json", b"two"))
    assert b"one" == store.read("running.json")


def test_names_are_told_in_order(store: Store) -> None:
    """All below a folder, as they are read: relative, and of that folder alone."""
    for name in ("trials/b", "trials/a", "trialsome/c", "trials/deep/d", "e"):
        store.put(name, b"")

    assert ["trials/a", "trials/b", "trials/deep/d"] == store.names("trials")
    assert (True, True, False) == (store.has("trials"), store.has("trials/deep/d"), store.has("trial"))


def test_a_file_and_a_folder_are_deleted_alike(store: Store) -> None:
    """All below the folder, and nothing beside it."""
    for name in ("checkpoints/a/1", "checkpoints/a/2", "checkpoints/ab/1", "b"):
        store.put(name, b"")
    store.delete("checkpoints/a")
    store.delete("b")

    assert ["checkpoints/ab/1"] == store.names("checkpoints")
    assert (False, False) == (store.has("checkpoints/a"), store.has("b"))


def test_a_folder_is_filled_and_fetched(store: Store) -> None:
    """Its files are on this machine, with the folders they lay in."""
    store.fill("pretrained/tiny", folder_of(**{"config.json": "{}", "deep/weights": "w"}))
    path = store.at_hand("pretrained/tiny")

    assert ("{}", "w") == ((path / "config.json").read_text(), (path / "deep" / "weights").read_text())


def test_a_file_is_filled_and_fetched(store: Store) -> None:
    """A state of a trial is one file."""

    def write(path: Path) -> None:
        path.write_text("state")

    store.fill("checkpoints/a/0001.safetensors", write)

    assert "state" == store.at_hand("checkpoints/a/0001.safetensors").read_text()


def test_what_changed_is_fetched_again(store: Store) -> None:
    """And what did not is here already."""
    store.put("trials/a", b"first")
    store.at_hand("trials")
    store.put("trials/a", b"the second one")
    store.put("trials/b", b"new")

    assert [b"the second one", b"new"] == [(store.at_hand("trials") / name).read_bytes() for name in "ab"]


def test_a_filling_that_fails_leaves_nothing(store: Store) -> None:
    """Half a folder is none."""

    def breaks(path: Path) -> None:
        path.mkdir()
        (path / "half").write_text("")
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        store.fill("pretrained/tiny", breaks)

    assert (False, []) == (store.has("pretrained/tiny"), store.names(""))


def test_a_place_is_found_again_by_its_address(store: Store) -> None:
    """Another process that is given the address sees the same."""
    store.put("study.toml", b"text")

    assert b"text" == store_at(store.address).read("study.toml")


def test_halves_of_a_killed_writer_are_not_seen(tmp_path: Path) -> None:
    """A temporary name is no file of a store, and is tidied away."""
    store = LocalStore(tmp_path)
    store.put("checkpoints/a/0001.json", b"{}")
    half = tmp_path / "checkpoints" / "a" / ".0002.safetensors.0f.tmp"
    half.write_bytes(b"half")

    assert ["checkpoints/a/0001.json"] == store.names("checkpoints")
    store.tidy("checkpoints/a")
    assert not half.exists()


def test_a_folder_that_vanishes_is_passed_by(tmp_path: Path) -> None:
    """Whoever asks how far a sweep is lists all states while trials end, and take theirs along."""
    store, over = LocalStore(tmp_path), threading.Event()

    def begin_and_end() -> None:
        while not over.is_set():
            for trial in range(40):
                (tmp_path / "checkpoints" / f"{trial}").mkdir(parents=True, exist_ok=True)
            store.delete("checkpoints")

    ending = threading.Thread(target=begin_and_end)
    ending.start()
    try:
        listed = [store.names("checkpoints") for _ in range(300)]
    finally:
        over.set()
        ending.join()

    assert [[]] * 300 == listed


def test_a_folder_that_cannot_be_listed_is_no_empty_one(tmp_path: Path) -> None:
    """Else all would be measured again."""
    with pytest.raises(OSError, match="too long"):
        LocalStore(tmp_path).names("a" * 300)


def test_halves_far_away_are_not_seen(tmp_path: Path) -> None:
    """A store that renames leaves a temporary name when it is killed between; it is no file."""
    store = store_at(f"memory://{tmp_path.name}")
    assert isinstance(store, FileSystemStore)
    store.put("trials/a.parquet", b"whole")
    store._send(store._path("trials/b.parquet.0f.tmp"), b"half")

    assert ["trials/a.parquet"] == store.names("trials")


def test_of_two_that_create_at_once_one_does(tmp_path: Path) -> None:
    """In a folder, also on NFS: the claim of a driver rests on it."""
    store, start, created = LocalStore(tmp_path), threading.Barrier(8), list[bool]()

    def create(who: int) -> None:
        start.wait()
        created.append(store.create("running.json", str(who).encode()))

    threads = [threading.Thread(target=create, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [True] == [each for each in created if each]
    assert ["running.json"] == store.names("")


def test_a_relative_folder_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People say it as they typed it; other processes are given all of it."""
    monkeypatch.chdir(tmp_path)
    store = store_at("data/studies/made")

    assert ("data/studies/made", f"{tmp_path}/data/studies/made") == (store.place, store.address)
    assert str(tmp_path) == store_at(f"file://{tmp_path}").address


@pytest.mark.parametrize("uri", ["nothing://bucket/name", "s3x://bucket"])
def test_a_uri_that_nothing_opens_is_one_sentence(uri: str) -> None:
    """With what to give instead."""
    with pytest.raises(ArchiveError, match=f"^{uri} cannot be opened: .* Give a folder, or a URI as s3://BUCKET/NAME."):
        Archive(uri)


def test_no_name_leads_out_of_where_files_are_fetched(tmp_path: Path) -> None:
    """Whoever may write to an archive may not write to the machine of whoever reads it."""

    class Hostile(FetchedStore):
        def read(self, name: str) -> bytes:
            return name.encode()

        def put(self, name: str, content: bytes) -> None: ...

        def stamps(self, under: str) -> dict[str, str]:
            return {f"{under}/../../{tmp_path.name}": "1"}

        def delete(self, name: str) -> None: ...

    with pytest.raises(OSError, match="leads out of it"):
        Hostile("far://away").at_hand("trials")


PLACES = {
    "s3://": "names no place",
    "://x": "names no place",
    "http://localhost:1/x": "can only be read",
    "data://x": "can only be read",
    "s3://[x/y": "cannot be opened",
    "reference://x": "can only be read",
    "file://x/y": "names a host, or a relative folder",
}


@pytest.mark.parametrize(("uri", "said"), PLACES.items(), ids=PLACES)
def test_a_uri_that_can_hold_no_archive_is_one_sentence(uri: str, said: str) -> None:
    """Before anything is asked of it."""
    with pytest.raises(ArchiveError, match=f"^{re.escape(uri)} .*{said}.* Give "):
        store_at(uri)


def test_what_was_fetched_goes_with_a_process_that_ends_at_once(tmp_path: Path) -> None:
    """Python tidies up at its own end alone."""
    store = store_at(f"memory://{tmp_path.name}")
    store.put("trials/a", b"row")
    fetched = store.at_hand("trials/a")
    assert isinstance(store, FileSystemStore)
    store.leave()

    assert not fetched.parent.parent.exists()


def test_a_password_in_a_uri_is_refused_and_not_repeated() -> None:
    """Where an archive lies is shown in the dashboard, to whoever may see that."""
    with pytest.raises(ArchiveError, match="URI holds a password") as refused:
        store_at("s3://KEY:SECRET@bucket/x")

    assert "SECRET" not in str(refused.value)


def test_a_uri_of_a_file_is_unquoted() -> None:
    """As browsers and file managers write it."""
    assert "/data/a b" == store_at("file:///data/a%20b").place


@pytest.mark.parametrize(("protocol", "whole"), [("abfs", True), (("s3", "s3a"), True), (("file", "local"), False)])
def test_objects_of_fsspec_appear_whole(protocol: str | tuple[str, ...], *, whole: bool) -> None:
    """Its file systems tell one protocol, or several."""

    class System(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
        """A file system of that protocol."""

    System.protocol = protocol

    assert whole == puts_whole(fs.PyFileSystem(fs.FSSpecHandler(System())))
