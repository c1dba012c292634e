"""`raystudy schema`: what may stand in a study file, and what stands in an observation."""

import json
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


class Of(StrEnum):
    """What has a schema."""

    study = "study"
    observation = "observation"


def schema(
    of: Annotated[
        Of,
        typer.Argument(
            metavar="study|observation", help="`study`: JSON Schema for editors; `observation`: the columns."
        ),
    ],
) -> None:
    """
    Print the schema of a study file (JSON Schema) or of an observation (columns with type, unit and meaning).

    Example: `raystudy schema study > study.schema.json`
    """
    if of is Of.study:
        from raystudy.study import Study

        typer.echo(json.dumps(Study.model_json_schema(), indent=2))
    else:
        Console().print(_columns())


def _columns() -> Table:
    from raystudy.record.observation import SCHEMA, SCHEMA_VERSION

    table = Table(title=f"Observation, schema version {SCHEMA_VERSION}", title_justify="left")
    for column in ("column", "type", "null", "unit", "meaning"):
        table.add_column(column)
    for field in SCHEMA:
        kind = str(field.type).split("<", 1)[0]
        nested = "list of structs" if kind == "list" else kind
        notes = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        table.add_row(
            field.name, nested, "yes" if field.nullable else "", notes.get("unit", ""), notes.get("meaning", "")
        )
    return table
