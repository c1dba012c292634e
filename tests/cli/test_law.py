"""`raystudy law`: a table in, a law out."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from raystudy.cli.law import FORM_HELP, law
from raystudy.errors import AnalysisError
from raystudy.stats.powerlaw.forms import FORMS

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(law)
FORM = ("--form", "chinchilla", "--x", "N=params", "--x", "D=tokens", "--y", "loss")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table of 24 runs, one of which diverged, and one of which has no loss."""
    n, d = (axis.ravel() for axis in np.meshgrid([1e8, 3e8, 1e9, 3e9], np.geomspace(1e9, 3e11, 6)))
    loss = (1.8 + 480 / n**0.35 + 2000 / d**0.37) * np.exp(0.002 * np.random.default_rng(0).normal(size=24))
    rows = [f"{a},{b},{c},run {i % 8}" for i, (a, b, c) in enumerate(zip(n, d, loss, strict=True))]
    file = tmp_path / "runs.csv"
    file.write_text("\n".join(["params,tokens,loss,name", *rows, "1e9,1e9,11.5,run 1", "1e9,2e9,,run 2"]) + "\n")
    return file


def typed(*words: object) -> Result:
    """Run a command line."""
    return CliRunner().invoke(app, [str(word) for word in words])


def test_json_is_one_object_with_all_there_is(table: Path) -> None:
    """A program reads constants with intervals, flags, held-out error and rivals."""
    result = typed(table, *FORM, "--where", "loss < 10", "--bootstrap", "100", "--format", "json")

    told = json.loads(result.stdout)
    assert ("chinchilla", 24, "huber", True) == (told["form"], told["n"], told["loss"], told["identified"])
    assert {"alpha", "beta", "A", "B", "E"} == set(told["params"])
    assert told["params"]["alpha"]["ci_low"] < 0.35 < told["params"]["alpha"]["ci_high"]
    assert {"form", "k", "aicc", "delta_aicc", "weight", "holdout_rmse"} == set(told["compare"][0])
    assert {"rmse", "relative_error", "n_train", "n_test", "by"} == set(told["holdout"])
    assert {"min": 1e8, "max": 3e9} == told["domain"]["N"]
    assert told["volume_test"] is None


def test_a_table_begins_with_the_answer(table: Path) -> None:
    """A person reads the law in a sentence, then what speaks against it, then the numbers."""
    out = typed(table, *FORM, "--bootstrap", "0").stdout

    assert out.index("Answer") < out.index("Caveats") < out.index("Constants") < out.index("Rivals")
    assert "1 row left out" in out


def test_what_is_not_identified_is_null(tmp_path: Path) -> None:
    """At 20 tokens a parameter there are no values, and the first flag says why."""
    n = np.geomspace(5e7, 5e9, 12)
    file = tmp_path / "collinear.csv"
    file.write_text("N,D,loss\n" + "".join(f"{a},{20 * a},{1.8 + 900 / a**0.35}\n" for a in n))

    told = json.loads(
        typed(file, "--form", "chinchilla", "--x", "N", "--x", "D", "--y", "loss", "--format", "json").stdout
    )

    assert not told["identified"]
    assert {None} == {constant["value"] for constant in told["params"].values()}
    assert told["flags"][0].startswith("collinear: N and D move together")
    assert (None, None) == (told["interval"], told["volume_test"])


def test_groups_may_be_text(table: Path) -> None:
    """Rows of one name are one configuration."""
    told = json.loads(typed(table, *FORM, "--group", "name", "--bootstrap", "0", "--format", "json").stdout)

    assert told["configurations"] == 8


def test_why_there_are_no_constants_is_in_the_answer(tmp_path: Path) -> None:
    """A person reads what is decisive, also where a lost row is the first caveat."""
    n = np.geomspace(5e7, 5e9, 12)
    file = tmp_path / "collinear.csv"
    file.write_text("N,D,loss\n" + "".join(f"{a},{20 * a},{1.8 + 900 / a**0.35}\n" for a in n) + "1e9,2e9,\n")

    out = " ".join(typed(file, "--form", "chinchilla", "--x", "N", "--x", "D", "--y", "loss").stdout.split())

    assert "so none are given. N and D move together" in out


def test_help_names_every_form() -> None:
    """What `--form` takes is what there is."""
    assert set(FORMS) == {name.strip(" .") for name in re.sub(r"\(.*?\)", "", FORM_HELP).replace(";", ",").split(",")}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--form", "chinchila", "--x", "N=params", "--y", "loss"), "No law is called 'chinchila'"),
        (("--form", "chinchilla", "--x", "N=params", "--x", "Q=tokens", "--y", "loss"), "no input called Q"),
        (("--form", "chinchilla", "--x", "D=token", "--y", "loss"), "no column 'token'"),
        (("--form", "chinchilla", "--x", "D=tokens", "--x", "D=params", "--y", "loss"), "given once"),
        ((*FORM, "--loss", "squares", "--delta", "1"), "with squares leave it out"),
        ((*FORM, "--delta", "0"), "delta must be above 0 and finite; 0.0 is not"),
        ((*FORM, "--loss", "log"), "A loss is one of: huber, absolute, squares"),
        ((*FORM, "--bootstrap", "7"), "take 100 or more"),
    ],
)
def test_mistakes_are_told(table: Path, words: tuple[str, ...], message: str) -> None:
    """What cannot be fitted raises an error of the user's, which the command line turns into exit code 2."""
    result = typed(table, *words)

    assert isinstance(result.exception, AnalysisError)
    assert message in str(result.exception)
