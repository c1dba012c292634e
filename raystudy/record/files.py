"""Files that are there whole or not at all."""

import os
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write under a temporary name in the same folder, then rename: a reader sees all of it or nothing."""
    fill_whole(path, partial(_fill, content=content))


def fill_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Let something fill a file of a temporary name, then rename it; what fails leaves nothing."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        fill(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # else a power cut may leave an empty file under the final name
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _fill(path: Path, *, content: bytes) -> None:
    path.write_bytes(content)
