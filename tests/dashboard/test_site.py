"""What the site answers, asked as Serve asks it."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from starlette.requests import Request
from starlette.responses import Response

from raystudy.dashboard.door import Door
from raystudy.dashboard.site import Site
from raystudy.dashboard.studies import Studies
from raystudy.record.archive import Archive
from tests.observations import observation, study_of, trajectory

TEXT = """
kind = "efficiency"
name = "{name}"
question = "What does <script>more</script> cost?"
repetitions = 2
factors.tokens = [1_000, 2_000]
"""
Ask = Callable[..., Response]


def keep(folder: Path, name: str = "made", *, trials: int = 4) -> Archive:
    """Keep a study of four trials, some of them finished."""
    archive, study = Archive(folder / name), study_of(levels="[1_000, 2_000]", repetitions="2")
    archive.write_study(TEXT.format(name=name))
    for trial in list(study.trials())[:trials]:
        archive.write(observation(trial, study=study, **trajectory([5.0, 4.0])))
    return archive


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Return a function that asks a site about the studies in a folder."""
    site = Site(Studies([str(tmp_path)]), Door(local=True, token_sha256=None))

    def answer(path: str, query: str = "", **headers: str) -> Response:
        named = {"host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
        pairs = [(name.encode(), value.encode()) for name, value in named.items()]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": pairs}
        return site.answer(Request(scope))

    return answer


def test_the_home_page_lists_studies_and_how_far_they_are(ask: Ask, tmp_path: Path) -> None:
    """A folder of studies is shown as it is now."""
    keep(tmp_path, "one", trials=3)
    keep(tmp_path, "two", trials=0)

    found = json.loads(ask("/").body)

    assert [("one", 3, 4), ("two", 0, 4)] == [(each["study"], each["finished"], each["planned"]) for each in found]


def test_a_trial_that_comes_is_seen(ask: Ask, tmp_path: Path) -> None:
    """What is kept between requests is thrown away when a file is added."""
    study, archive = study_of(levels="[1_000, 2_000]", repetitions="2"), keep(tmp_path, trials=1)
    before = json.loads(ask("/sql", "q=select+count(*)+as+n+from+trials").body)
    archive.write(observation(list(study.trials())[1], study=study))

    assert [{"n": 1}] == before
    assert [{"n": 2}] == json.loads(ask("/sql", "q=select+count(*)+as+n+from+trials").body)


@pytest.mark.parametrize("path", ["/trials", "/intervals"])
def test_data_come_in_four_formats(ask: Ask, tmp_path: Path, path: str) -> None:
    """JSON, CSV, Arrow and a page hold the same rows, asked for by name or by Accept."""
    keep(tmp_path)
    rows = len(json.loads(ask(path).body))

    assert rows == pl.read_csv(ask(path, "format=csv").body).height
    assert rows == pl.read_ipc_stream(io.BytesIO(ask(path, accept="application/vnd.apache.arrow.stream").body)).height
    assert rows + 1 == ask(path, accept="text/html,*/*").body.count(b"<tr>")


def test_a_summary_says_answer_and_caveats(ask: Ask, tmp_path: Path) -> None:
    """What `analyze` says, as data."""
    keep(tmp_path)

    said = json.loads(ask("/summary").body)

    assert "made" == said["study"]
    assert said["answer"]
    assert {"title", "note", "rows"} == set(next(iter(said["tables"].values())))


def test_what_users_wrote_is_text(ask: Ask, tmp_path: Path) -> None:
    """Names, questions and queries with markup in them are shown, not obeyed, on every page."""
    keep(tmp_path)
    query = "format=html&q=select+'<script>alert(1)</script>'+as+\"<b>\"+from+trials"

    pages = [ask("/", "format=html"), ask("/summary", "format=html"), ask("/sql", query)]

    assert [200] * 3 == [page.status_code for page in pages]
    assert all(b"<script" not in page.body and b"<b>" not in page.body for page in pages)


def test_a_report_runs_its_charts_in_a_sandbox(ask: Ask, tmp_path: Path) -> None:
    """The one page with scripts is of no site, so that it can ask for nothing here."""
    keep(tmp_path)

    report = ask("/report")

    assert report.body.startswith(b"<!DOCTYPE html>")
    assert report.headers["content-security-policy"].startswith(
        "sandbox allow-scripts allow-downloads; default-src 'none'"
    )


@pytest.mark.parametrize("path", ["/", "/sql", "/nowhere"])
def test_every_answer_is_guarded(ask: Ask, tmp_path: Path, path: str) -> None:
    """No guessing of types, no frames, no scripts, nothing kept, nothing for other sites."""
    keep(tmp_path)
    headers = ask(path, "format=html").headers

    assert ("nosniff", "DENY", "no-store", "same-origin") == tuple(
        headers[name]
        for name in ("x-content-type-options", "x-frame-options", "cache-control", "cross-origin-resource-policy")
    )
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("path", "query", "refusal"),
    [
        ("/trials", "study=mad", (400, "no study 'mad' here. Did you mean made?")),
        ("/trials", "study=../../etc", (400, "no study '../../etc' here")),
        ("/trials", "format=xml", (400, "no format 'xml'")),
        ("/trials", "path=/etc/passwd", (400, "'path' is not understood")),
        ("/trials", "format=csv&format=json", (400, "format is given more than once")),
        ("/sql", "", (400, "What is asked?")),
        ("/sql", "format=csv&q=select+traces+from+trials", (400, "All columns of the answer are nested (traces)")),
        ("/sql", "q=drop+table+trials", (400, "Only queries are answered")),
        ("/sql", "q=select+*+from+read_csv('/etc/passwd')", (400, "no functions and no files")),
        ("/summary", "format=csv", (400, "json or html")),
        ("/summary", "", (409, "has no finished trial yet")),
        ("/../../etc/passwd", "", (404, "There is no such page")),
    ],
)
def test_what_is_wrong_is_a_sentence(ask: Ask, tmp_path: Path, path: str, query: str, refusal: tuple[int, str]) -> None:
    """A status of the 400s, plain text, and what to do."""
    keep(tmp_path, trials=0)

    answer = ask(path, query)

    assert (refusal[0], "text/plain") == (answer.status_code, answer.media_type)
    assert refusal[1] in answer.body.decode()


def test_two_studies_of_one_name_are_refused(ask: Ask, tmp_path: Path) -> None:
    """Which of them was meant could not be told."""
    keep(tmp_path, "one")
    Archive(tmp_path / "again").write_study(TEXT.format(name="one"))

    assert 409 == ask("/").status_code


def test_which_study_is_asked_for_is_said(ask: Ask, tmp_path: Path) -> None:
    """One study needs no name; of two, one has to be named."""
    keep(tmp_path, "one")
    keep(tmp_path, "two")

    assert "Which study? study is one of: one, two." == ask("/trials").body.decode().strip()
    assert 200 == ask("/trials", "study=two").status_code
