"""The studies that are shown: found where they lie at each request, read again when something was added.

places ──Studies──▶ name ──▶ Held: tables, findings, report
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from raystudy import report
from raystudy.analysis import KINDS
from raystudy.analysis.findings import Findings
from raystudy.errors import ArchiveError
from raystudy.query.tables import tables
from raystudy.record.archive import Archive

T = TypeVar("T")


class Held:
    """One study, kept as it was when its files were last listed: files of an archive are written once."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._lock = threading.RLock()
        self._listed: tuple[str, ...] = ()
        self._made: dict[str, Any] = {}

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return what may be asked about it."""
        return self._kept("tables", self._read)

    def findings(self) -> Findings:
        """Return what it says so far; raises AnalysisError where that is nothing."""
        return self._kept("findings", self._analyse)

    def page(self) -> str:
        """Return the report as `analyze` writes it."""
        return self._kept("page", lambda: report.render_html(self.findings()))

    def progress(self) -> dict[str, str | int]:
        """Return what it asks, how many of its trials are finished, and how many are planned."""
        study, finished = self.archive.study(), self.archive.finished()
        done = [trial.id in finished for trial in study.trials()]
        told = {"study": study.name, "kind": study.kind, "question": study.question}
        return told | {"finished": sum(done), "planned": len(done)}

    def _read(self) -> dict[str, pl.DataFrame]:
        unread = tables(self.archive)
        with self.archive.reading():
            return dict(zip(unread, pl.collect_all(unread.values()), strict=True))

    def _analyse(self) -> Findings:
        study, trials = self.archive.study(), self.tables()["trials"]
        if trials.is_empty():
            raise ArchiveError(f"The study {study.name} has no finished trial yet.")
        return KINDS[study.kind].analyse(study, trials, self.archive.baselines())

    def _kept(self, what: str, make: Callable[[], T]) -> T:
        """Make it once for each state of the archive, whoever else asks meanwhile."""
        with self._lock:
            listed = tuple(name for under in ("trials", "failures", "idle") for name in self.archive.store.names(under))
            listed += (self.archive.study_sha256(),)
            if listed != self._listed:
                self._listed, self._made = listed, {}
            if what not in self._made:
                self._made[what] = make()
            made: T = self._made[what]
            return made


class Studies:
    """The studies at some places: each a study, or a folder of studies."""

    def __init__(self, places: Sequence[str]) -> None:
        self._places = tuple(places)
        self._held: dict[str, Held] = {}

    def all(self) -> dict[str, Held]:
        """Return each study by its name; raises ArchiveError where two have the same."""
        found: dict[str, Held] = {}
        for place in self._places:
            for archive in _archives_at(place):
                name, held = archive.study().name, self._held.setdefault(archive.store.address, Held(archive))
                if found.setdefault(name, held) is not held:
                    raise ArchiveError(
                        f"{found[name].archive.place} and {archive.place} both hold a study {name!r}. "
                        "Serve one of them."
                    )
        return found


def _archives_at(place: str) -> list[Archive]:
    archive = Archive(place)
    if archive.holds_study or "://" in place:
        return [archive]
    return [Archive(file.parent) for file in sorted(Path(place).glob("*/study.toml"))]
