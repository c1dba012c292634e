"""Which job of a Ray cluster tells of a study: the newest that says where its archive lies.

/api/jobs ──▶ jobs with metadata of raystudy ──newest──▶ Told
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from raystudy.dashboard.client import Job
from raystudy.errors import ClusterError


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the newest job of a study tells of it."""

    archive: str
    """A URI, or a folder of the machine that runs it; `~` is the home of the user who runs Ray there."""
    host: str | None
    """Whose folder it is."""
    python: str
    pip: dict[str, Any] | None


def newest(jobs: Iterable[Job], study: str | None, *, url: str) -> Told:
    """Return what the newest job of a study tells, of any study where none is named; else ClusterError."""
    telling = sorted((job for job in jobs if {"study", "archive"} <= job.metadata.keys()), key=lambda job: job.began_s)
    asked = [job for job in telling if study in (None, job.metadata["study"])]
    if asked:
        return _told(asked[-1])
    known = ", ".join(sorted({job.metadata["study"] for job in telling}))
    if study is not None and known:
        raise ClusterError(f"No job at {url} runs or ran the study {study!r}. Its jobs tell of: {known}.")
    raise ClusterError(
        f"No job at {url} tells of a study. `raystudy submit` starts one there; of a study that ran before Ray was "
        "started anew, give the folder or URI of its results instead of the address."
    )


def _told(job: Job) -> Told:
    said = job.metadata
    return Told(
        archive=said["archive"],
        host=said.get("host"),
        python=said.get("python", "python"),
        pip=job.pip,
    )
