from collections import Counter
from pathlib import Path

import pytest

from raystudy.study import Recipe
from raystudy.training.corpora import documents
from raystudy.training.corpora.areas import AREAS, Docstring, docstrings
from raystudy.training.tasks.areas import examples
from raystudy.training.tasks.example import Example
from raystudy.training.tasks.split import split


@pytest.fixture(scope="module")
def asked() -> list[Example]:
    """Return the examples of the running Python, read once."""
    return list(examples(Recipe(corpus="stdlib-areas"), allow_hub=False))


def test_no_module_is_of_two_areas() -> None:
    """The areas part the library."""
    names = [name for modules in AREAS.values() for name in modules.split()]

    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_the_area_is_that_of_the_top_level_module(tmp_path: Path) -> None:
    """Packages and files alike; a module of no area is left out."""
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "decoder.py").write_text('"""Decode."""\ndef f():\n    ""\n')
    (tmp_path / "glob.py").write_text('"""Find."""')
    (tmp_path / "antigravity.py").write_text('"""Fly."""')

    assert list(docstrings(tmp_path)) == [
        Docstring(text="Find.", area="files", file="glob.py"),
        Docstring(text="Decode.", area="data", file="json/decoder.py"),
    ]


@pytest.mark.parametrize("heldout_fraction", [0.1, 0.2, 0.3, 0.5])
def test_each_area_is_on_both_sides(asked: list[Example], heldout_fraction: float) -> None:
    """Files are many enough that every area is trained on and asked for; Python 3.11 holds out 16 % for 0.2."""
    parts = split(asked, heldout_fraction=heldout_fraction, corpus="stdlib-areas")
    sides = [{example.answer for example in side} for side in (parts.train, parts.heldout)]
    share = len(parts.heldout) / (len(parts.heldout) + len(parts.train))

    assert (sides, 0.6 < share / heldout_fraction < 1.4) == ([set(AREAS), set(AREAS)], True)


def test_the_text_to_pretrain_on_is_that_of_the_training_side(asked: list[Example]) -> None:
    """`stdlib-areas-text` holds what `stdlib-areas` trains on with that heldout_fraction, so nothing that it asks."""
    recipe = Recipe(corpus="stdlib-areas-text", heldout_fraction=0.3)
    parts = split(asked, heldout_fraction=0.3, corpus="stdlib-areas")

    assert list(documents(recipe, allow_hub=False)) == [example.value for example in parts.train]
