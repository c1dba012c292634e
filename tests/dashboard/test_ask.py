"""Questions asked of a cluster: the query job really runs, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from raystudy.dashboard.ask import ask_rows, ask_state
from raystudy.dashboard.client import Dashboard
from raystudy.dashboard.question import Question
from raystudy.errors import ClusterError
from raystudy.record.archive import Archive
from tests.dashboard.conftest import tell_of
from tests.fakes.ray_dashboard import FakeDashboard


def test_rows_come_back_as_they_lie_there(fake: FakeDashboard, archive: Archive) -> None:
    """Nested columns too."""
    rows = ask_rows(Dashboard(fake.url), study=None, sql=None, intervals=False, nested=True)

    assert archive.table().collect().equals(rows)


def test_the_jobs_page_is_kept_tidy(fake: FakeDashboard) -> None:
    """A query takes those before it from the page: Ray puts one back that is deleted as soon as it ends."""
    for _ in range(3):
        ask_state(Dashboard(fake.url), study=None)

    assert (["job-1", "job-2"], {"02000000", "job-3"}) == (fake.deleted, set(fake.jobs))


def test_sql_is_answered_there(fake: FakeDashboard) -> None:
    """Quotes of a query survive the shell."""
    sql = "select count(*) as n from trials where study = 'made' and trial_id <> '$HOME'"
    rows = ask_rows(Dashboard(fake.url), study="made", sql=sql, intervals=False, nested=False)

    assert [3] == rows["n"].to_list()


def test_a_state_comes_back(fake: FakeDashboard) -> None:
    """What is finished, and that no driver runs."""
    state = ask_state(Dashboard(fake.url), study=None)

    assert ("made", [True, True, True, False], None) == (
        state.study,
        [each.finished for each in state.trials],
        state.live,
    )


def test_a_refusal_is_told_here(fake: FakeDashboard) -> None:
    """What is wrong with a query is found there, and is a sentence here."""
    with pytest.raises(ClusterError, match="There is no table 'trails'"):
        ask_rows(Dashboard(fake.url), study=None, sql="select * from trails", intervals=False, nested=False)


def test_a_folder_that_the_head_does_not_see_is_told(fake: FakeDashboard, tmp_path: Path) -> None:
    """With the machine whose folder it is."""
    tell_of(fake, str(tmp_path / "elsewhere"))

    with pytest.raises(ClusterError, match=r"sees no folder .*elsewhere;.* It is a folder of node-1"):
        ask_state(Dashboard(fake.url), study=None)


def test_a_python_that_lacks_what_we_need_is_told(fake: FakeDashboard, tmp_path: Path) -> None:
    """The head's Python may be another one than that of the driver."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho ModuleNotFoundError: No module named polars >&2; exit 1\n")
    python.chmod(0o755)
    fake.jobs["02000000"]["metadata"]["python"] = str(python)

    with pytest.raises(ClusterError, match=r"No module named polars.*--constraints"):
        ask_state(Dashboard(fake.url), study=None)


def test_an_answer_imports_neither_ray_nor_torch(archive: Archive) -> None:
    """It is to come in a few seconds."""
    code = (
        "import sys\nfrom raystudy.dashboard.answer import main\nmain()\n"
        "sys.exit(bool({'ray', 'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    )
    question = Question(ask="results", archive=archive.store.address, sql="select * from trials").to_json()

    assert 0 == subprocess.run([sys.executable, "-c", code, question], check=False, capture_output=True).returncode
