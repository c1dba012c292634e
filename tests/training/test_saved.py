"""A model is written whole, and what a killed writing left goes with the next one."""

from pathlib import Path

from raystudy.training.models import build
from raystudy.training.saved import save_model
from raystudy.training.shapes import SHAPES


def test_leftovers_of_a_killed_writing_are_removed(tmp_path: Path) -> None:
    """A folder under a temporary name holds weights, and nobody else would ever remove it; other models keep theirs."""
    for name in (".tiny.0123.tmp", ".tiny-1m.0123.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").touch()
    tokenizer = tmp_path / "tokenizer.json"
    tokenizer.write_text("{}")
    save_model(build(SHAPES["tiny-0.1m"]), tokenizer, tmp_path / "tiny")

    assert [".tiny-1m.0123.tmp", "tiny", "tokenizer.json"] == sorted(path.name for path in tmp_path.iterdir())
    assert (tmp_path / "tiny" / "tokenizer.json").read_text() == "{}"
