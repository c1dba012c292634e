"""`raystudy meters`: what this node can be measured with."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from raystudy.power.sources import Source, sources
from raystudy.study import Metering

_ROOT = Path(Metering().powercap_root)


def meters(
    *,
    powercap_root: Annotated[Path, typer.Option(help="Where RAPL is found.")] = _ROOT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """
    Show every source of power figures on this node: readable or not, and what to do about it.

    Example: `raystudy meters --powercap-root /host/sys/class/powercap`
    """
    found = sources(Metering(powercap_root=str(powercap_root)))
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(source) for source in found], indent=1))
    else:
        Console().print(table(found))


def table(found: tuple[Source, ...]) -> Table:
    """Return the sources as a table for people."""
    shown = Table("source", "readable", "devices", "what to do", title="Power sources of this node")
    for source in found:
        readable = "yes, an estimate" if source.estimated else "yes" if source.readable else "no"
        shown.add_row(source.name, readable, "\n".join(source.devices), source.reason or "")
    return shown
