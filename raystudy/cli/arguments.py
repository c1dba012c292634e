"""Arguments that several verbs take, and the folder that results go to where nothing is said."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raystudy.errors import ArchiveError
from raystudy.study import Study

if TYPE_CHECKING:
    from raystudy.dashboard.client import Dashboard

StudyFile = Annotated[Path, typer.Argument(metavar="FILE", help="The study file, as jobs/efficiency_laptop.toml.")]
Folder = Annotated[
    str, typer.Argument(metavar="DIR", help="The folder that `raystudy run` wrote, as data/studies/efficiency-laptop.")
]
Place = Annotated[
    str,
    typer.Argument(
        metavar="DIR|URI|http://HEAD:8265",
        help="The folder or URI that `raystudy run` wrote, or the Ray dashboard of the cluster where it runs.",
    ),
]
OfStudy = Annotated[
    str | None,
    typer.Option("--study", help="With a dashboard: the name of the study. Default: the one that was started last."),
]
WaitForNodes = Annotated[
    float,
    typer.Option(
        "--wait-for-nodes",
        metavar="S",
        min=0,
        help="Where no node of the cluster fits a trial, ask its autoscaler for one, and wait for it so many seconds.",
    ),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Use a dashboard that others reach too and that asks for no token."),
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


def dashboard_at(place: str, *, study: str | None, insecure: bool) -> "Dashboard | None":
    """Return the dashboard that a place is the address of; null for an archive, which holds one study."""
    from raystudy.dashboard.client import is_dashboard, opened

    if is_dashboard(place):
        return opened(place, insecure=insecure)
    if study is not None:
        raise ArchiveError(f"--study chooses among those of a cluster; {place} holds one. Leave it out.")
    return None
