"""A folder that trials do not see is written by an actor that does; killed, it comes back, and nothing is lost."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from raystudy.power.monitor import NAMESPACE
from raystudy.record.archive import Archive, Failure
from raystudy.record.opening import open_for
from raystudy.record.store import LocalStore
from raystudy.study import Study
from raystudy.sweep.writer import WriterStore, store_of, written
from tests.observations import observation, study_of

pytestmark = pytest.mark.usefixtures("ray_cluster")

TEXT = """
kind = "efficiency"
name = "made"
question = "What does more cost?"
repetitions = 1
factors.tokens = [1_000]
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WriterStore]:
    """Return what a trial sees of a folder through a writer."""
    with written(str(tmp_path), study="made") as address:
        found = store_of(address)
        assert isinstance(found, WriterStore)
        yield found


@pytest.fixture
def study() -> Study:
    """Return a study of three trials."""
    return study_of(repetitions="1")


def kill_writer(store: WriterStore) -> None:
    """Kill its process as the kernel would."""
    writer: Any = ray.get_actor(store._actor, namespace=NAMESPACE)
    os.kill(ray.get(writer.__ray_call__.remote(lambda _: os.getpid())), signal.SIGKILL)


def write(path: Path) -> None:
    """Write a file, as a training writes its state."""
    path.write_text("state")


def make(path: Path) -> None:
    """Make a folder, as a training keeps its weights."""
    path.mkdir()
    (path / "weights").write_text("w")


def test_what_is_written_lies_in_the_folder(store: WriterStore, tmp_path: Path) -> None:
    """Under the same names, as the driver reads them without a writer."""
    store.put("trials/a.parquet", b"row")
    store.fill("checkpoints/a/0001.safetensors", write)
    there = LocalStore(tmp_path)

    assert (b"row", b"state") == (there.read("trials/a.parquet"), there.read("checkpoints/a/0001.safetensors"))


def test_what_lies_in_the_folder_is_read(store: WriterStore, tmp_path: Path) -> None:
    """Files, folders, names; fetched to where the trial is."""
    LocalStore(tmp_path).put("pretrained/tiny/weights", b"w")

    assert (True, False, ["pretrained/tiny/weights"]) == (
        store.has("pretrained/tiny"),
        store.has("study.toml"),
        store.names("pretrained"),
    )
    assert b"w" == (store.at_hand("pretrained/tiny") / "weights").read_bytes()
    assert tmp_path not in store.at_hand("pretrained/tiny").parents


def test_what_is_not_there_is_an_error_of_the_folder(store: WriterStore) -> None:
    """The same as without a writer, and no traceback of Ray."""
    with pytest.raises(FileNotFoundError) as caught:
        store.read("study.toml")

    assert "study.toml" in str(caught.value.filename)


def test_a_person_hears_the_folder(store: WriterStore, tmp_path: Path) -> None:
    """A sentence that names the archive names what `--out` takes."""
    assert str(tmp_path) == Archive(store).place


def test_an_archive_works_through_a_writer(store: WriterStore, study: Study, tmp_path: Path) -> None:
    """All that a trial asks of it."""
    archive, there = Archive(store), Archive(tmp_path)
    (trial, *_) = study.trials()
    open_for(there, study, TEXT)
    archive.write(observation(trial, study=study))
    archive.write_failure(Failure(trial_id="lost", at_utc="2026-01-05T08:00:00", reason="it died", details=""))
    archive.keep_pretrained("tiny", make)

    assert (there.study(), there.study_sha256()) == (archive.study(), archive.study_sha256())
    assert (True, 1) == (there.has(trial.id), there.table().collect().height)
    assert there.all_failures() == archive.all_failures()
    assert "w" == (archive.pretrained("tiny") / "weights").read_text()
    assert (0, None) == (archive.checkpoints(trial.id).reached, archive.checkpoints(trial.id).last())


def test_a_killed_writer_comes_back(store: WriterStore, tmp_path: Path) -> None:
    """What was written stays; what is written next waits for the new process."""
    store.put("trials/a", b"before")
    kill_writer(store)
    store.put("trials/b", b"after")

    assert ["trials/a", "trials/b"] == LocalStore(tmp_path).names("trials") == store.names("trials")


def test_a_writer_that_is_gone_is_an_oserror(tmp_path: Path) -> None:
    """As a folder that does not answer: a trial that holds a row tries again."""
    with written(str(tmp_path), study="made") as address:
        store = store_of(address)

    with pytest.raises(OSError, match=r"The writer of .* on the driver's node is gone"):
        store.put("trials/a", b"row")


def test_other_places_need_no_writer(tmp_path: Path) -> None:
    """What all nodes see is opened by each."""
    assert isinstance(store_of(str(tmp_path)), LocalStore)
