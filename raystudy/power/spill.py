"""Older readings on disk: one Parquet file a minute, so that memory stays bounded and a killed sampler loses a minute.

    SPILL/FIRST_NS-LAST_NS.parquet     channel, t_mono_ns, half_width_s, late_s, value, error

The monotonic clock starts anew with the machine, so a folder belongs to one boot.
"""

import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from raystudy.power.ring import NOT_PLANNED, Ring
from raystudy.record.trace import NS_PER_S, Reading

STALE_S = 3_600.0
"""A folder to which nothing came for so long is one that a killed driver left: a sampler writes every minute."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Spill:
    """The readings of some channels, in a folder; what an earlier sampler left there is found again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, rings: Mapping[str, Ring]) -> None:
        """Add all readings of some rings, by name of the channel; raises OSError where they cannot be written."""
        tables = [_table(name, ring) for name, ring in rings.items() if len(ring)]
        if not tables:
            return
        table = pa.concat_tables(tables)
        bounds = pc.min_max(table["t_mono_ns"]).as_py()
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{bounds['min']:020d}-{bounds['max']:020d}.parquet"
        temporary = file.with_suffix(".tmp")
        try:
            pq.write_table(table, temporary, compression="zstd")
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        temporary.replace(file)

    def read(self, start_s: float, end_s: float, channels: Sequence[str]) -> dict[str, list[Reading]]:
        """Return the readings of some channels in the files that touch a span, and in those beside them, by name."""
        found: dict[str, list[Reading]] = {}
        files = sorted(self._folder.glob("*.parquet"))
        touching = [i for i, file in enumerate(files) if _touches(file, start_s, end_s)]
        for file in files[max(touching[0] - 1, 0) : touching[-1] + 2] if touching else []:
            with contextlib.suppress(OSError, pa.ArrowException):  # what cannot be read is a gap, and no more
                for row in pq.read_table(file, filters=[("channel", "in", channels)]).to_pylist():
                    found.setdefault(row.pop("channel"), []).append(Reading(**row))
        return found

    def clear(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _table(channel: str, ring: Ring) -> pa.Table:
    """Return the readings of a channel as columns; straight from the arrays, for at 100 Hz there are many."""
    arrays, codes = ring.columns()
    columns = {name: np.frombuffer(array, dtype=array.typecode) for name, array in arrays.items()}
    failed, late_s = columns["error"] > 0, columns["late_s"]
    return pa.table(
        {
            "channel": pa.repeat(channel, len(ring)),
            "t_mono_ns": columns["t_mono_ns"],
            "half_width_s": columns["half_width_s"],
            "late_s": pa.array(late_s, mask=late_s == NOT_PLANNED),
            "value": pa.array(columns["value"], mask=failed),
            "error": pc.take(pa.array(codes, pa.string()), pa.array(columns["error"])),
        }
    )


def _touches(file: Path, start_s: float, end_s: float) -> bool:
    first_ns, last_ns = (int(part) for part in file.stem.split("-"))
    return first_ns <= end_s * NS_PER_S and last_ns >= start_s * NS_PER_S


def spill_folder(study: str, node_id: str) -> Path:
    """Return where a study's monitor of a node keeps older readings: its own place for each boot, user and node."""
    own = _own_folder(Path(tempfile.gettempdir()) / f"raystudy-power-{os.getuid()}")
    for folder in own.glob("*/*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE_S:
                shutil.rmtree(folder, ignore_errors=True)
    return own / boot_id() / f"{study}-{node_id}"


def _own_folder(folder: Path) -> Path:
    """Make a folder that is this user's alone; another one where somebody else was there first under that name."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
        folder.chmod(0o700)
        return folder
    return Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))


def boot_id() -> str:
    """Return what names the time since this machine was started, during which its monotonic clock runs."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.is_file() else f"{psutil.boot_time():.0f}"
