"""Older readings are kept on disk, and found again by whoever comes after."""

import os
import tempfile
from pathlib import Path

import pytest

from raystudy.power.ring import Ring
from raystudy.power.spill import Spill, spill_folder
from raystudy.record.trace import NS_PER_S, Reading


def ring(*at_s: float) -> Ring:
    """Return a ring of such readings."""
    filled = Ring()
    for reading in readings(*at_s):
        filled.append(reading)
    return filled


def readings(*at_s: float) -> list[Reading]:
    """Return readings of some seconds; odd ones failed."""
    return [
        Reading(
            t_mono_ns=round(t * NS_PER_S),
            half_width_s=0.5,
            late_s=None,
            value=None if t % 2 else t,
            error="EIO" if t % 2 else None,
        )
        for t in at_s
    ]


def test_what_is_written_is_read_again_by_another(tmp_path: Path) -> None:
    """A sampler that starts anew finds what the one before had put away: times, values, errors."""
    Spill(tmp_path / "spill").write({"a": ring(1, 2, 3), "b": ring(2)})

    assert {"a": readings(1, 2, 3), "b": readings(2)} == Spill(tmp_path / "spill").read(0, 10, ["a", "b"])


def test_a_span_is_read_with_the_files_beside_it(tmp_path: Path) -> None:
    """The readings on either side of a span may lie in the file before or after."""
    spill = Spill(tmp_path)
    for minute in range(6):
        spill.write({"a": ring(minute * 60, minute * 60 + 58)})
    (found,) = spill.read(130, 150, ["a"]).values()

    assert [60, 118, 120, 178, 180, 238] == [reading.at_s for reading in found]


def test_a_broken_file_is_a_gap_and_no_more(tmp_path: Path) -> None:
    """What cannot be read does not keep the rest from being read."""
    spill = Spill(tmp_path)
    spill.write({"a": ring(1, 2)})
    next(tmp_path.glob("*.parquet")).write_bytes(b"torn")
    spill.write({"a": ring(3, 4)})

    assert {"a": readings(3, 4)} == spill.read(0, 10, ["a", "b"])


def test_nothing_is_left_when_it_is_cleared(tmp_path: Path) -> None:
    """At the end the folder goes."""
    spill = Spill(tmp_path / "spill")
    spill.write({"a": ring(1)})
    spill.clear()

    assert not (tmp_path / "spill").exists()


def test_the_folder_is_this_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else reads it; and where somebody else was first under its name, what they put there is left alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own = spill_folder("made", "node").parents[1]
    mode = own.stat().st_mode & 0o777
    precious = tmp_path / "precious" / "boot" / "study"
    precious.mkdir(parents=True)
    os.utime(precious, (0, 0))
    own.rmdir()
    own.symlink_to(tmp_path / "precious")
    elsewhere = spill_folder("made", "node").parents[1]

    assert 0o700 == mode
    assert precious.is_dir()
    assert elsewhere != own
