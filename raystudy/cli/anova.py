"""`raystudy anova`: repeated-measures tests of any table, as a report for people or one JSON object for programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from raystudy.cli.written import Format, write


class Missing(StrEnum):
    """What becomes of subjects that lack a cell."""

    listwise = "listwise"
    mixed = "mixed"


Subject = Annotated[str, typer.Option(help="Column that names what is measured repeatedly: a seed, a run, a block.")]
Between = Annotated[
    list[str] | None, typer.Option(help="Column of a factor that has one level for each subject; may be repeated.")
]
Incomplete = Annotated[
    Missing,
    typer.Option(help="Subjects that lack a cell are left out (listwise), or a mixed model is fitted besides (mixed)."),
]


def anova(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV, Parquet or Arrow file, one row a value.")],
    *,
    subject: Subject,
    within: Annotated[list[str], typer.Option(help="Column of a factor that varies within subjects; may be repeated.")],
    value: Annotated[str, typer.Option(help="Column of the numbers to compare.")],
    between: Between = None,
    where: Annotated[
        str | None, typer.Option(help="Rows to keep, as SQL has it: \"interval > 0 and model = 'tiny'\".")
    ] = None,
    missing: Incomplete = Missing.listwise,
    equivalent: Annotated[
        float | None,
        typer.Option(help="Test besides whether levels differ by less than this, either way (TOST)."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How to write the result.")] = Format.table,
) -> None:
    """
    Test whether conditions differ, each subject having gone through all of them.

    Levels stand in order of size where they are numbers, else of their first appearance; several rows in a cell are
    averaged. Which test decides is chosen by the design and said: for five or more numeric levels (a trajectory) the
    linear trend against its own spread; for three levels F with Greenhouse and Geisser's correction, for others with
    Chi and Muller's.

    Example: `raystudy anova losses.csv --subject seed --within tokens --value val_loss --where "tokens > 0"`
    """
    from raystudy.analysis.levels import Columns, compared, findings
    from raystudy.cli.anova_json import as_json
    from raystudy.cli.tables import open_table

    columns = Columns(subject=subject, within=tuple(within), between=tuple(between or ()), value=value)
    with Console(stderr=True).status("Reading and testing ..."):
        rows = open_table(table, text=columns.names, numbers=[value], where=where)
        found = compared(rows, columns, equivalent=equivalent, mixed=missing is Missing.mixed)
    write(format_, findings=lambda: findings(found), record=lambda: as_json(found))
