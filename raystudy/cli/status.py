"""`raystudy status`: which trials of a study are finished, failed, missing."""

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from raystudy.cli.arguments import Folder
from raystudy.record.archive import Archive


def status(folder: Folder) -> None:
    """
    Show which trials of a study are finished, which failed and why, which were interrupted, and which are missing.

    Exits with 1 where trials failed.

    Example: `raystudy status data/studies/efficiency-laptop`
    """
    archive, console = Archive(folder), Console()
    study, failures = archive.study(), archive.failures()
    trials = list(study.trials())
    done = [trial.id for trial in trials if archive.has(trial.id)]
    table = Table(title=f"{study.name}: {len(done)} of {len(trials)} trials finished", title_justify="left")
    for column in ("trial", "block", "seed", "state", "why"):
        table.add_column(column, no_wrap=column == "trial")
    for trial in trials:
        failure = failures.get(trial.id)
        begun = "begun" if archive.checkpoints(trial.id).reached else "missing"
        state = "finished" if archive.has(trial.id) else "failed" if failure else begun
        table.add_row(
            trial.id,
            str(trial.repetition),
            str(trial.seed),
            state,
            " ".join(part for part in (escape(failure.reason) if failure else "", _kept(archive, trial.id)) if part),
        )
    console.print(table)
    if failures:
        raise typer.Exit(1)


def _kept(archive: Archive, trial_id: str) -> str:
    """Say where an interrupted trial goes on; the first interval is the evaluation before any token."""
    reached = archive.checkpoints(trial_id).reached
    return f"Goes on after interval {reached - 1}." if reached and not archive.has(trial_id) else ""
