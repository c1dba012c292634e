"""Read a study file; every mistake in it becomes one sentence with the file, the key, what was found, what is allowed.

study file ──tomllib──▶ tables ──pydantic──▶ Study
"""

import difflib
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from raystudy.errors import StudyFileError
from raystudy.study.recipe import Recipe
from raystudy.study.study import Study

_IN_TOML = {
    "tuple_type": "it should be a list",
    "too_short": "it should hold something",
    "dict_type": "it should be a table",
    "model_type": "it should be a table",
    "int_type": "it should be a whole number",
    "float_type": "it should be a number",
    "bool_type": "it should be true or false",
    "string_type": "it should be a text",
    "string_too_short": "it should hold something",
    "string_pattern_mismatch": "it should be letters, digits, `.`, `_` and `-`, the first one a letter or a digit",
    "finite_number": "it should be a finite number",
}
"""What pydantic's types are called in a study file."""

_MARK = "\ufeff"
"""Some editors write it before the text."""

_LONGEST = 80
"""Characters of a value that a sentence repeats."""


def load(path: Path) -> Study:
    """Read a study file; raises StudyFileError with one line for each mistake in it."""
    try:
        return parse(path.read_text(encoding="utf-8"), name=str(path))
    except FileNotFoundError:
        raise StudyFileError(f"There is no study file {path}.{_nearby(path)}") from None
    except UnicodeDecodeError as error:
        raise StudyFileError(
            f"The study file {path} is no UTF-8 text: its byte {error.start + 1} is {error.object[error.start]:#04x}. "
            "Save it as UTF-8."
        ) from error
    except OSError as error:
        raise StudyFileError(f"The study file {path} cannot be read: {error.strerror or error}.") from error


def parse(text: str, *, name: str) -> Study:
    """Read a study from TOML text; `name` is what errors call it."""
    if text.startswith(_MARK):
        raise StudyFileError(f"{name} begins with a byte order mark, which TOML has not. Save it as UTF-8 without one.")
    try:
        study = Study.model_validate(tomllib.loads(text))
        for factor, levels in study.factors.items():
            _check_factor(study, factor, levels)
        for condition in study.conditions:
            condition.applied_to(study.recipe)
    except tomllib.TOMLDecodeError as error:
        raise StudyFileError(f"{name} is not TOML: {error}.") from error
    except RecursionError as error:
        raise StudyFileError(
            f"{name} holds lists or tables in each other too deep to read; a study needs two."
        ) from error
    except ValidationError as error:
        raise StudyFileError("\n".join(f"{name}: {_sentence(mistake)}" for mistake in _told(error))) from error
    except _FactorError as error:
        raise StudyFileError(f"{name}: {error}") from error
    return study


class _FactorError(Exception):
    """A factor or level that no recipe takes."""


def _check_factor(study: Study, factor: str, levels: tuple[object, ...]) -> None:
    known = list(Recipe.model_fields)
    if factor not in known:
        raise _FactorError(
            f"factors.{_legible(factor)} is not a field of the recipe.{_suggestion(factor, known)} "
            f"A factor is one of: {', '.join(known)}."
        )
    for index, level in enumerate(levels):
        try:
            Recipe.model_validate(study.recipe.model_dump() | {factor: level})
        except ValidationError as error:
            mistake = error.errors()[0]
            raise _FactorError(_sentence(mistake | {"loc": ("factors", factor, index)})) from error


def _told(error: ValidationError) -> list[Any]:
    """Return one mistake for each key: not one for each type that a level might have had, nor of the list around it."""
    mistakes = {mistake["loc"][:3]: mistake for mistake in error.errors()}
    return [
        mistakes[loc] for loc in mistakes if not any(other[: len(loc)] == loc != other for other in mistakes if loc)
    ]


def _sentence(mistake: Any) -> str:
    """Say what pydantic found; `mistake` is one of its error details."""
    keys = [str(part) for part in mistake["loc"][:3]]
    key, found = ".".join(map(_legible, keys)), mistake["input"]
    if mistake["type"] == "extra_forbidden":
        known = _fields_at(keys[:-1])
        return f"{key} is not a key.{_suggestion(keys[-1], known)} Known here: {', '.join(known)}."
    if mistake["type"] == "missing":
        return f"{key} is missing; every study gives it."
    said = _IN_TOML.get(mistake["type"], mistake["msg"].removeprefix("Value error, "))
    if len(mistake["loc"]) > len(keys):
        said = "a level is a number, a text, true or false"
    if mistake["type"] == "value_error":
        return f"{key}: {said}." if key else f"{said}."
    choices = mistake.get("ctx", {}).get("expected", "")
    allowed = [word.strip("'") for word in choices.replace(" or ", ", ").split(", ") if word]
    return f"{key} = {_cut(repr(found))}: {said[0].lower()}{said[1:]}.{_suggestion(str(found), allowed)}"


def _fields_at(keys: list[str]) -> list[str]:
    """List the keys that the study file knows under these keys."""
    model: type[BaseModel] = Study
    for key in keys:
        model = Recipe if key == "pretraining" else type(model.model_fields[key].default)
    return list(model.model_fields)


def _legible(key: str) -> str:
    """Return a key as one can read it: TOML lets it be anything between quotes."""
    return _cut(key) if key and key.isprintable() else _cut(repr(key))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _suggestion(found: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(found, allowed, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _nearby(path: Path) -> str:
    files = sorted(path.parent.glob("*.toml")) if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, [file.name for file in files], n=1)
    if near:
        return f" Did you mean {path.parent / near[0]}?"
    return f" {path.parent} holds: {', '.join(file.name for file in files)}." if files else ""
