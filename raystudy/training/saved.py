"""A trained model written as a folder that a recipe may name as its model: configuration, weights, tokenizer."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def save_model(model: "PreTrainedModel", tokenizer_file: Path, folder: Path) -> None:
    """Make the folder."""
    model.save_pretrained(folder)
    shutil.copyfile(tokenizer_file, folder / "tokenizer.json")
