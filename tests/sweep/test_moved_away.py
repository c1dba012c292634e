"""A folder of results that is moved away while a trial trains, and comes back: nothing is lost, nothing begins anew."""

from pathlib import Path
from typing import Any

import pytest

from raystudy.record.archive import Archive
from raystudy.record.opening import open_for
from raystudy.study import parse
from raystudy.sweep.status import Snapshot
from raystudy.sweep.tune import run

TEXT = """
kind = "dynamics"
name = "moved-away"
question = "Does it wait?"
repetitions = 1
[recipe]
model = "tiny-0.1m"
tokenizer = "byte"
corpus = "stories"
corpus_documents = 200
context = 32
batch_size = 8
tokens = 40_000
unique_tokens = 5_000
eval_every_tokens = 10_000
eval_tokens = 1000
[factors]
init_seed = [101, 102]
[resources]
checkpoint_after_s = 0
[metering]
idle_s = 0
"""


class Mover:
    """Moves a folder away once a trial has finished and another trains, and back when it is missed."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._away = folder, folder.with_name("away")
        self.said: list[str] = []
        self.made_anew: bool | None = None

    def watch(self, snapshot: Snapshot) -> None:
        """Move it away, once."""
        if snapshot.done == 1 and self.made_anew is None and not self._away.exists():
            self._folder.rename(self._away)

    def tell(self, said: str) -> None:
        """Hear what the driver says."""
        self.said.append(said)
        if "moved away" in said:
            self.made_anew = self._folder.exists()
            self._away.rename(self._folder)


@pytest.fixture(scope="module")
def swept(ray_cluster: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Mover, Archive]:
    """Return a sweep whose folder was away for some seconds."""
    del ray_cluster
    folder = tmp_path_factory.mktemp("moved") / "study"
    archive, mover = Archive(folder), Mover(folder)
    study = parse(TEXT, name="moved.toml")
    open_for(archive, study, TEXT)
    run(study, archive, address=None, tell=mover.tell, watch=mover.watch)
    return mover, archive


def rows(archive: Archive) -> list[dict[str, Any]]:
    """Return the rows of an archive."""
    return archive.table().collect().to_dicts()


def test_it_is_waited_for(swept: tuple[Mover, Archive]) -> None:
    """It is said what is waited for, and that it is back; nobody makes the folder anew meanwhile."""
    mover, archive = swept

    assert mover.made_anew is False
    assert f"{archive.place} can be used again" in mover.said


def test_nothing_is_lost(swept: tuple[Mover, Archive]) -> None:
    """Both trials are there, each measured once, and none has failed."""
    _, archive = swept

    assert [1, 1] == [len(row["segments"]) for row in rows(archive)]
    assert () == archive.all_failures()
