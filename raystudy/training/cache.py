"""The cache: folders that are made once, under a lock, and read by all trials after that.

what decides ──hash──▶ corpora/stdlib-1f0c… ──there?──▶ opened
                                            ──not yet──▶ made under a temporary name, then renamed
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock

from raystudy.errors import CorpusError, ModelError


def cache_folder() -> Path:
    """Return where corpora, tasks and models are kept: $RAYSTUDY_CACHE, by default ~/.cache/raystudy."""
    return Path(os.environ.get("RAYSTUDY_CACHE") or "~/.cache/raystudy").expanduser()


def keyed(folder: Path, name: str, decides: Mapping[str, object]) -> Path:
    """Return the place of something in a folder; it changes with all that decides what lies there (JSON values)."""
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
    return folder / f"{re.sub(r'[^A-Za-z0-9.]+', '_', name)}-{key}"


def made(
    folder: Path, make: Callable[[Path], None], *, error: type[CorpusError] | type[ModelError] = CorpusError
) -> Path:
    """Return the folder, made now where it is not there: a reader sees all of it or nothing; or raise `error`."""
    if not folder.exists():
        with _alone(folder, error):
            if not folder.exists():
                with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
                    making = Path(scratch) / folder.name
                    making.mkdir()
                    make(making)
                    making.rename(folder)
    return folder


def sha256_of(file: Path) -> str:
    """Return the sha256 of what a file holds."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextmanager
def _alone(folder: Path, refused: type[CorpusError] | type[ModelError]) -> Iterator[None]:
    """Keep others from making the same folder meanwhile, and remove what one that was killed left behind."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            for leftover in folder.parent.glob(f".{folder.name}.*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield
    except OSError as error:
        raise refused(
            f"{folder.name} cannot be kept in {folder.parent}: {error.strerror or error}. "
            "Set RAYSTUDY_CACHE to a folder that can be written."
        ) from error
