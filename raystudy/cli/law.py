"""`raystudy law`: a scaling law fitted to any table, with what speaks against it, for people or as one JSON object.

TABLE ──open_table──▶ columns ──fit_law──▶ Law ──▶ terminal, or JSON
"""

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from raystudy.cli.written import Format, write
from raystudy.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl


Inputs = Annotated[
    list[str],
    typer.Option(
        metavar="NAME=COLUMN",
        help="An input by its name in the formula: N parameters, D tokens, U unique tokens; for accuracies M "
        "parameters, and V tokens, or N examples and L their mean length. Repeat it for each.",
    ),
]
FORM_HELP = (
    "chinchilla, fine-tuning, rectified, data-constrained, repeated-tokens, repetition-penalty (of losses); "
    "volume, split, saturating (of accuracies)."
)


def law(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV, Parquet or Arrow file, one row a run.")],
    *,
    form: Annotated[str, typer.Option(help=FORM_HELP)],
    x: Inputs,
    y: Annotated[str, typer.Option(help="Column of the outcome: a loss, or an accuracy.")],
    group: Annotated[
        str | None, typer.Option(help="Column that names configurations, drawn as one; default: rows of equal inputs.")
    ] = None,
    where: Annotated[str | None, typer.Option(help='Rows to keep, as SQL has it: "loss < 5".')] = None,
    loss: Annotated[
        str | None, typer.Option(help="Minimised: huber (default of losses), squares (of accuracies), or absolute.")
    ] = None,
    delta: Annotated[
        float | None, typer.Option(help="Huber's delta; default: 1.345 robust standard deviations of the residuals.")
    ] = None,
    bootstrap: Annotated[int, typer.Option(help="Resamples for the intervals; 0: profile likelihood instead.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    format_: Annotated[Format, typer.Option("--format", help="How to write the result.")] = Format.table,
) -> None:
    """
    Fit a scaling law, and say how far its constants can be trusted.

    Constants come with intervals, doubts, the error on the largest quarter of the runs (fitted without it), and rivals.
    Where the data do not tell the exponents, none are printed, and the reason is. `docs/scaling_laws.md` explains.

    Example: `raystudy law runs.csv --form chinchilla --x N=params --x D=tokens --y loss`

    To reproduce arXiv 2404.10102, add `--delta 1e-3`, or `--loss absolute`.
    """
    from raystudy.analysis.law import findings
    from raystudy.cli.law_json import as_json
    from raystudy.stats.powerlaw.forms import form_named
    from raystudy.stats.powerlaw.law import Options, fit_law
    from raystudy.stats.powerlaw.losses import loss_named

    form_named(form)
    inputs, minimised = _inputs(x), None if loss is None else loss_named(loss)
    rows, dropped = _rows(table, inputs, y=y, group=group, where=where)
    columns = {name: rows[column].to_numpy() for name, column in inputs.items()}
    groups = None if group is None else rows[group].to_numpy()
    with _progress(bootstrap) as tell:
        options = Options(loss=minimised, delta=delta, bootstrap=bootstrap, seed=seed, tell=tell)
        fitted = fit_law(columns, rows[y].to_numpy(), form=form, group=groups, options=options)
    write(
        format_,
        findings=lambda: findings(fitted, table=table.name, y=y, dropped=dropped),
        record=lambda: {**as_json(fitted), "n_dropped": dropped},
    )


def _inputs(given: Sequence[str]) -> dict[str, str]:
    """Return the column of each input; a name alone is its own column."""
    found: dict[str, str] = {}
    for text in given:
        name, _, column = text.partition("=")
        if not name or name in found:
            raise AnalysisError(f"--x {text} cannot be used: each input is given once, as --x N=params.")
        found[name] = column or name
    return found


def _rows(
    table: Path, inputs: Mapping[str, str], *, y: str, group: str | None, where: str | None
) -> "tuple[pl.DataFrame, int]":
    """Return the rows that have all numbers, and how many have not."""
    from raystudy.cli.tables import open_table

    numbers = [*inputs.values(), y]
    text = [] if group is None or group in numbers else [group]
    rows = open_table(table, text=text, numbers=numbers, where=where).collect()
    whole = rows.drop_nulls()
    if whole.is_empty():
        raise AnalysisError(f"{table} has no row with a number in each of {', '.join(numbers)}; choose other columns.")
    return whole, rows.height - whole.height


@contextmanager
def _progress(resamples: int) -> "Iterator[Callable[[int], None]]":
    """Show how many resamples are done, where a person is looking."""
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal or not resamples) as progress:
        task = progress.add_task("Resampling", total=resamples)
        yield lambda more: progress.advance(task, more)
