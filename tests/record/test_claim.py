"""One driver an archive: a second one is refused while the first lives, and takes over where it is gone."""

import dataclasses
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive
from raystudy.record.claim import Claim, claimed
from raystudy.record.live import RUNNING, Driver, Live, live_in
from raystudy.record.store import LocalStore

HOLD = """
import sys, time
from pathlib import Path
from raystudy.record.archive import Archive
from raystudy.record.claim import claimed
with claimed(Archive(Path(sys.argv[1])), address=None):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Return an archive that nobody holds."""
    return Archive(tmp_path)


def holder(archive: Archive) -> "subprocess.Popen[str]":
    """Return another process, which holds an archive."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, archive.place], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "held\n" == process.stdout.readline()
    return process


def written(archive: Archive) -> Live:
    """Return what the driver of an archive says."""
    live = live_in(archive.store)
    assert live is not None
    return live


def elsewhere(archive: Archive) -> Live:
    """Leave the claim of a driver on another host."""
    with claimed(archive, address=None):
        live = written(archive)
    other = dataclasses.replace(live, driver=dataclasses.replace(live.driver, host="elsewhere"))
    archive.store.put(RUNNING, other.to_json())
    return other


def parent(live: Live) -> Driver:
    """Return a driver that lives as long as this test: the process that has started it."""
    process = psutil.Process(os.getppid())
    return dataclasses.replace(
        live.driver,
        host=socket.gethostname(),
        pid=process.pid,
        process_began_s=process.create_time() - psutil.boot_time(),
    )


class Full(LocalStore):
    """A folder on a disk that is full but for what was created on it first."""

    def put(self, name: str, content: bytes) -> None:
        """Find no room."""
        del name, content
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_claim_ends_with_its_sweep(archive: Archive) -> None:
    """It says which process runs the sweep, and is gone afterwards."""
    with claimed(archive, address="auto"):
        driver = written(archive).driver

    assert (os.getpid(), "auto") == (driver.pid, driver.address)
    assert live_in(archive.store) is None


def test_a_second_driver_is_refused(archive: Archive) -> None:
    """It is told the process and the host of the first, and disturbs nothing."""
    first = holder(archive)
    try:
        with pytest.raises(ArchiveError, match=rf"process {first.pid} on .* or give another folder"):
            claimed(archive, address=None).__enter__()

        assert first.pid == written(archive).driver.pid
    finally:
        first.kill()
        first.communicate()


def test_a_killed_driver_holds_nothing(archive: Archive) -> None:
    """On its own host it is known at once that its process is gone, even before anybody has waited for it."""
    first, told = holder(archive), list[str]()
    os.kill(first.pid, signal.SIGKILL)
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    with claimed(archive, address=None, tell=told.append):
        held_by = written(archive).driver.pid
    first.communicate()

    assert os.getpid() == held_by
    assert 1 == len(told)
    assert f"process {first.pid}" in told[0]
    assert told[0].endswith("is gone; its place is taken over")


def test_a_number_that_is_used_again_is_another_process(archive: Archive) -> None:
    """The process of that number is there, but it began at another time than the driver."""
    with claimed(archive, address=None):
        live = written(archive)
    earlier = dataclasses.replace(live.driver, process_began_s=live.driver.process_began_s - 1000)
    archive.store.put(RUNNING, dataclasses.replace(live, driver=earlier).to_json())
    with claimed(archive, address=None):
        pass

    assert live_in(archive.store) is None


def test_a_driver_elsewhere_that_is_silent_is_gone(archive: Archive) -> None:
    """Its beat does not rise while one waits: its clock is asked for nothing."""
    elsewhere(archive)
    told = list[str]()
    with claimed(archive, address=None, tell=told.append, patience_s=0.2):
        held_by = written(archive).driver.host

    assert "elsewhere" != held_by
    assert ["waiting up to 0.2 s to see whether it lives", "taken over"] == [told[0][-43:], told[1][-10:]]


def test_a_driver_elsewhere_that_beats_lives(archive: Archive) -> None:
    """As soon as its beat rises, the second one is refused."""
    live = elsewhere(archive)

    def beats(_: str) -> None:
        archive.store.put(RUNNING, dataclasses.replace(live, beat=live.beat + 1).to_json())

    class Late(LocalStore):
        """A folder that shows the first beat once more: caches of networks do."""

        reads = 0

        def read(self, name: str) -> bytes:
            self.reads += 1
            if self.reads == 2:
                beats(name)
            return super().read(name)

    with pytest.raises(ArchiveError, match="being added to already"):
        claimed(Archive(Late(Path(archive.place))), address=None, patience_s=30).__enter__()


def test_a_quicker_successor_is_not_deleted(archive: Archive) -> None:
    """Of two that find a driver gone, the slower one looks again before it deletes, and is refused."""
    live = elsewhere(archive)

    def quicker(said: str) -> None:
        if said.endswith("taken over"):
            archive.store.put(RUNNING, dataclasses.replace(live, driver=parent(live)).to_json())

    with pytest.raises(ArchiveError, match="being added to already"):
        claimed(archive, address=None, tell=quicker, patience_s=0.1).__enter__()

    assert os.getppid() == written(archive).driver.pid


def test_who_takes_over_looks_whether_its_claim_stays(archive: Archive) -> None:
    """The other successor may have deleted it, meaning the one before."""
    live = elsewhere(archive)

    class Raced(LocalStore):
        """A folder where somebody else claims just after."""

        def create(self, name: str, content: bytes) -> bool:
            created = super().create(name, content)
            if created:
                other = dataclasses.replace(live, driver=parent(live)).to_json()
                threading.Timer(0.2, self.put, (name, other)).start()
            return created

    with pytest.raises(ArchiveError, match="being added to already"):
        claimed(Archive(Raced(Path(archive.place))), address=None, patience_s=0.1).__enter__()


def test_who_was_taken_over_stops(archive: Archive) -> None:
    """A driver that stood still finds another's claim at its next beat, leaves it alone, and says so."""
    with claimed(archive, address=None):
        live = written(archive)
        other = dataclasses.replace(live.driver, host="elsewhere", pid=1)
        archive.store.put(RUNNING, dataclasses.replace(live, driver=other).to_json())
        mine = Claim(archive, live.driver)
        mine.beat()

    with pytest.raises(ArchiveError, match=r"process 1 on elsewhere.* has taken over"):
        mine.check()
    assert "elsewhere" == written(archive).driver.host


def test_a_beat_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    """A full disk is not the end of a sweep, nor of its claim."""
    with claimed(Archive(Full(tmp_path)), address=None) as claim:
        claim.beat()
        claim.check()

    assert live_in(LocalStore(tmp_path)) is None


def test_a_beat_does_not_make_a_folder_anew(tmp_path: Path) -> None:
    """An archive that was unmounted, or moved away, is to come back where it was."""
    archive = Archive(tmp_path / "study")
    with claimed(archive, address=None) as claim:
        (tmp_path / "study").rename(tmp_path / "away")
        claim.beat()

    assert not (tmp_path / "study").exists()


def test_an_archive_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A folder below a file can hold no claim, and so no result."""
    (tmp_path / "file").touch()

    with pytest.raises(ArchiveError, match=r"Results cannot be written to .* Give another folder with --out"):
        claimed(Archive(tmp_path / "file" / "archive"), address=None).__enter__()
