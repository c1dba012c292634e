"""A trained model written as a folder that a recipe may name as its model: configuration, weights, tokenizer."""

import os
import shutil
import uuid
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def save_model(model: "PreTrainedModel", tokenizer_file: Path, folder: Path) -> None:
    """Write it under a temporary name, then rename it; a folder that is there already is replaced."""
    for leftover in folder.parent.glob(f".{escape(folder.name)}.*.tmp"):
        shutil.rmtree(leftover)  # of a writing that was killed
    writing = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.tmp")
    try:
        model.save_pretrained(writing)
        shutil.copyfile(tokenizer_file, writing / "tokenizer.json")
        for path in writing.iterdir():
            with path.open("rb+") as file:
                os.fsync(file.fileno())  # else a power cut may leave empty files under the final name
        shutil.rmtree(folder, ignore_errors=True)
        writing.rename(folder)
    except BaseException:
        shutil.rmtree(writing, ignore_errors=True)
        raise
