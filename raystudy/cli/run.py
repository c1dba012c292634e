"""`raystudy run`: run what is missing of a study, show how far it is, and conclude."""

import os
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from raystudy.cli import end_with
from raystudy.cli.analyze import conclude
from raystudy.cli.arguments import Insecure, Out, StudyFile, WaitForNodes, results_place
from raystudy.cli.display import Display
from raystudy.cli.signals import Signals
from raystudy.errors import ArchiveError, ClusterError
from raystudy.power.guard import use_token_for
from raystudy.record.archive import Archive
from raystudy.record.claim import claimed
from raystudy.record.opening import open_for
from raystudy.record.store import FetchedStore
from raystudy.study import Study, load
from raystudy.sweep.todo import Begun, Sweep

if TYPE_CHECKING:
    from raystudy.record.live import Snapshot

Address = Annotated[
    str | None,
    typer.Option(
        help="Ray cluster to run on, as `auto` or HOST:6379; with RAY_AUTH_MODE=token in the environment where the "
        "cluster wants a token and its dashboard is not at port 8265. Default: a Ray of its own on this machine."
    ),
]


def run(
    file: StudyFile,
    *,
    out: Out = None,
    address: Address = None,
    wait_for_nodes_s: WaitForNodes = 0.0,
    insecure: Insecure = False,
) -> None:
    """
    Run the trials of a study that are not finished yet, after the pretrainings they need; then analyse all that are.

    Ctrl-C keeps finished trials, and the last state of those that evaluate on their way; run the same line again, and
    what is missing runs. Ctrl-C twice ends at once. Exits with 0 where all trials are finished, with 1 where some
    failed, with 130 after Ctrl-C.

    Example: `raystudy run jobs/efficiency_laptop.toml`
    """
    console = Console()
    with Signals(console) as signals:
        from raystudy.analysis import KINDS

        study = load(file)
        KINDS[study.kind].check(study)
        archive = Archive(results_place(study, out))
        begun = Begun(study, archive)
        try:
            text, cluster = file.read_text(encoding="utf-8"), _Cluster(address, insecure, wait_for_nodes_s)
            _sweep(study, archive, text=text, cluster=cluster, signals=signals, begun=begun)
        except BaseException as error:
            if (code := signals.exit_code(error)) is None:
                raise
            _end(archive, begun, console, code)
        done = begun.sweep()
        if not archive.holds_study:
            raise ArchiveError(f"What was in {archive.place} is gone. Bring it back, and run the same line again.")
        _tell_counts(archive, done, console)
        if done.before or done.ran:
            conclude(archive, console, brief=True)
        if done.left:
            console.print(
                f"Neither finished nor failed, which should not be: {', '.join(done.left)}. Run the same line again."
            )
        if done.failed or done.not_begun or done.left:
            raise typer.Exit(1)


class _Cluster(NamedTuple):
    """Where trials run, as the command line says it."""

    address: str | None
    insecure: bool
    wait_for_nodes_s: float


def _sweep(study: Study, archive: Archive, *, text: str, cluster: _Cluster, signals: Signals, begun: Begun) -> None:
    """Run what is missing, as the one driver of the archive."""
    if cluster.address is not None:
        use_token_for(cluster.address)
    with (
        Display(study.name, signals.console) as display,
        claimed(archive, address=cluster.address, tell=display.tell) as claim,
    ):
        open_for(archive, study, text)
        from raystudy.sweep.tune import run as sweep  # ray: a second, and only where a sweep is run

        signals.leave(claim.end)
        signals.leave(partial(_leave, archive))

        def watch(snapshot: "Snapshot") -> None:
            claim.tell(snapshot)
            display.watch(snapshot)

        def go_on() -> None:
            signals.check()
            claim.check()

        def give_up(sentence: str) -> None:
            with suppress(OSError, SystemExit):
                display.__exit__(None, None, None)
                _tell_kept(archive, begun, signals.console)
                end_with(sentence)
            signals.end_at_once(2)

        try:
            sweep(
                study,
                archive,
                **cluster._asdict(),
                tell=display.tell,
                watch=watch,
                go_on=go_on,
                leave=signals.leave,
                give_up=give_up,
            )
        except ConnectionError as error:
            raise ClusterError(
                f"Ray does not answer any more: {error}. What is finished is kept; run the same line again."
            ) from error
        except OSError as error:
            raise ArchiveError(
                f"{archive.place}, or the folder for temporary files, cannot be written any more: {error}. "
                "What is finished is kept; make room, and run the same line again."
            ) from error


def _end(archive: Archive, begun: Begun, console: Console, code: int) -> NoReturn:
    """Say what is kept of an interrupted run, to whoever still listens, and exit."""
    with suppress(OSError, SystemExit):  # rich exits where a pipe is broken
        _tell_kept(archive, begun, console)
        console.print(f"Interrupted. What is finished is kept in {archive.place}; run the same line for the rest.")
        sys.stdout.flush()
    _leave(archive)
    os._exit(code)  # Python's own exit has other codes where the terminal is gone, or another Ctrl-C comes meanwhile


def _leave(archive: Archive) -> None:
    if isinstance(archive.store, FetchedStore):
        archive.store.leave()


def _tell_kept(archive: Archive, begun: Begun, console: Console) -> None:
    """Say what an interrupted run did, unless its store is out of reach."""
    with suppress(OSError, ArchiveError):
        if archive.holds_study:
            _tell_counts(archive, begun.sweep(), console)


def _tell_counts(archive: Archive, done: Sweep, console: Console) -> None:
    """Say what this run did, and what is not finished, with the reason."""
    table = Table(box=None, pad_edge=False)
    told = {
        "finished now": len(done.pretrained) + len(done.ran),
        "finished before": len(done.before),
        "retried": len(done.retried),
        "failed": len(done.failed),
        "not begun": len(done.not_begun),
        "left": len(done.left),
    }
    for name in told:
        table.add_column(name, justify="right")
    table.add_row(*map(str, told.values()))
    console.print(table)
    if done.pretrained or done.ran:
        train_s = archive.train_s(done.pretrained + done.ran)
        console.print(
            f"{done.wall_s:.0f} s, {train_s:.0f} s of it training: overhead {done.wall_s / train_s:.2f} "
            "(wall time / training time)."
        )
    failures = archive.failures()
    for trial_id in done.failed:
        console.print(f"failed {trial_id}: {failures[trial_id].reason}", markup=False, highlight=False)
    if done.failed:
        console.print(f"Tracebacks lie in {archive.within('failures')}. `raystudy run` tries failed trials again.")
    if done.not_begun:
        console.print("Not begun: trials whose model could not be pretrained.")
