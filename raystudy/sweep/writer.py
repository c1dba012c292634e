"""A folder of the driver's machine, for trials on nodes that do not see it: an actor there reads and writes for them.

    trial ──WriterStore──object store──▶ Writer, on the driver's node ──▶ LocalStore

Its calls may be repeated: killed, it starts again, and what was asked of it meanwhile is asked again by Ray.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raystudy.power.monitor import NAMESPACE
from raystudy.record.filesystems import store_at
from raystudy.record.store import FetchedStore, LocalStore, Store

_SCHEME = "writer://"


@ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, max_concurrency=8)
class Writer:
    """Reads and writes a folder for others."""

    def __init__(self, folder: str) -> None:
        self._store = LocalStore(Path(folder))

    def __repr__(self) -> str:
        return f"Writer({self._store.place})"

    def read(self, name: str) -> bytes:
        """Return a file; raises FileNotFoundError."""
        return self._store.read(name)

    def put(self, name: str, content: bytes) -> None:
        """Write a file, over one that is there."""
        self._store.put(name, content)

    def stamps(self, under: str) -> dict[str, str]:
        """Return all files below a folder, or the file of that name; each with its size and time."""
        path = self._store.folder / under
        names = [under] if path.is_file() else self._store.names(under)
        stats = {name: (self._store.folder / name).stat() for name in names}
        return {name: f"{stat.st_size} {stat.st_mtime_ns}" for name, stat in stats.items()}

    def delete(self, name: str) -> None:
        """Delete a file or folder."""
        self._store.delete(name)


class WriterStore(FetchedStore):
    """What a trial sees of a folder that only the driver's node has; raises OSError where the writer is gone."""

    def __init__(self, address: str) -> None:
        """Take `writer://NAME/FOLDER`."""
        self._actor, _, folder = address.removeprefix(_SCHEME).partition("/")
        super().__init__(f"/{folder}")
        self.address = address

    def read(self, name: str) -> bytes:
        """Return a file; raises FileNotFoundError."""
        content: bytes = self._ask("read", name)
        return content

    def put(self, name: str, content: bytes) -> None:
        """Write a file, over one that is there."""
        self._ask("put", name, content)

    def stamps(self, under: str) -> dict[str, str]:
        """Return all files below a folder, or the file of that name; each with what changes when it changes."""
        stamps: dict[str, str] = self._ask("stamps", under)
        return stamps

    def delete(self, name: str) -> None:
        """Delete a file, or all below a folder."""
        self._ask("delete", name)

    def _ask(self, what: str, *arguments: object) -> Any:
        try:
            writer = ray.get_actor(self._actor, namespace=NAMESPACE)
            return ray.get(getattr(writer, what).remote(*arguments))
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None  # what the folder said, not a traceback of Ray
        except (ValueError, ray.exceptions.RayError) as error:
            raise OSError(
                f"The writer of {self.place} on the driver's node is gone ({type(error).__name__})."
            ) from error


def store_of(address: str) -> Store:
    """Return the store at the address that a trial was given."""
    return WriterStore(address) if address.startswith(_SCHEME) else store_at(address)


@contextmanager
def written(folder: str, *, study: str) -> Iterator[str]:
    """Start a writer of a folder of this node, and yield the address of it; it ends with the context, or the driver."""
    here = ray.get_runtime_context()
    name = f"writer-{study}-{here.get_job_id()}"
    writer = Writer.options(  # type: ignore[attr-defined]
        name=name,
        namespace=NAMESPACE,
        scheduling_strategy=NodeAffinitySchedulingStrategy(here.get_node_id(), soft=False),
    ).remote(folder)
    try:
        yield f"{_SCHEME}{name}{folder}"
    finally:
        ray.kill(writer)
