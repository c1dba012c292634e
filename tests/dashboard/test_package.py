"""What is sent to a cluster."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from raystudy.dashboard.package import MOST_BYTES, pack_folder, pack_raystudy
from raystudy.errors import ClusterError


def names(package: bytes) -> list[str]:
    """Return the files in a package."""
    return zipfile.ZipFile(io.BytesIO(package)).namelist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a study, and with what piles up around one."""
    for name in (
        "jobs/made.toml",
        "texts/one.txt",
        ".git/HEAD",
        ".env",
        "env/pyvenv.cfg",
        "env/bin/python",
        "a/__pycache__/b.pyc",
        "made.egg-info/PKG-INFO",
        "data/studies/made/study.toml",
        "data/kept.csv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_what_no_job_needs_stays_here(folder: Path) -> None:
    """Hidden files, virtual environments, caches and results are not sent."""
    assert ["data/kept.csv", "jobs/made.toml", "texts/one.txt"] == names(pack_folder(folder, needed="jobs/made.toml"))


def test_equal_files_are_equal_bytes(folder: Path) -> None:
    """A package is known by its bytes, so that it is sent once: times do not count."""
    first = pack_folder(folder, needed="jobs/made.toml")
    (folder / "texts/one.txt").touch()

    assert first == pack_folder(folder, needed="jobs/made.toml")


def test_too_much_is_refused_by_name(folder: Path) -> None:
    """More than 100 MiB would fill the memory of the head; the largest file is named."""
    with (folder / "texts/large.bin").open("wb") as file:
        file.truncate(MOST_BYTES + 1)

    with pytest.raises(ClusterError, match=r"texts/large.bin \(100 MiB\)"):
        pack_folder(folder, needed="jobs/made.toml")


@pytest.mark.parametrize("study", ["data/studies/made/study.toml", "/elsewhere/made.toml"])
def test_a_study_file_that_would_not_be_sent_is_refused(folder: Path, study: str) -> None:
    """The job would look for it in vain."""
    with pytest.raises(ClusterError, match=f"{study} is not sent"):
        pack_folder(folder, needed=study)


def test_a_name_that_is_no_text_is_told(folder: Path) -> None:
    """Names in a package are UTF-8; the sentence shows which one is not."""
    try:
        (folder / os.fsdecode(b"texts/\xff.txt")).write_text("")
    except OSError:
        pytest.skip("This file system takes no such names.")

    with pytest.raises(ClusterError, match=r"'texts/\\udcff.txt' in it is no UTF-8"):
        pack_folder(folder, needed="jobs/made.toml")


def test_raystudy_sends_itself() -> None:
    """Its modules lie below its name, as Python looks for them."""
    sent = names(pack_raystudy())

    assert {"raystudy/__init__.py", "raystudy/dashboard/answer.py"} <= set(sent)
    assert not [name for name in sent if "__pycache__" in name]
