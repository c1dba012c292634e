"""What a user types, and what comes back: text, files, exit codes."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from raystudy.cli import main
from raystudy.cli.verbs import app
from raystudy.record.archive import Archive, Failure
from raystudy.record.opening import open_for
from tests.fakes.rapl import zone
from tests.observations import observation, study_of, trajectory

Typed = Callable[..., tuple[int, str, str]]
VERBS = [command.callback.__name__ for command in app.registered_commands if command.callback]
STUDY = """
kind = "efficiency"
name = "made"
question = "What does more cost?"
repetitions = 2
[recipe]
model = "tiny-0.1m"
tokenizer = "byte"
corpus = "stories"
corpus_documents = 200
[factors]
tokens = [1_000, 2_000]
"""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """Return a function that runs a command line in an empty folder, and gives its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["raystudy", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """Return a small study file."""
    file = tmp_path / "made.toml"
    file.write_text(STUDY)
    return file


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """Return the folder of a study whose trials are all there."""
    study = study_of(levels="[1_000, 2_000]", repetitions="2")
    archive = Archive(tmp_path / "finished")
    open_for(archive, study, STUDY)
    for trial in study.trials():
        archive.write(observation(trial, study=study))
    return Path(archive.place)


@pytest.mark.parametrize("verb", VERBS)
def test_help_teaches(typed: Typed, verb: str) -> None:
    """Each verb explains itself with an example."""
    code, out, _ = typed(verb, "--help")

    assert (0, True) == (code, "Example:" in out)


def test_plan_shows_what_will_be_done(typed: Typed, study_file: Path) -> None:
    """Trials in order, tokens, parameters and FLOPs, without training."""
    code, out, _ = typed("plan", study_file)

    assert 0 == code
    assert all(word in out for word in ("tokens-1000--r01", "104,688", "4 trials", "FLOPs in all"))


def test_plan_imports_neither_ray_nor_torch(study_file: Path) -> None:
    """Planning is for any machine, and starts at once."""
    code = (
        "import sys; sys.argv = ['raystudy', 'plan', sys.argv[1]]\nfrom raystudy.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.exit(bool({'ray', 'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    )

    assert 0 == subprocess.run([sys.executable, "-c", code, study_file], check=False, capture_output=True).returncode


MISTAKES = {
    "misspelt key": (("repetitions", "repetitons"), "Did you mean repetitions?"),
    "unknown corpus": (('"stories"', '"storys"'), "Did you mean stories?"),
    "tokens = 0": (("1_000", "0"), "factors.tokens.0 = 0: input should be greater than 0"),
    "unknown factor": (("[factors]\ntokens", "[factors]\ntoken"), "Did you mean tokens?"),
    "unknown model": (("tiny-0.1m", "tiny-01m"), "Did you mean tiny-0.1m?"),
    "hub off": (('"stories"', '"tinystories"'), "the hub is off"),
    "unknown meter": (("[factors]", '[metering]\nmeters = ["nvlm"]\n[factors]'), "Did you mean nvml?"),
    "tokenizer too large": (('"byte"', '"bpe-4096"'), 'Choose tokenizer = "bpe-1024"'),
    "one repetition": (("repetitions = 2", "repetitions = 1"), "one repetition"),
}


@pytest.mark.parametrize(("change", "said"), MISTAKES.values(), ids=MISTAKES)
def test_bad_input_is_one_sentence_and_exit_code_2(
    typed: Typed, study_file: Path, change: tuple[str, str], said: str
) -> None:
    """A mistake in the study file ends `run` before anything is started."""
    study_file.write_text(STUDY.replace(*change))
    code, out, error = typed("run", study_file)

    assert (2, True) == (code, said in error)
    assert "Traceback" not in out + error


def test_an_unwritable_folder_is_told(typed: Typed, study_file: Path) -> None:
    """The error names the folder and the option."""
    code, _, error = typed("run", study_file, "--out", study_file / "below")

    assert (2, True, True) == (code, str(study_file) in error, "--out" in error)


def test_a_corrupt_row_is_told(typed: Typed, finished: Path) -> None:
    """One bad file is named; the others are not touched."""
    (finished / "trials" / "tokens-1000--r01.parquet").write_bytes(b"not a row")
    code, _, error = typed("analyze", finished)

    assert (2, True) == (code, "tokens-1000--r01.parquet is not a readable observation" in error)


@pytest.mark.parametrize(
    "words", [("analyze",), ("results", "--format", "json"), ("results", "--sql", "select seed from trials")]
)
def test_a_damaged_row_is_told(typed: Typed, finished: Path, words: tuple[str, ...]) -> None:
    """A file whose end is whole and whose middle is not shows it when it is read."""
    file = finished / "trials" / "tokens-1000--r01.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:4] + bytes(20_000) + whole[20_004:])
    code, _, error = typed(words[0], finished, *words[1:])

    assert (2, True) == (code, "tokens-1000--r01.parquet is not a readable observation" in error)


def test_a_missing_file_is_told(typed: Typed) -> None:
    """No such file is bad input too."""
    code, _, error = typed("run", "nowhere.toml")

    assert (2, True) == (code, "There is no study file nowhere.toml" in error)


def test_analyze_writes_both_reports(typed: Typed, finished: Path) -> None:
    """The answer is printed, and lies beside the results as Markdown and as one page."""
    code, out, _ = typed("analyze", finished)

    assert 0 == code
    assert out.index("Answer") < out.index("Caveats") < out.index("Do the levels differ?")
    assert {"report.md", "report.html"} <= {path.name for path in finished.iterdir()}


def test_results_in_each_format(typed: Typed, finished: Path) -> None:
    """The same rows as a table, as CSV, as JSON, as Parquet."""
    _, shown, _ = typed("results", finished)
    _, csv, _ = typed("results", finished, "--format", "csv")
    _, text, _ = typed("results", finished, "--format", "json")
    code, _, _ = typed("results", finished, "--format", "parquet", "--out", "all.parquet")

    assert 4 == shown.count("tokens-") == len(csv.splitlines()) - 1 == len(json.loads(text))
    assert (0, True) == (code, Path("all.parquet").stat().st_size > 0)


def test_results_show_shared_joules(typed: Typed, tmp_path: Path) -> None:
    """Joules of shared devices stand in a column of their own, that is there only where there are any."""
    study = study_of(levels="[1_000, 2_000]", repetitions="2")
    shown = []
    for name, changes in (("own", {}), ("shared", {"energy_j": None, "energy_u_j": None, "energy_shared_j": 250.0})):
        archive = Archive(tmp_path / name)
        open_for(archive, study, STUDY)
        archive.write(observation(next(study.trials()), study=study, **changes))
        shown.append(typed("results", Path(archive.place))[1])

    assert [(False, False), (True, True)] == [("shared" in out, "250" in out) for out in shown]


def test_results_by_interval(typed: Typed, tmp_path: Path) -> None:
    """Each interval is a row that says whose it is, in the form that `raystudy dynamics` takes."""
    study = study_of(kind="dynamics", factor="init_seed", levels="[1, 2]", repetitions="1", recipe__order_seed="1")
    archive = Archive(tmp_path / "study")
    open_for(archive, study, STUDY)
    for trial in study.trials():
        archive.write(observation(trial, study=study, **trajectory([5.0, 4.0, 3.0])))
    _, csv, _ = typed("results", Path(archive.place), "--intervals", "--format", "csv")
    header, *rows = csv.splitlines()

    assert 6 == len(rows)
    assert {"trial_id", "init_seed", "interval", "tokens_seen", "loss_heldout", "energy_j"} <= set(header.split(","))


def test_failures_of_trials_that_are_not_asked_for_do_not_count(typed: Typed, finished: Path) -> None:
    """An edited level leaves its failures behind; they are no failures of this study."""
    failure = Failure(trial_id="tokens-77--r01", at_utc="2026", reason="Oh: dear", details="Traceback")
    Archive(finished).write_failure(failure)
    code, out, _ = typed("status", finished)

    assert (0, False) == (code, "Oh: dear" in out)


def test_parquet_needs_a_file(typed: Typed, finished: Path) -> None:
    """Parquet on a terminal helps nobody."""
    code, _, error = typed("results", finished, "--format", "parquet")

    assert (2, True) == (code, "--out" in error)


def test_status_tells_what_is_missing_and_what_failed(typed: Typed, finished: Path) -> None:
    """A failed trial shows its last line, and makes the exit code 1."""
    (finished / "trials" / "tokens-1000--r01.parquet").unlink()
    before, _, _ = typed("status", finished)
    failure = Failure(trial_id="tokens-1000--r01", at_utc="2026", reason="Oh: dear", details="Traceback")
    Archive(finished).write_failure(failure)
    after, out, _ = typed("status", finished)

    assert (0, 1) == (before, after)
    assert "Oh: dear" in out


def test_schemas_are_printed(typed: Typed) -> None:
    """The study's is JSON Schema; the observation's names each column with its unit."""
    _, study, _ = typed("schema", "study")
    _, observation_columns, _ = typed("schema", "observation")

    assert "repetitions" in json.loads(study)["properties"]
    assert "energy_u_j" in observation_columns


def test_meters_never_fail(typed: Typed) -> None:
    """A machine without any instrument is no error."""
    code, out, _ = typed(
        "meters", "--powercap-root", "/nowhere", "--hwmon-root", "/nowhere", "--power-supply-root", "/nowhere"
    )

    assert (0, True) == (code, "nameplate" in out)


def test_meters_tell_the_exact_fix(typed: Typed, tmp_path: Path) -> None:
    """What cannot be read comes with why and with what to do, also for machines."""
    zone(tmp_path, "intel-rapl:0", name="package-0")
    shown = json.loads(typed("meters", "--json", "--powercap-root", tmp_path, "--hwmon-root", "/nowhere")[1])
    rapl, hwmon = (next(source for source in shown if source["name"] == name) for name in ("rapl", "hwmon"))

    assert {"name", "readable", "estimated", "devices", "reason", "fix"} == set(rapl)
    assert ["rapl/package-0@intel-rapl:0/energy_j"] == rapl["devices"][0]["channels"]
    assert (False, True, True) == (hwmon["readable"], "/nowhere" in hwmon["reason"], "hwmon_root" in hwmon["fix"])


@pytest.mark.usefixtures("ray_cluster")
def test_meters_of_a_cluster_are_told_node_by_node(typed: Typed) -> None:
    """Each node has its id, its host and its sources."""
    (node,) = json.loads(typed("meters", "--json", "--address", "auto")[1])
    code, out, _ = typed("meters", "--address", "auto")

    assert {"node_id", "host", "sources", "error"} == set(node)
    assert (0, True) == (code, node["node_id"][:8] in out)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished(study_file: Path, tmp_path: Path) -> None:
    """
    Interrupted in mid-sweep `run` exits with 130; the finished trial is there, and nothing half written.

    The corpus is found by a path that is relative to where the command was typed.
    """
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text("<|endoftext|>".join(f"The {number} cats saw {number} dogs." for number in range(900)))
    text = STUDY.replace("[1_000, 2_000]", "[1_000, 200_000_000]").replace("[recipe]", 'order = "as_written"\n[recipe]')
    study_file.write_text(text.replace('"stories"\ncorpus_documents = 200', '"files"\ncorpus_path = "texts"'))
    words = [sys.executable, "-c", "from raystudy.cli import main; main()", "run", str(study_file), "--out", "out"]
    running = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert running.stdout is not None
    while "1 of 4 trials" not in (line := running.stdout.readline()):
        assert line, "the sweep ended before it could be interrupted"
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=60)

    assert 130 == running.returncode, said
    assert "run the same line for the rest" in " ".join(said.split())
    assert ["tokens-1000--r01.parquet"] == [path.name for path in (tmp_path / "out" / "trials").iterdir()]


def test_a_place_that_cannot_be_read_is_one_sentence(typed: Typed, tmp_path: Path) -> None:
    """Whatever the system says: a disk that fails, a store out of reach, a folder where a file should be."""
    (tmp_path / "made" / "study.toml").mkdir(parents=True)
    code, _, error = typed("status", tmp_path / "made")

    assert 2 == code
    assert error.startswith("error: A file, or the place of the results, cannot be used: ")
    assert "Bring it back" in error
    assert 1 == error.count("\n")
