"""A number of a study file ends: `inf` and `nan` are refused, whichever key they are given to."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from raystudy.errors import StudyFileError
from raystudy.study import Recipe, Study, parse

TEXT = """
kind = "composition"
name = "s"
question = "Does it?"
repetitions = 1
recipe.corpus = "stdlib-areas"
pretraining.corpus = "stdlib-areas-text"
factors.sampler = ["few_long", "many_short"]
"""
ENDLESS = {"recipe.clip_norm", "pretraining.clip_norm", "factors.clip_norm", "resources.checkpoint_after_s"}
"""Keys whose `inf` means something: no clipping, no checkpoint."""


def kinds(annotation: Any) -> Iterator[Any]:
    """Yield a type, and all types that it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from kinds(part)


def floats(model: type[BaseModel], under: str = "") -> Iterator[str]:
    """Yield the keys of all floats in a model, and in the models in it; levels have the names of the recipe's."""
    for name, field in model.model_fields.items():
        found = list(kinds(field.annotation))
        models = [kind for kind in found if isinstance(kind, type) and issubclass(kind, BaseModel)]
        for inner in [Recipe] if name == "factors" else models:
            yield from floats(inner, f"{under}{name}.")
        if float in found and name != "factors":
            yield f"{under}{name}"


FLOATS = tuple(floats(Study))
REFUSED = [
    (key, number)
    for key in FLOATS
    for number in ("inf", "-inf", "nan", "1e400")
    if key not in ENDLESS or number in ("-inf", "nan")
]


def study_with(key: str, number: str) -> Study:
    """Read a study in which a key, or one of two levels, is a number."""
    value = f"[0.5, {number}]" if key.startswith("factors.") else number
    return parse(f"{TEXT}{key} = {value}", name="s.toml")


def test_all_tables_are_looked_through() -> None:
    """A new float is found wherever it is."""
    assert {"recipe", "pretraining", "factors", "resources", "metering", "analysis"} == {
        key.partition(".")[0] for key in FLOATS
    }
    assert set(FLOATS) >= ENDLESS


@pytest.mark.parametrize(("key", "number"), REFUSED)
def test_a_number_without_end_is_one_sentence(key: str, number: str) -> None:
    """TOML can write them all; a trial of them would burn energy for nothing."""
    with pytest.raises(StudyFileError, match=rf"^s\.toml: {key}.*\.$") as refused:
        study_with(key, number)

    assert 1 == len(str(refused.value).splitlines())


@pytest.mark.parametrize("key", sorted(ENDLESS))
def test_what_never_comes_may_be_said(key: str) -> None:
    """Nothing is clipped, or no state kept."""
    assert study_with(key, "inf")
