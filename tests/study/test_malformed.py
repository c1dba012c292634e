"""Whatever stands in a study file that is none, `raystudy run` says what is wrong with it, and does nothing else."""

import sys
from pathlib import Path

import pytest

from raystudy.cli import main
from tests.study.malformed import malformed

N = 200
MALFORMED = dict(malformed(N))
NOWHERE = "127.0.0.1:1"
"""Where no Ray is: a file that is taken for a study is not run for hours."""
JARGON = ("Traceback", "pydantic", "valid integer", "valid string", "model_type", "utf-8' codec", "Did you mean ?")


def test_there_are_as_many() -> None:
    """No two of them are the same file."""
    assert N == len(set(MALFORMED.values()))


@pytest.mark.parametrize("what", MALFORMED)
def test_it_is_refused_in_sentences(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence a mistake, each with the name of the file; exit code 2; nothing is written anywhere."""
    here, file = tmp_path / "here", tmp_path / "study.toml"
    here.mkdir()
    file.write_bytes(MALFORMED[what])
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "argv", ["raystudy", "run", str(file), "--out", "results", "--address", NOWHERE])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    sentences = err.removeprefix("error: ").splitlines()

    assert (2, "") == (ended.value.code, out)
    assert all(str(file) in each and each.endswith((".", "?")) and each.isprintable() for each in sentences)
    assert [] == [word for word in JARGON if word in err]
    assert 0 < len(sentences) <= 5
    assert [file, here] == sorted(tmp_path.rglob("*"), reverse=True)
