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
}
"""What pydantic's types are called in a study file."""


def load(path: Path) -> Study:
    """Read a study file; raises StudyFileError with one line for each mistake in it."""
    try:
        return parse(path.read_text(encoding="utf-8"), name=str(path))
    except FileNotFoundError:
        raise StudyFileError(f"There is no study file {path}.{_nearby(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyFileError(f"The study file {path} cannot be read: {error}") from error


def parse(text: str, *, name: str) -> Study:
    """Read a study from TOML text; `name` is what errors call it."""
    try:
        study = Study.model_validate(tomllib.loads(text))
        for factor, levels in study.factors.items():
            _check_factor(study, factor, levels)
        for condition in study.conditions:
            condition.applied_to(study.recipe)
    except tomllib.TOMLDecodeError as error:
        raise StudyFileError(f"{name} is not TOML: {error}.") from error
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
            f"factors.{factor} is not a field of the recipe.{_suggestion(factor, known)} "
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
    key, found = ".".join(keys), mistake["input"]
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
    allowed = [word.strip("'") for word in choices.replace(" or ", ", ").split(", ")]
    return f"{key} = {found!r}: {said[0].lower()}{said[1:]}.{_suggestion(str(found), allowed)}"


def _fields_at(keys: list[str]) -> list[str]:
    """List the keys that the study file knows under these keys."""
    model: type[BaseModel] = Study
    for key in keys:
        model = type(model.model_fields[key].default)
    return list(model.model_fields)


def _suggestion(found: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(found, allowed, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _nearby(path: Path) -> str:
    files = sorted(path.parent.glob("*.toml")) if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, [file.name for file in files], n=1)
    if near:
        return f" Did you mean {path.parent / near[0]}?"
    return f" {path.parent} holds: {', '.join(file.name for file in files)}." if files else ""
