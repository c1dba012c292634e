"""What one node tells before a sweep: run on it as tasks, and asked by the driver (preflight).

look     ─▶ NodeFacts: versions, instruments, disk, whether the archive's store is the driver's
prepare  ─▶ fingerprints of all that the trials read, which is then in the node's cache
wall_s   ─▶ its wall clock, now
"""

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from raystudy.errors import RaystudyError
from raystudy.power.sources import sources
from raystudy.power.spill import boot_id
from raystudy.record.store import LocalStore
from raystudy.study import Study, Trial
from raystudy.sweep.provenance import versions
from raystudy.sweep.ready import fingerprints
from raystudy.sweep.writer import store_of
from raystudy.training.cache import cache_folder

FOLDER = "preflight"
"""Of the archive, for the notes that driver and nodes write to each other."""

_INSTALL = "Install the same on all nodes: `pip install --constraint constraints.txt raystudy` there, as here."


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeFacts:
    """What a node tells of itself."""

    host: str
    machine: str
    """Equal for two nodes whose files are the same: boot of the machine, and the folder of its cache."""
    versions: dict[str, str]
    instruments: tuple[str, ...]
    """Those that can be read."""
    store_error: str | None
    """Why it does not see the archive as the driver does; null where it does."""
    free_bytes: dict[str, int]
    """Of the disks of its temporary folder and of an archive that is a folder, by path."""


def look(study: Study, address: str, nonce: str, node_id: str) -> NodeFacts:
    """Tell what this node has, sees and reads; `nonce` is what the driver has written to the archive."""
    store_error = _store_error(address, nonce, node_id)
    folders = [tempfile.gettempdir()]
    if store_error is None and isinstance(store := store_of(address), LocalStore):
        folders.append(store.place)
    return NodeFacts(
        host=socket.gethostname(),
        machine=machine(),
        versions=versions(),
        instruments=tuple(source.name for source in sources(study.metering) if source.readable),
        store_error=store_error,
        free_bytes={folder: shutil.disk_usage(folder).free for folder in folders},
    )


def prepare(study: Study, trials: tuple[Trial, ...]) -> tuple[str, ...] | str:
    """Make all ready that some trials read, and return the fingerprints; or the sentence that says why not."""
    try:
        return fingerprints(study, trials, lambda _: None)
    except RaystudyError as error:
        return str(error)


def other_versions(called: str, there: Mapping[str, str], drivers: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each package that a node has not as the driver has it."""
    for package, version in drivers.items():
        if package != "system" and (found := there.get(package)) != version:
            yield f"{called} has {package} {found or 'not at all'}, not {version} as the driver has. {_INSTALL}"


def other_text(called: str, there: tuple[str, ...] | str, *, same: bool) -> Iterator[str]:
    """Yield a sentence where a node cannot prepare what trials read, or not the `same` as the driver."""
    if isinstance(there, str):
        yield f"{called} cannot prepare what the trials read: {there}"
    elif not same:
        yield (
            f"{called} prepares another text than the driver from the same recipe. Give both the same corpus files "
            "(for stdlib: the same Python)."
        )


def wall_s() -> float:
    """Return the wall clock of this node."""
    return time.time()


def machine() -> str:
    """Name this machine, as long as it runs, and the cache that trials on it read."""
    return f"{boot_id()} {socket.gethostname()} {cache_folder()}"


def note(nonce: str, node_id: str = "driver") -> str:
    """Return the name of the note that a node, or the driver, writes to the archive."""
    return f"{FOLDER}/{nonce}-{node_id}.txt"


def _store_error(address: str, nonce: str, node_id: str) -> str | None:
    """Read what the driver has written, and write what it shall read; return why that cannot be done."""
    try:
        store = store_of(address)
        if store.read(note(nonce)) != nonce.encode():
            return f"{address} is another folder there"
        store.put(note(nonce, node_id), node_id.encode())
    except (OSError, RaystudyError) as error:
        return str(error)
    return None
