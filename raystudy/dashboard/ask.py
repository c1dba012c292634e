"""A question asked of the machine where a study's archive lies, through the dashboard alone.

Question ──query job──▶ answer.py on the head ──a line of its log──▶ rows or State, here
"""

import shlex
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import polars as pl

from raystudy.dashboard.client import FINISHED, Dashboard, Job
from raystudy.dashboard.jobs import Told, newest
from raystudy.dashboard.package import pack_raystudy
from raystudy.dashboard.question import Question, answer_in
from raystudy.dashboard.state import State
from raystudy.errors import ClusterError

NAME = "raystudy query"
MOST_S = 300.0
"""Where Ray installs packages for the job, it may take minutes, once."""
_LOOK_EVERY_S = 0.1


def ask_rows(
    dashboard: Dashboard, *, study: str | None, sql: str | None, intervals: bool, nested: bool
) -> pl.DataFrame:
    """Return the rows of a study that ran on the cluster; raises ClusterError with a sentence."""

    def question(told: Told) -> Question:
        return Question(
            ask="results", archive=told.archive, host=told.host, sql=sql, intervals=intervals, nested=nested
        )

    found = _ask(dashboard, study, question)
    assert isinstance(found, pl.DataFrame)
    return found


def ask_state(dashboard: Dashboard, *, study: str | None) -> State:
    """Return how far a study on the cluster is; raises ClusterError with a sentence."""
    found = _ask(dashboard, study, lambda told: Question(ask="status", archive=told.archive, host=told.host))
    assert isinstance(found, State)
    return found


def _ask(dashboard: Dashboard, study: str | None, question: Callable[[Told], Question]) -> pl.DataFrame | State:
    """Run the query job, and take earlier ones from the Jobs page."""
    jobs = dashboard.jobs()
    told = newest(jobs, study, url=dashboard.url)
    runtime_env: dict[str, Any] = {"py_modules": [dashboard.keep(pack_raystudy())]}
    if told.pip:
        runtime_env["pip"] = told.pip
    entrypoint = _entrypoint(told.python, question(told))
    job_id = dashboard.submit(entrypoint, metadata={"job_name": NAME}, runtime_env=runtime_env)
    job, log = _ended(dashboard, job_id)
    _tidy(dashboard, jobs)
    found = answer_in(log)
    if found is None:
        raise ClusterError(_nothing(job, log))
    if isinstance(found, str):
        raise ClusterError(found)
    return found


def _tidy(dashboard: Dashboard, jobs: Iterable[Job]) -> None:
    """
    Delete query jobs that were over before this one began.

    Not this one: Ray 2.60 looks at a job every second, and puts back as failed one that vanished before it was seen to
    end.
    """
    for job in jobs:
        if job.over and job.metadata.get("job_name") == NAME:
            with suppress(ClusterError):  # another may have done it
                dashboard.delete(job.id)


def _entrypoint(python: str, question: Question) -> str:
    """Take the Python that ran the study, if the head has it."""
    words = shlex.join(["-m", "raystudy.dashboard.answer", question.to_json()])
    return f'p={shlex.quote(python)}; command -v "$p" >/dev/null || p=python; exec "$p" {words}'


def _ended(dashboard: Dashboard, job_id: str) -> tuple[Job, str]:
    until_s = time.monotonic() + MOST_S
    while time.monotonic() < until_s:
        job = dashboard.job(job_id)
        if job.over:
            return job, dashboard.log(job_id)
        time.sleep(_LOOK_EVERY_S)
    raise ClusterError(
        f"The query job {job_id} has not ended after {MOST_S:.0f} s; the Jobs page of {dashboard.url} tells."
    )


def _nothing(job: Job, log: str) -> str:
    """Say why a query job printed no answer."""
    lines = [line for line in (log or job.message).splitlines() if line.strip()]
    why = lines[-1].strip() if lines else job.status
    if "No module named" in why or "not found" in why:
        return (
            f"The Python of the cluster's head cannot answer: {why}. Start Ray there from an environment with raystudy "
            "installed, or submit with --constraints FILE."
        )
    how = "printed no answer" if job.status == FINISHED else f"ended as {job.status}"
    return f"The query job {how}: {why}"
