"""Small files in which the kernel tells of a device: a text or a number each, or nothing that can be read.

One file that is missing, unreadable or full of garbage tells nothing, and takes no other device away.
"""

from contextlib import suppress
from pathlib import Path


def text_of(file: Path) -> str:
    """Return what a file says, nothing where it cannot be read; bytes that are no text are replaced."""
    with suppress(OSError):
        return file.read_text(encoding="utf-8", errors="replace").strip()
    return ""


def number_of(file: Path) -> int | None:
    """Return the whole number in a file; null where there is none."""
    with suppress(ValueError):  # not `isdigit`, which takes "²" for a number
        return int(text_of(file))
    return None
