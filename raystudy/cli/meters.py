"""`raystudy meters`: what this node, or each node of a cluster, can be measured with."""

import dataclasses
import json
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from raystudy.cli.arguments import Insecure
from raystudy.power.sources import Device, Source, sources
from raystudy.study import Metering


def meters(
    *,
    address: Annotated[
        str | None,
        typer.Option(help="Ask each node of the Ray cluster at `auto` or HOST:PORT. Default: this machine."),
    ] = None,
    powercap_root: Annotated[
        str | None, typer.Option(help="Where RAPL is found. Default: $RAYSTUDY_POWERCAP, else /sys/class/powercap.")
    ] = None,
    hwmon_root: Annotated[
        str | None, typer.Option(help="Where sensors are found. Default: $RAYSTUDY_HWMON, else /sys/class/hwmon.")
    ] = None,
    power_supply_root: Annotated[
        str | None,
        typer.Option(help="Where batteries are found. Default: $RAYSTUDY_POWER_SUPPLY, else /sys/class/power_supply."),
    ] = None,
    insecure: Insecure = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """
    Show every source of power figures: readable or not, why not, and what to do about it.

    Example: `raystudy meters --powercap-root /host/sys/class/powercap`
    """
    metering = Metering(powercap_root=powercap_root, hwmon_root=hwmon_root, power_supply_root=power_supply_root)
    console = Console()
    if address is None:
        found = sources(metering)
        _print_json(found) if as_json else console.print(table("this node", found))
        return
    from raystudy.power.guard import use_token_for

    use_token_for(address)
    from raystudy.power.nodes import nodes  # ray, which reads from the environment whether to send its token

    answers = nodes(address, metering, insecure=insecure)
    if as_json:
        _print_json(answers)
        return
    for node in answers:
        called = f"{node.host} ({node.node_id[:8]})"
        console.print(f"{called} {node.error}." if node.error else table(called, node.sources), markup=False)


def table(where: str, found: tuple[Source, ...]) -> Table:
    """Return the sources of a node as a table for people."""
    shown = Table("source", "readable", "its devices, or why not", title=f"Power sources of {where}", show_lines=True)
    for source in found:
        readable = "estimate" if source.estimated else "yes" if source.readable else "no"
        told = (*map(_line, source.devices), source.reason, source.fix)
        shown.add_row(source.name, readable, escape("\n".join(filter(None, told))))
    return shown


def _line(device: Device) -> str:
    failing = f", now {', '.join(device.errors)}" if device.errors else ""
    return f"{device.device} ({', '.join(filter(None, (device.label, device.scope)))}{failing})"


def _print_json(found: Iterable[object]) -> None:
    typer.echo(json.dumps([dataclasses.asdict(each) for each in found], indent=1))  # type: ignore[call-overload]
