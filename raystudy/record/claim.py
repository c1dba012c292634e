"""One driver an archive: the claim of the one that runs, which beats as long as it lives.

    claimed ─▶ running.json ── every 4 s: a beat, and how far it is ──▶ deleted at the end
       └ another's is there ─▶ does it live? refused : taken over

On its own host a driver lives as long as its process. Of another host nothing is known but what it writes: no clocks
are compared, its beat is watched.
"""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive, now_utc
from raystudy.record.live import RUNNING, Driver, Live, Snapshot, live_in
from raystudy.record.store import Store

BEAT_S = 4.0

PATIENCE_S = 75.0
"""A driver of another host that has not beaten for so long is gone; NFS may show an old file for a minute."""

_LOOK_EVERY_S = 1.0
_SETTLE_S = 1.0
"""Of two that take over at once, one may delete the claim of the other; that one sees it after this."""
_SAME_START_S = 0.1
"""The kernel counts the start of a process in hundredths of a second."""

_BOOT_ID, _NAMESPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")


class Claim:
    """What the driver of an archive says of itself."""

    def __init__(self, archive: Archive, driver: Driver) -> None:
        self._archive, self._driver = archive, driver
        self._beat = 0
        self._snapshot: Snapshot | None = None
        self._taken_by: Driver | None = None

    def tell(self, snapshot: Snapshot) -> None:
        """Say with the next beat how far it is."""
        self._snapshot = snapshot

    def check(self) -> None:
        """Raise ArchiveError where another driver has taken over, because this one stood still for long."""
        if self._taken_by is not None:
            raise ArchiveError(
                f"This driver stood still, and {_named(self._taken_by)} has taken over {self._archive.place}. "
                "What was finished here is kept; the other one runs the rest."
            )

    def take(self, tell: Callable[[str], None], patience_s: float) -> None:
        """Become the driver of the archive; raises ArchiveError where another lives, OSError where none can write."""
        store, settle_s = self._archive.store, 0.0
        while not self._created(settle_s):
            other = live_in(store)
            if other is None:
                continue
            why = _why_gone(store, other, self._driver, tell, patience_s)
            if why is None:
                raise ArchiveError(
                    f"{self._archive.place} is being added to already, by {_named(other.driver)}. "
                    "Let it end or stop it there, or give another folder with --out."
                )
            tell(f"{_named(other.driver)} {why}; its place is taken over")
            if live_in(store) == other:  # another successor may have been quicker
                store.delete(RUNNING)
            settle_s = _SETTLE_S

    def beat(self) -> None:
        """Say that it lives, and notice if another one holds the archive."""
        # A store that does not answer must not end a sweep.
        with suppress(OSError, ArchiveError):
            other = live_in(self._archive.store)
            if other is not None and other.driver != self._driver:
                self._taken_by = other.driver
                return
            if other is None and not self._archive.holds_study:
                return  # unmounted, or moved away: it is not made anew
            self._archive.store.put(RUNNING, self._live())

    def end(self) -> None:
        """Give the archive free."""
        with suppress(OSError, ArchiveError):
            if self._holds():
                self._archive.store.delete(RUNNING)

    @property
    def is_lost(self) -> bool:
        """Whether another driver has taken over."""
        return self._taken_by is not None

    def _created(self, settle_s: float) -> bool:
        """Write the claim where there is none, and say whether it is still there after a while."""
        if not self._archive.store.create(RUNNING, self._live()):
            return False
        time.sleep(settle_s)
        # Not every store refuses to create what is there; a rival overlooked here shows at the next beat.
        return self._holds()

    def _holds(self) -> bool:
        live = live_in(self._archive.store)
        return live is not None and live.driver == self._driver

    def _live(self) -> bytes:
        self._beat += 1
        live = Live(driver=self._driver, beat=self._beat, beat_utc=now_utc(), snapshot=self._snapshot)
        return live.to_json()


@contextmanager
def claimed(
    archive: Archive,
    *,
    address: str | None,
    tell: Callable[[str], None] = lambda _: None,
    beat_s: float = BEAT_S,
    patience_s: float = PATIENCE_S,
) -> Iterator[Claim]:
    """
    Be the one driver of an archive; `tell` hears of one before that is gone.

    Raises ArchiveError where another driver lives, and at the end where one has taken over meanwhile.
    """
    claim, over = Claim(archive, _this_process(address)), threading.Event()
    try:
        claim.take(tell, patience_s)
    except OSError as error:
        raise ArchiveError(
            f"Results cannot be written to {archive.place}: {error.strerror or error}. Give another folder with --out."
        ) from error

    def loop() -> None:
        while not over.wait(beat_s) and not claim.is_lost:
            claim.beat()

    beating = threading.Thread(target=loop, daemon=True, name="claim")
    beating.start()
    try:
        yield claim
        claim.check()
    finally:
        over.set()
        beating.join(timeout=beat_s)
        claim.end()


def _why_gone(store: Store, other: Live, mine: Driver, tell: Callable[[str], None], patience_s: float) -> str | None:
    """Say why a driver is taken to be gone; null where it lives."""
    if (other.driver.host, other.driver.boot_hash) == (mine.host, mine.boot_hash):
        return None if _runs(other.driver) else "is gone"
    tell(f"{_named(other.driver)} holds {store.place}; waiting up to {patience_s:g} s to see whether it lives")
    return None if _beats(store, other, patience_s) else "does not beat any more"


def _runs(driver: Driver) -> bool:
    """Whether a process of this host is still there, and no other one of the same number."""
    try:
        process = psutil.Process(driver.pid)
        began_s, ended = _began_s(process), process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
    return not ended and abs(began_s - driver.process_began_s) <= _SAME_START_S


def _beats(store: Store, last: Live, patience_s: float) -> bool:
    """Wait to see whether a driver says anything new."""
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        time.sleep(min(_LOOK_EVERY_S, patience_s))
        now = live_in(store)
        if now is None:
            return False
        if (now.driver, now.beat) != (last.driver, last.beat):
            return True
    return False


def _named(driver: Driver) -> str:
    return f"the `raystudy run` of process {driver.pid} on {driver.host}, begun {driver.began_utc}"


def _this_process(address: str | None) -> Driver:
    return Driver(
        host=socket.gethostname(),
        pid=os.getpid(),
        process_began_s=_began_s(psutil.Process()),
        boot_hash=_boot_hash(),
        began_utc=now_utc(),
        address=address,
    )


def _began_s(process: psutil.Process) -> float:
    """Return when a process began, counted from the start of the system: wall clocks are set right."""
    booted_s: float = psutil.boot_time()
    return float(process.create_time()) - booted_s


def _boot_hash() -> str:
    """Name where the number of this process counts."""
    boot = _BOOT_ID.read_text() if _BOOT_ID.is_file() else f"{psutil.boot_time():.0f}"
    namespace = str(_NAMESPACE.readlink()) if _NAMESPACE.exists() else ""
    return hashlib.sha256(f"{boot.strip()} {namespace}".encode()).hexdigest()[:12]
