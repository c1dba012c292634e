"""`raystudy dynamics`: losses along training from any table, as a report for people or one JSON object for programs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from raystudy.cli.written import Format, write

Window = Annotated[
    int | None, typer.Option(help="Differences in a window, 2 or more. Default: 5, as published.", show_default=False)
]
Z = Annotated[
    float | None, typer.Option("--z", help="SDs at which a spike begins. Default: 2, as published.", show_default=False)
]


def dynamics(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV, Parquet or Arrow file, one row a loss.")],
    *,
    seed: Annotated[str, typer.Option(help="Column that names the training: its seed.")],
    interval: Annotated[str, typer.Option(help="Column of numbers that order it: tokens, steps, or 0, 1, 2 ...")],
    loss: Annotated[str, typer.Option(help="Column of the held-out loss, nats per token.")],
    where: Annotated[str | None, typer.Option(help='Rows to keep, as SQL has it: "interval > 0".')] = None,
    window: Window = None,
    z: Z = None,
    format_: Annotated[Format, typer.Option("--format", help="How to write the result.")] = Format.table,
) -> None:
    """
    Follow the loss of several seeds along training: where it is least, whether it rises again, how steady it is.

    Telemetry is as in arXiv 2606.13370 (volatility, backslides, spikes, stable phases), each beside what finds the
    same without that rule's own artefacts. The published rule for spikes can never fire, which is said; a `--window`
    and `--z` that never can are refused with the arithmetic. Seeds that lack an interval are left out, and named.

    Example: `raystudy dynamics losses.csv --seed seed --interval tokens --loss val_loss --where "tokens > 0"`
    """
    from raystudy.analysis.trajectory import findings, followed
    from raystudy.cli.dynamics_json import as_json
    from raystudy.cli.tables import open_table
    from raystudy.stats.spikes import PUBLISHED, Rule

    rule = None
    if window is not None or z is not None:
        rule = Rule(window=PUBLISHED.window if window is None else window, z=PUBLISHED.z if z is None else z)
    with Console(stderr=True).status("Reading and testing ..."):
        rows = open_table(table, text=(seed, interval), numbers=[loss], where=where)
        found = followed(rows, seed=seed, interval=interval, loss=loss, rule=rule)
    write(format_, findings=lambda: findings(found), record=lambda: as_json(found))
