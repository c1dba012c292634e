"""Which job tells of a study."""

import pytest

from raystudy.dashboard.client import Job
from raystudy.dashboard.jobs import newest
from raystudy.errors import ClusterError


def job(began_s: float, **metadata: str) -> Job:
    """Return a job with metadata."""
    return Job(
        id=f"job-{began_s}",
        status="SUCCEEDED",
        message="",
        began_s=began_s,
        exit_code=0,
        metadata=metadata,
        pip=None,
    )


JOBS = (
    job(2, study="flow", archive="/new"),
    job(1, study="flow", archive="/old"),
    job(3, job_name="raystudy query"),
    job(0, study="other", archive="s3://there"),
)


@pytest.mark.parametrize(("study", "archive"), [(None, "/new"), ("flow", "/new"), ("other", "s3://there")])
def test_the_newest_job_that_tells_of_the_study(study: str | None, archive: str) -> None:
    """Of any study where none is named; jobs that tell of none, as our own queries, do not count."""
    assert archive == newest(JOBS, study, url="").archive


@pytest.mark.parametrize(
    ("jobs", "study", "said"),
    [(JOBS, "flew", "Its jobs tell of: flow, other"), (JOBS[2:3], None, "No job at URL tells of a study")],
)
def test_no_such_study_is_a_sentence(jobs: tuple[Job, ...], study: str | None, said: str) -> None:
    """The studies that there are, or that there are none."""
    with pytest.raises(ClusterError, match=said):
        newest(jobs, study, url="URL")
