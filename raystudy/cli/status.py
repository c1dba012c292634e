"""`raystudy status`: which trials of a study are finished, failed, missing."""

from collections.abc import Mapping, Sequence

import typer
from rich.console import Console
from rich.table import Table

from raystudy.cli.arguments import Folder
from raystudy.record.archive import Archive
from raystudy.study import Trial


def status(folder: Folder) -> None:
    """
    Show which trials of a study are finished, which failed and why, which were interrupted, and which are missing;
    pretrainings, where a study has some, are counted apart.

    Exits with 1 where trials failed.

    Example: `raystudy status data/studies/efficiency-laptop`
    """
    archive, console = Archive(folder), Console()
    study = archive.study()
    pretrainings, trials = list(study.pretrainings()), list(study.trials())
    everything = pretrainings + trials
    wanted = {trial.id for trial in everything}
    failures = {name: failure for name, failure in archive.failures().items() if name in wanted}
    states = {trial.id: _state(archive, trial.id, failed=trial.id in failures) for trial in everything}
    counts = [_count(states, pretrainings, "pretrainings")] if pretrainings else []
    counts.append(_count(states, trials, "trials"))
    table = Table(title=f"{study.name}: {', '.join(counts)} finished", title_justify="left")
    for column in ("trial", "block", "state"):
        table.add_column(column, no_wrap=True)
    for trial in everything:
        table.add_row(trial.id, str(trial.repetition) if trial in trials else "before", states[trial.id])
    console.print(table)
    for name, failure in failures.items():
        console.print(f"failed {name}: {failure.reason}", markup=False, highlight=False)
    if failures:
        raise typer.Exit(1)


def _count(states: Mapping[str, str], trials: Sequence[Trial], what: str) -> str:
    return f"{sum(states[trial.id] == 'finished' for trial in trials)} of {len(trials)} {what}"


def _state(archive: Archive, trial_id: str, *, failed: bool) -> str:
    """Say how far a trial is; the first interval is the evaluation before any token."""
    if archive.has(trial_id):
        return "finished"
    reached = archive.checkpoints(trial_id).reached
    kept = f"kept after interval {reached - 1}" if reached else ""
    return ", ".join(part for part in ("failed" if failed else "", kept) if part) or "missing"
