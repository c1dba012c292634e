"""Small files of the kernel, sound and garbled."""

from pathlib import Path

import pytest

from raystudy.power.sysfs import number_of, text_of


@pytest.mark.parametrize(
    ("said", "number"),
    [(b"42\n", 42), (b"-7\n", -7), (b"", None), ("²".encode(), None), (b"\xff", None), (b"1.5", None)],
)
def test_a_number_or_nothing(tmp_path: Path, said: bytes, number: int | None) -> None:
    """Whatever else a file says is null, and raises nothing."""
    (tmp_path / "file").write_bytes(said)

    assert number == number_of(tmp_path / "file")


def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    """A missing one, or a folder in its place."""
    assert ("", None) == (text_of(tmp_path / "missing"), number_of(tmp_path))


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    """The rest of the text stays."""
    (tmp_path / "file").write_bytes(b"\xffBAT\n")

    assert "\ufffdBAT" == text_of(tmp_path / "file")
