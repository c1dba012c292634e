"""Verbs that ask the dashboard of a cluster, and what they say alike of a folder."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from raystudy.cli import main
from raystudy.record.archive import Archive, Failure
from raystudy.record.live import Driver, Live, Running, Snapshot
from raystudy.record.opening import open_for
from tests.cli.conftest import Typed
from tests.fakes.ray_dashboard import FakeDashboard, serving
from tests.observations import observation, study_of

STUDY = """
kind = "efficiency"
name = "made"
question = "What does more cost?"
repetitions = 2
factors.tokens = [1_000, 2_000]
"""
SQL = "select trial_id, tokens from trials where repetition = 1 order by tokens"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Typed:
    """Return a function that runs a command line in an empty folder, and gives its exit code, stdout and stderr."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("COLUMNS", "120")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["raystudy", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, error = capfdbinary.readouterr()
        return int(ended.value.code or 0), out.decode("latin-1"), error.decode()

    return run


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Return an archive with half of its trials, one of which failed, while a driver runs another."""
    study = study_of(levels="[1_000, 2_000]", repetitions="2")
    made = Archive(tmp_path / "archive")
    open_for(made, study, STUDY)
    first, second, third, fourth = study.trials()
    for trial in (first, second):
        made.write(observation(trial, study=study))
    made.write_failure(Failure(trial_id=third.id, at_utc="2026-01-01T00:00:00", reason="It died.", details=""))
    made.store.put("running.json", live(fourth.id).to_json())
    return made


def live(trial_id: str) -> Live:
    """Return what a driver says while one trial runs."""
    running = Running(
        trial_id=trial_id,
        node="abcdef012345",
        host="worker",
        device="cpu",
        tokens_seen=450,
        budget_tokens=1000,
        tokens_per_s=1234.0,
        loss=None,
    )
    return Live(
        driver=Driver(
            host="head", pid=12, process_began_s=1.0, boot_hash="b", began_utc="2026-01-01T00:00:00+00:00", address=None
        ),
        beat=1,
        beat_utc="2026-01-01T00:00:04+00:00",
        snapshot=Snapshot(
            what="trials",
            planned=4,
            done=2,
            failed=1,
            running=(running,),
            power_w={"abcdef012345": {"package-0": 12.25, "GPU-1": None}},
            elapsed_s=300.0,
            left_s=90.0,
        ),
    )


@pytest.fixture
def fake(tmp_path: Path, archive: Archive) -> Iterator[FakeDashboard]:
    """Return a dashboard whose only job tells of that archive."""
    (tmp_path / "head").mkdir()
    told = {"study": "made", "archive": archive.store.address, "python": sys.executable}
    job = {"job_id": "01", "status": "RUNNING", "start_time": 1, "metadata": told}
    with serving(FakeDashboard(folder=tmp_path / "head", jobs={"01": job})) as dashboard:
        yield dashboard


@pytest.fixture(params=["folder", "dashboard"])
def place(request: pytest.FixtureRequest, archive: Archive, fake: FakeDashboard) -> str:
    """Return where the same study is asked for."""
    return archive.place if request.param == "folder" else fake.url


def test_status_tells_what_runs(typed: Typed, place: str) -> None:
    """Who runs it, what runs where, the watts of each node, the time left; failures are exit code 1."""
    code, out, _ = typed("status", place)

    assert 1 == code
    for said in (
        "2 of 4 trials",
        "process 12 of head",
        "running",
        "45%",
        "12.2 W package-0",
        "about 1:30 left",
        "It died.",
    ):
        assert said in out
    assert "GPU-1" not in out


def test_sql_in_each_format(typed: Typed, place: str) -> None:
    """The same rows as a table, CSV, JSON and an Arrow stream."""
    written = {name: typed("results", place, "--sql", SQL, "--format", name)[1] for name in ("csv", "json", "arrow")}
    expected = pl.DataFrame({"trial_id": ["tokens-1000--r01", "tokens-2000--r01"], "tokens": [1000, 2000]})

    assert expected.equals(pl.read_csv(io.StringIO(written["csv"])))
    assert expected.to_dicts() == json.loads(written["json"])
    assert expected.to_dicts() == pa.ipc.open_stream(written["arrow"].encode("latin-1")).read_all().to_pylist()


def test_nested_columns_that_are_left_out_are_told(typed: Typed, place: str) -> None:
    """On stderr, by name: the rows on stdout are as they were."""
    code, out, error = typed(
        "results", place, "--sql", "select tokens, traces from trials order by 1 limit 1", "--format", "csv"
    )

    assert (0, "tokens\n1000\n", "Left out, being nested: 1 (traces). JSON and Arrow have them.\n") == (
        code,
        out,
        error,
    )


def test_arrow_in_a_file_is_read_by_old_readers(typed: Typed, archive: Archive, tmp_path: Path) -> None:
    """Text is of the kind that Arrow had from the start."""
    file = tmp_path / "made.arrow"
    typed("results", archive.place, "--format", "arrow", "--out", file)

    assert pa.large_string() == pa.ipc.open_file(file).schema.field("trial_id").type


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="A full disk is Linux's /dev/full.")
@pytest.mark.parametrize("format_", ["csv", "json", "parquet", "arrow"])
def test_a_full_disk_is_told(typed: Typed, archive: Archive, format_: str) -> None:
    """In one sentence, whatever is written."""
    code, _, error = typed("results", archive.place, "--format", format_, "--out", "/dev/full")

    assert (2, True) == (code, "/dev/full cannot be written: No space left" in error)


MISTAKES = {
    "unknown column": (("--sql", "select energy_jj from trials"), "Did you mean energy_j"),
    "no SQL": (("--sql", "selec nope from trials"), "no SQL that can be read"),
    "nested alone": (("--sql", "select traces from trials"), "All columns of the answer are nested (traces)"),
    "no text": (("--sql", "select x'00' as b", "--format", "json"), "'b' is Binary, which json cannot hold"),
    "two ways": (("--sql", SQL, "--intervals"), "leave --intervals out"),
}


@pytest.mark.parametrize(("words", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_bad_query_is_a_sentence_and_exit_code_2(typed: Typed, place: str, words: tuple[str, ...], said: str) -> None:
    """From a folder and through a dashboard alike."""
    code, out, error = typed("results", place, *words)

    assert (2, "", True) == (code, out, said in error)


def test_a_folder_holds_one_study(typed: Typed, archive: Archive) -> None:
    """--study chooses among the studies of a cluster."""
    code, _, error = typed("status", archive.place, "--study", "made")

    assert (2, True) == (code, "--study" in error)


def test_submit_says_where_and_how(typed: Typed, fake: FakeDashboard) -> None:
    """With --no-wait: the job, where its results go, and how to ask for them."""
    fake.runs = False
    Path("made.toml").write_text(STUDY)
    code, out, _ = typed("submit", "made.toml", "--address", fake.url, "--no-wait")

    assert 0 == code
    assert all(said in out for said in ("job-1", "~/raystudy/made", f"raystudy status {fake.url} --study made"))


def test_submit_checks_the_study_first(typed: Typed, fake: FakeDashboard) -> None:
    """A study that could not be analysed is refused here; nothing is sent."""
    Path("made.toml").write_text(STUDY.replace("repetitions = 2", "repetitions = 1"))
    code, _, error = typed("submit", "made.toml", "--address", fake.url)

    assert (2, True, []) == (code, "one repetition" in error, fake.submitted)


def test_submit_exits_as_the_job_does(typed: Typed, fake: FakeDashboard) -> None:
    """Its log is shown as it comes: here the job refuses a file where a folder is expected."""
    Path("made.toml").write_text(STUDY)
    Path("file").write_text("no folder")
    code, out, _ = typed("submit", "made.toml", "--address", fake.url, "--out", Path("file").absolute())

    assert (2, True) == (code, "Results cannot be written" in out)
