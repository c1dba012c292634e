"""A study handed to a cluster: what is sent, what is run, what it is called."""

import sys
from pathlib import Path

import pytest

from raystudy.dashboard.client import Dashboard
from raystudy.dashboard.submit import follow, submit
from raystudy.errors import ClusterError
from raystudy.study import load
from tests.dashboard.conftest import STUDY
from tests.fakes.ray_dashboard import FakeDashboard


@pytest.fixture
def study_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a study file in the current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "made.toml").write_text(STUDY)
    return Path("made.toml")


def handed(fake: FakeDashboard, file: Path, **options: object) -> dict[str, object]:
    """Submit a study, and return what the dashboard was told."""
    wanted = {"out": None, "constraints": None, "options": []} | options
    submit(Dashboard(fake.url), load(file), file, **wanted)  # type: ignore[arg-type]
    return fake.submitted[-1]


def test_the_job_runs_the_file_and_is_named(fake: FakeDashboard, study_file: Path) -> None:
    """By the Python that Ray runs there; its results outlive the session, in the home of the user who runs Ray."""
    fake.python, fake.runs = "/ray/bin/python", False
    told = handed(fake, study_file)

    assert "/ray/bin/python -m raystudy run made.toml --address auto --out ~/raystudy/made" == told["entrypoint"]
    assert {"job_name": "made", "study": "made", "archive": "~/raystudy/made", "python": "/ray/bin/python"} == {
        key: told["metadata"][key] for key in ("job_name", "study", "archive", "python")
    }


def test_pinned_packages_bring_their_own_python(fake: FakeDashboard, study_file: Path) -> None:
    """Ray installs them into an environment whose Python is first on the path; comments are no packages."""
    fake.runs = False
    Path("pins.txt").write_text("# made by hand\npolars==1.0\n\nrich==14.0\n")
    told = handed(fake, study_file, constraints=Path("pins.txt"))

    assert str(told["entrypoint"]).startswith("python -m raystudy run")
    assert ["polars==1.0", "rich==14.0"] == told["runtime_env"]["pip"]["packages"]


def test_a_place_that_would_not_last_is_refused(fake: FakeDashboard, study_file: Path) -> None:
    """A relative folder would lie in the job's own, which Ray deletes; nothing is sent."""
    with pytest.raises(ClusterError, match="--out results is relative"):
        handed(fake, study_file, out="results")

    assert {} == fake.packages


def test_the_log_is_followed_to_the_end(fake: FakeDashboard, study_file: Path) -> None:
    """The job finds the study file and raystudy where it runs; here it refuses an archive that is none."""
    Path("file").write_text("no folder")
    handed(fake, study_file, out=str(Path("file").absolute()))
    said: list[str] = []
    job = follow(Dashboard(fake.url), "job-1", said.append)

    assert ("FAILED", 2) == (job.status, job.exit_code)
    assert "Results cannot be written" in "".join(said)
    assert sys.executable == job.metadata["python"]
