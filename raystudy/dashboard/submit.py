"""A study handed to a cluster as a Ray job, and its log followed.

study file + this folder + raystudy ──Dashboard──▶ job: `raystudy run FILE --address auto` ──log──▶ you
"""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raystudy.dashboard.client import Dashboard, Job
from raystudy.dashboard.package import pack_folder, pack_raystudy
from raystudy.errors import ClusterError
from raystudy.study import Study
from raystudy.sweep.metadata import metadata_of
from raystudy.sweep.provenance import COMMIT, git_commit

_ENVIRONMENT = {
    "COLUMNS": "100",  # a log has no width; tables are made for this one
    "RAY_JOB_STOP_WAIT_TIME_S": "30",  # `ray job stop` kills after 3 s otherwise, while states are being kept
}
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """A job that was handed over."""

    job_id: str
    archive: str
    """Where its results go; `~` is the home of the user who runs Ray there."""
    entrypoint: str
    sent_bytes: int


def submit(
    dashboard: Dashboard, study: Study, file: Path, *, out: str | None, constraints: Path | None, options: list[str]
) -> Submitted:
    """
    Send the current folder, and start the study there with `options` of `run` besides.

    Raises ClusterError where it cannot be sent.
    """
    archive, folder = _archive(study, out), Path.cwd()
    name = _below(file, folder)
    packed, own = pack_folder(folder, needed=name), pack_raystudy()
    pip = None if constraints is None else {"packages": _requirements(constraints), "pip_check": False}
    python = "python" if pip else dashboard.head_python()
    words = [shlex.quote(word) for word in (python, "-m", "raystudy", "run", name, "--address", "auto", "--out")]
    entrypoint, commit = " ".join([*words, _for_shell(archive), *options]), git_commit(folder)
    metadata = metadata_of(study.name, archive=archive, commit=commit) | {"python": python}
    del metadata["host"]  # of the driver, which will be the head
    runtime_env: dict[str, Any] = {
        "working_dir": dashboard.keep(packed),
        "py_modules": [dashboard.keep(own)],
        "env_vars": _ENVIRONMENT | ({COMMIT: commit} if commit else {}),
    }
    job_id = dashboard.submit(entrypoint, metadata=metadata, runtime_env=runtime_env | ({"pip": pip} if pip else {}))
    return Submitted(job_id=job_id, archive=archive, entrypoint=entrypoint, sent_bytes=len(packed) + len(own))


def follow(dashboard: Dashboard, job_id: str, say: Callable[[str], None]) -> Job:
    """Pass on what a job prints, until it is over."""
    said = 0
    while True:
        job = dashboard.job(job_id)
        if job.status != "PENDING":
            log = dashboard.log(job_id)
            say(log[said:])
            said = len(log)
        if job.over:
            return job
        time.sleep(_LOOK_EVERY_S)


def _archive(study: Study, out: str | None) -> str:
    """Return where the results go; what is relative would lie in the job's own folder, which Ray deletes."""
    if out is None:
        return f"~/raystudy/{study.name}"
    if not out.startswith(("/", "~/")) and "://" not in out:
        raise ClusterError(
            f"--out {out} is relative, and the folder of a job does not last. Give an absolute path on the head, "
            "or a URI as s3://BUCKET/NAME."
        )
    return out


def _below(file: Path, folder: Path) -> str:
    """Return what a file is called in a folder, or its path as given where it lies elsewhere."""
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(file)


def _requirements(constraints: Path) -> list[str]:
    """Return the lines of a constraints file that name a package or an option."""
    try:
        lines = constraints.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ClusterError(f"The constraints {constraints} cannot be read: {error}.") from error
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def _for_shell(place: str) -> str:
    """Quote a place, but let the shell of the head find the home that `~` stands for."""
    return f"~/{shlex.quote(place.removeprefix('~/'))}" if place.startswith("~/") else shlex.quote(place)
