"""An Arrow schema read off the dataclasses, so that no column is written twice.

annotation ──▶ Arrow type      name's suffix ──▶ unit      Annotated text ──▶ meaning
"""

import dataclasses
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
from pydantic import BaseModel

Float32 = NewType("Float32", float)
"""A number of which there are many, kept in half the space."""

UNITS = {
    "_j_per_token": "J/token",
    "_flops": "FLOP",
    "_flops_ceiling_per_s": "FLOP/s",
    "_flops_per_s": "FLOP/s",
    "_per_s": "1/s",
    "_bytes": "B",
    "_utc": "UTC",
    "_hz": "Hz",
    "_s": "s",
    "_j": "J",
    "_w": "W",
    "_c": "degC",
}
"""The unit that each suffix of a name stands for; the longest match counts."""

_SCALARS: dict[object, pa.DataType] = {
    Float32: pa.float32(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bool: pa.bool_(),
}


def fields_of(owner: Any) -> Iterator[pa.Field]:
    """Yield one Arrow field for each field of a dataclass or pydantic model, with unit and meaning as metadata."""
    if issubclass(owner, BaseModel):
        hints = {name: Annotated[field.annotation, field.description] for name, field in owner.model_fields.items()}
    else:
        hints = {f.name: get_type_hints(owner, include_extras=True)[f.name] for f in dataclasses.fields(owner)}
    for name, hint in hints.items():
        yield _field(name, hint)


def unit_of(name: str) -> str:
    """Return the unit that a name carries; empty for counts and names."""
    matches = [suffix for suffix in UNITS if f"_{name}".endswith(suffix)]
    return UNITS[max(matches, key=len)] if matches else ""


def _field(name: str, hint: Any) -> pa.Field:
    hint, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    meaning = " ".join(str(note) for note in notes if isinstance(note, str)).replace("\n", " ")
    arrow_type, nullable = _arrow_type(hint)
    return pa.field(name, arrow_type, nullable=nullable, metadata={"unit": unit_of(name), "meaning": meaning})


def _arrow_type(hint: Any) -> tuple[pa.DataType, bool]:
    """Return the Arrow type of an annotation and whether it may be null."""
    if get_origin(hint) in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        assert len(options) == 1, f"{hint} has no single Arrow type"
        return _arrow_type(options[0])[0], True
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _arrow_type(arguments[0])
    nested = [part for part in arguments if part is not ...] if origin in (tuple, dict) else []
    return _required(hint, origin, [_arrow_type(part)[0] for part in nested]), False


def _required(hint: Any, origin: Any, parts: list[pa.DataType]) -> pa.DataType:
    """Return the Arrow type of an annotation that is never null; `parts` are those of its arguments."""
    if origin is Literal:
        return pa.string()
    if origin is tuple:
        return pa.list_(parts[0])
    if origin is dict:
        # Not Arrow's map type: polars reads it into a type that has no operations and no CSV or JSON.
        return pa.list_(pa.struct([pa.field(name, part) for name, part in zip(("key", "value"), parts, strict=True)]))
    return pa.struct(list(fields_of(hint))) if dataclasses.is_dataclass(hint) else _SCALARS[hint]
