"""`raystudy run`: run what is missing of a study, show how far it is, and conclude."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from raystudy.cli.analyze import conclude
from raystudy.cli.arguments import Out, StudyFile, results_place
from raystudy.cli.display import Display
from raystudy.record.archive import Archive
from raystudy.record.opening import open_for
from raystudy.study import load

if TYPE_CHECKING:
    from raystudy.sweep.tune import Sweep


def run(
    file: StudyFile,
    *,
    out: Out = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Ray cluster to run on, as `auto` or HOST:6379; with RAY_AUTH_MODE=token in the environment where the "
            "cluster wants a token. Default: a Ray of its own on this machine."
        ),
    ] = None,
) -> None:
    """
    Run the trials of a study that are not finished yet, after the pretrainings they need; then analyse all that are.

    Ctrl-C keeps finished trials, and the last state of those that evaluate on their way; run the same line again, and
    what is missing runs.

    Example: `raystudy run jobs/efficiency_laptop.toml`
    """
    from raystudy.analysis import KINDS

    study, console = load(file), Console()
    KINDS[study.kind].check(study)
    archive = Archive(results_place(study, out))
    open_for(archive, study, file.read_text(encoding="utf-8"))
    from raystudy.sweep.tune import run as sweep  # ray: a second, and only where a sweep is run

    with Display(study.name, console) as display:
        try:
            done = sweep(study, archive, address=address, tell=display.tell, watch=display.watch)
        except KeyboardInterrupt:
            display.tell(f"Interrupted. What is finished is kept in {archive.place}; run the same line for the rest.")
            raise typer.Exit(130) from None
    if any(archive.has(trial.id) for trial in study.trials()):
        conclude(archive, console, brief=True)
    _close(archive, done, console)


def _close(archive: Archive, done: "Sweep", console: Console) -> None:
    """Say what this run did; exits with 1 where trials failed."""
    from raystudy.analysis.words import counted

    if done.pretrained or done.ran:
        train_s = archive.train_s(done.pretrained + done.ran)
        pretrained = f"{counted(len(done.pretrained), 'pretraining')} and " if done.pretrained else ""
        console.print(
            f"{pretrained}{counted(len(done.ran), 'trial')} in {done.wall_s:.0f} s, {train_s:.0f} s of it training: "
            f"overhead {done.wall_s / train_s:.2f} (wall time / training time)."
        )
    elif not done.failed:
        console.print("All trials were finished before; none was run.")
    failures = archive.failures()
    for trial_id in done.failed:
        console.print(f"failed {trial_id}: {failures[trial_id].reason}", markup=False, highlight=False)
    if done.not_begun:
        console.print(f"Not begun, as the pretraining of their model failed: {counted(len(done.not_begun), 'trial')}.")
    if done.failed:
        console.print(f"Tracebacks lie in {archive.within('failures')}. `raystudy run` tries failed trials again.")
        raise typer.Exit(1)
