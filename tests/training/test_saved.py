"""A trained model is written as a folder that a recipe may name."""

from pathlib import Path

from raystudy.training.models import build
from raystudy.training.saved import save_model
from raystudy.training.shapes import SHAPES


def test_it_is_a_folder_with_its_tokenizer(tmp_path: Path) -> None:
    """Configuration, weights without pickle, and the tokenizer that goes with them."""
    tokenizer, folder = tmp_path / "tokenizer.json", tmp_path / "tiny"
    tokenizer.write_text("{}")
    save_model(build(SHAPES["tiny-0.1m"]), tokenizer, folder)

    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in folder.iterdir()}
    assert (folder / "tokenizer.json").read_text() == "{}"
