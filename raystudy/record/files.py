"""Files and folders that are there whole or not at all."""

import os
import shutil
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write under a temporary name in the same folder, then rename: a reader sees all of it or nothing."""
    fill_whole(path, partial(_fill, content=content))


def fill_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Let something fill a file or make a folder of a temporary name, then rename it; what fails leaves nothing."""
    temporary = temporary_for(path)
    try:
        fill(temporary)
        for file in sorted(temporary.rglob("*")) if temporary.is_dir() else [temporary]:
            if file.is_file():
                with file.open("rb+") as written:
                    os.fsync(written.fileno())  # else a power cut may leave an empty file under the final name
        if path.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    except BaseException:
        forget(temporary)
        raise


def temporary_for(path: Path) -> Path:
    """Return a name beside `path` that nobody else writes to."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")


def forget(path: Path) -> None:
    """Delete a file, or a folder with all that is in it; what is not there is no error."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _fill(path: Path, *, content: bytes) -> None:
    path.write_bytes(content)
