"""Archives on anything that pyarrow.fs or fsspec can open: s3://, gs://, abfs://, hdfs://, sftp:// and others."""

import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from raystudy.errors import ArchiveError
from raystudy.record.store import FetchedStore, LocalStore, Store

if TYPE_CHECKING:
    from collections.abc import Iterator

_PUT_IS_ATOMIC = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"})
"""Where an object appears once all of it was sent; elsewhere it is sent under a temporary name, and renamed."""

_READ_ONLY = frozenset({"data", "http", "https", "reference"})
"""What fsspec opens, and writes nothing to."""

_INSTEAD = "Give a folder, or a URI as s3://BUCKET/NAME."


def store_at(place: str | Path) -> Store:
    """
    Return the store at a folder or URI.

    Raises ArchiveError where nothing can open the URI or none can write, and where it holds a password: Ray's dashboard
    shows where an archive lies.
    """
    if isinstance(place, Path) or "://" not in place:
        return LocalStore(Path(place))
    scheme, _, rest = place.partition("://")
    if scheme == "file":
        return LocalStore(_folder_of(place, rest))
    if not scheme or not rest.strip("/"):
        raise ArchiveError(f"{place} names no place. {_INSTEAD}")
    if _holds_password(place):
        raise ArchiveError(
            f"The {scheme} URI holds a password, which logs and the Ray dashboard would show. Leave it out, and give "
            "credentials as that store's own tools take them, as AWS_ACCESS_KEY_ID or ~/.aws."
        )
    if scheme in _READ_ONLY:
        raise ArchiveError(f"{place} can only be read, and an archive is written to. {_INSTEAD}")
    return FileSystemStore(place)


class FileSystemStore(FetchedStore):
    """A folder, or a prefix of objects, on a file system of pyarrow or fsspec."""

    def __init__(self, place: str) -> None:
        super().__init__(place.rstrip("/"))
        self._system, root = _opened(self.place)
        self._root = root.rstrip("/")

    def read(self, name: str) -> bytes:
        """Return a file; raises FileNotFoundError."""
        with self._system.open_input_stream(self._path(name)) as stream:
            content: bytes = stream.read()
        return content

    def put(self, name: str, content: bytes) -> None:
        """Write a file: by one put where that is atomic, else under a temporary name that is then changed."""
        path = self._path(name)
        if puts_whole(self._system):
            return self._send(path, content)
        self._system.create_dir(path.rpartition("/")[0], recursive=True)
        temporary = f"{path}.{uuid.uuid4().hex}.tmp"
        try:
            self._send(temporary, content)
            if isinstance(self._system, fs.PyFileSystem):
                self._system.handler.fs.mv(temporary, path)  # pyarrow asks for a recursive one, which not all know
            else:
                self._system.move(temporary, path)
        except BaseException:
            with suppress(OSError):
                self._system.delete_file(temporary)
            raise
        return None

    def stamps(self, under: str) -> dict[str, str]:
        """Return all files below a folder, or the file of that name; each with its size and time."""
        return {info.path.removeprefix(f"{self._root}/"): f"{info.size} {info.mtime_ns}" for info in self._files(under)}

    def delete(self, name: str) -> None:
        """Delete a file, or all below a folder."""
        for info in list(self._files(name)):
            self._system.delete_file(info.path)

    def _files(self, under: str) -> "Iterator[fs.FileInfo]":
        found = self._system.get_file_info(self._path(under))
        if found.type == fs.FileType.File:
            yield found
        elif found.type == fs.FileType.Directory:
            for info in self._system.get_file_info(fs.FileSelector(found.path, recursive=True)):
                if info.type == fs.FileType.File and not info.path.endswith(".tmp"):
                    yield info

    def _send(self, path: str, content: bytes) -> None:
        with self._system.open_output_stream(path) as stream:
            stream.write(content)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _holds_password(uri: str) -> bool:
    try:
        return urlsplit(uri).password is not None
    except ValueError as error:
        raise _not_opened(uri, error) from error


def puts_whole(system: fs.FileSystem) -> bool:
    """Whether an object appears once all of it was sent; fsspec tells one protocol, or several."""
    told = system.handler.fs.protocol if isinstance(system, fs.PyFileSystem) else system.type_name
    return not _PUT_IS_ATOMIC.isdisjoint({told} if isinstance(told, str) else told)


def _folder_of(uri: str, rest: str) -> Path:
    if not rest.startswith("/"):
        raise ArchiveError(f"{uri} names a host, or a relative folder. Give the folder itself, or file:///FOLDER.")
    return Path(unquote(rest))


def _opened(uri: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a URI and the path in it; fsspec is asked for what pyarrow does not know."""
    try:
        system, path = fs.FileSystem.from_uri(uri)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _opened_by_fsspec(uri)
    except (OSError, pa.ArrowException) as error:
        raise _not_opened(uri, error) from error
    return system, path


def _opened_by_fsspec(uri: str) -> tuple[fs.FileSystem, str]:
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError, TypeError, OSError) as error:
        raise _not_opened(uri, error) from error
    return fs.PyFileSystem(fs.FSSpecHandler(system)), path


def _not_opened(uri: str, error: Exception) -> ArchiveError:
    said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return ArchiveError(f"{uri} cannot be opened: {said}. {_INSTEAD}")
