"""Folders as zip files that Ray unpacks on each node: the folder one works in, and raystudy itself.

folder ──walk, less what no job needs──▶ files ──zip──▶ bytes, the same ones for the same files
"""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import raystudy
from raystudy.errors import ClusterError

MOST_BYTES = 100 * 2**20
_LEFT_OUT = ("__pycache__", "node_modules")
_RESULTS = Path("data/studies")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of each file in a zip: equal files are equal bytes, and are sent once."""


def pack_folder(folder: Path, *, needed: str) -> bytes:
    """
    Pack a folder without what is hidden, virtual environments, caches, links to folders and data/studies.

    Raises ClusterError where the file `needed` is not among the rest, or the rest is more than 100 MiB: the head keeps
    it in memory.
    """
    files = dict(_walk(folder))
    if needed not in files:
        raise ClusterError(
            f"{needed} is not sent: a job gets the current folder, {folder}, without what is hidden, virtual "
            "environments, caches, links to folders and data/studies. Submit from the folder that holds the study file."
        )
    sizes = {name: file.stat().st_size for name, file in files.items()}
    if sum(sizes.values()) > MOST_BYTES:
        largest = sorted(sizes, key=lambda name: sizes[name], reverse=True)[:3]
        named = ", ".join(f"{name} ({sizes[name] / 2**20:.0f} MiB)" for name in largest)
        raise ClusterError(
            f"{folder} holds {sum(sizes.values()) / 2**20:,.0f} MiB to be sent, and 100 MiB may be; the largest: "
            f"{named}. Submit from a folder with the study file and what it reads, and keep large data elsewhere."
        )
    try:
        return _zipped(files)
    except OSError as error:
        raise ClusterError(f"The current folder cannot be sent: {error}.") from error
    except UnicodeEncodeError as error:
        raise ClusterError(
            f"The current folder cannot be sent: the name {error.object!a} in it is no UTF-8. Rename that file."
        ) from error


def pack_raystudy() -> bytes:
    """Pack the raystudy that runs here, so that the same one runs there."""
    home = Path(raystudy.__file__).parent
    return _zipped({f"raystudy/{name}": file for name, file in _walk(home)})


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files to be sent, by their name below the folder."""
    for here, folders, names in os.walk(folder):
        below = Path(here).relative_to(folder)
        folders[:] = sorted(name for name in folders if _is_sent(folder, below / name))
        for name in sorted(names):
            if not name.startswith(".") and (file := Path(here, name)).is_file():
                yield (below / name).as_posix(), file


def _is_sent(folder: Path, below: Path) -> bool:
    left_out = below.name.startswith(".") or below.name in _LEFT_OUT or below.name.endswith(".egg-info")
    return not left_out and below != _RESULTS and not (folder / below / "pyvenv.cfg").exists()


def _zipped(files: dict[str, Path]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name, file in files.items():
            entry = zipfile.ZipInfo(name, date_time=_LONG_AGO)
            entry.external_attr = (file.stat().st_mode & 0o777) << 16
            package.writestr(entry, file.read_bytes(), compress_type=zipfile.ZIP_DEFLATED, compresslevel=1)
    return made.getvalue()
