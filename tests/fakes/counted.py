"""A folder that counts what it is asked: one far away takes a request for each.

LocalStore ──▶ Counted.asked
"""

from pathlib import Path

from raystudy.record.store import LocalStore


class Counted(LocalStore):
    """A folder, and what was read, listed or looked for in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[str] = []

    def read(self, name: str) -> bytes:
        """Return a file; raises FileNotFoundError."""
        self.asked.append(name)
        return super().read(name)

    def has(self, name: str) -> bool:
        """Whether there is such a file or folder."""
        self.asked.append(name)
        return super().has(name)

    def names(self, under: str) -> list[str]:
        """Return all files below a folder."""
        self.asked.append(under)
        return super().names(under)

    def about_states(self) -> list[str]:
        """Return what was asked below the folder of all states."""
        return [name for name in self.asked if name.startswith("checkpoints")]
