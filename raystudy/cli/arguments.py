"""Arguments that several verbs take, and the folder that results go to where nothing is said."""

from pathlib import Path
from typing import Annotated

import typer

from raystudy.study import Study

StudyFile = Annotated[Path, typer.Argument(metavar="FILE", help="The study file, as jobs/efficiency_laptop.toml.")]
Folder = Annotated[
    str, typer.Argument(metavar="DIR", help="The folder that `raystudy run` wrote, as data/studies/efficiency-laptop.")
]
Out = Annotated[
    str | None,
    typer.Option(
        "--out",
        help="Folder or URI (s3://, gs://, ...) of the results. Default: data/studies/NAME.",
        show_default=False,
    ),
]


def results_place(study: Study, out: str | None) -> str:
    """Return where a study's results go."""
    return out if out is not None else f"data/studies/{study.name}"
