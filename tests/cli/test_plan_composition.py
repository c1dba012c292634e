"""`raystudy plan` and `raystudy status` of a study that pretrains and cuts labelled examples."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from raystudy.cli import main
from raystudy.record.archive import Archive, Failure
from raystudy.record.opening import open_for
from raystudy.study import parse
from tests.observations import observation

Typed = Callable[..., tuple[int, str, str]]
TEXT = """
kind = "composition"
name = "cut"
question = "Does it matter how a budget is cut?"
repetitions = 2
[recipe]
corpus = "labelled"
corpus_path = "examples.csv"
context = 64
eval_tokens = 1000
heldout_fraction = 0.3
[pretraining]
corpus = "stories"
corpus_documents = 200
tokenizer = "byte"
tokens = 2_000
[factors]
model = ["tiny-0.1m", "tiny-0.3m"]
sampler = ["few_long", "many_short"]
unique_fraction = [0.5, 1.0]
"""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """Return a function that runs a command line beside the study file, and gives its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    rows = [
        f"the {'cat' if n % 2 else 'dog'} {'x' * (n % 9)} number {n},{'meow' if n % 2 else 'bark'}" for n in range(60)
    ]
    (tmp_path / "examples.csv").write_text("\n".join(["text,label", *rows]))
    (tmp_path / "cut.toml").write_text(TEXT)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["raystudy", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def test_plan_shows_the_samples_before_anything_is_pretrained(typed: Typed) -> None:
    """N, L and what is filled of the budget, condition by condition; the pretrainings in a table of their own."""
    code, out, error = typed("plan", "cut.toml")
    before, after = out.split("Conditions (model, sampler, unique_fraction), each trial")

    assert (0, True) == (code, "encoding 60 examples" in error)
    assert "Pretrainings, once each, before the trials" in before
    assert "tiny-0.3m" in before
    assert all(word in after for word in ("examples", "length", "cut", "used", "filled", "padding"))
    assert "tiny-0.1m, few_long, 0.5 " in after


def test_plan_shows_every_condition_and_the_first_block(typed: Typed) -> None:
    """Fifty-seven conditions are as many rows; of their two blocks the first tells the order."""
    fractions = ", ".join(str(share / 100) for share in range(5, 100, 5))
    few = TEXT.replace(', "tiny-0.3m"]', "]").replace("[0.5, 1.0]", f"[{fractions}]")
    Path("many.toml").write_text(few.replace('["few_long", ', '["few_long", "balanced", '))
    _, out, _ = typed("plan", "many.toml")
    table, order = out.split("order in the block")
    rows = {" ".join(line.split()[:3]) for line in table.splitlines() if line.startswith("tiny-0.1m, ")}

    assert 57 == len(rows)
    assert ("--r01" in order, "--r02" in order) == (True, False)
    assert "Not shown: block 2 runs the same trials, shuffled likewise." in order


def test_plan_names_the_copies(typed: Typed) -> None:
    """At the whole budget all samplers take everything: that is told before it is paid for."""
    _, out, _ = typed("plan", "cut.toml")

    assert (
        "At sampler, unique_fraction = few_long 1.0; many_short 1.0 the examples are the same (2 times): these trials "
        "would be copies, of which the analysis counts one."
    ) in " ".join(out.split())


def test_plan_tells_the_time_of_labelled_examples(typed: Typed) -> None:
    """A few steps are trained, of each model once in pretraining and once on examples."""
    Path("small.toml").write_text(TEXT.replace(', "tiny-0.3m"]', "]"))
    code, out, _ = typed("plan", "small.toml", "--calibrate")

    assert 0 == code
    assert "min of training and evaluation" in out
    assert "few_long 1.0; many_short 1.0 the examples are the same: these trials" in " ".join(out.split())


def test_status_counts_pretrainings_apart(typed: Typed, tmp_path: Path) -> None:
    """What is finished, and what failed, of both."""
    study, archive = parse(TEXT, name="cut.toml"), Archive(tmp_path / "out")
    open_for(archive, study, TEXT)
    done, failed = study.pretrainings()
    archive.write(observation(done, study=study))
    archive.write_failure(Failure(trial_id=failed.id, at_utc="2026", reason="it diverged", details=""))
    code, out, _ = typed("status", tmp_path / "out")

    assert 1 == code
    assert "cut: 1 of 2 pretrainings, 0 of 16 trials finished" in out
    assert f"failed {failed.id}: it diverged" in out
