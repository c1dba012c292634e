"""`raystudy run`: run what is missing of a study, show how far it is, and conclude."""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn, Self

import typer
from rich.console import Console
from rich.table import Table

from raystudy.cli.analyze import conclude
from raystudy.cli.arguments import Insecure, Out, StudyFile, WaitForNodes, results_place
from raystudy.cli.display import Display
from raystudy.errors import ArchiveError, ClusterError
from raystudy.power.guard import use_token_for
from raystudy.record.archive import Archive
from raystudy.record.claim import claimed
from raystudy.record.opening import open_for
from raystudy.study import Study, load
from raystudy.sweep.todo import Begun, Sweep

if TYPE_CHECKING:
    from raystudy.record.live import Snapshot

BY_SIGNAL = 128
"""Added to the number of a signal, it is the exit code of what that signal has ended."""


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
    what is missing runs. Ctrl-C twice does not tidy up. Exits with 0 where all trials are finished, with 1 where some
    failed, with 130 after Ctrl-C.

    Example: `raystudy run jobs/efficiency_laptop.toml`
    """
    from raystudy.analysis import KINDS

    study, console = load(file), Console()
    KINDS[study.kind].check(study)
    archive, signals = Archive(results_place(study, out)), Signals(console)
    begun = Begun(study, archive)
    with signals:
        try:
            text, cluster = file.read_text(encoding="utf-8"), _Cluster(address, insecure, wait_for_nodes_s)
            _sweep(study, archive, text=text, cluster=cluster, signals=signals)
        except BaseException as error:
            if (code := signals.exit_code(error)) is None:
                raise
            _end(archive, begun, console, code)
    done = begun.sweep()
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


def _sweep(study: Study, archive: Archive, *, text: str, cluster: _Cluster, signals: "Signals") -> None:
    """Run what is missing, as the one driver of the archive."""
    if cluster.address is not None:
        use_token_for(cluster.address)
    with (
        Display(study.name, signals.console) as display,
        claimed(archive, address=cluster.address, tell=display.tell) as claim,
    ):
        open_for(archive, study, text)
        from raystudy.sweep.tune import run as sweep  # ray: a second, and only where a sweep is run

        def watch(snapshot: "Snapshot") -> None:
            claim.tell(snapshot)
            display.watch(snapshot)

        def go_on() -> None:
            signals.take()
            claim.check()

        try:
            sweep(study, archive, **cluster._asdict(), tell=display.tell, watch=watch, go_on=go_on)
        except ConnectionError as error:
            raise ClusterError(
                f"Ray does not answer any more: {error}. What is finished is kept; run the same line again."
            ) from error
        except OSError as error:
            raise ArchiveError(
                f"{archive.place}, or the folder for temporary files, cannot be written any more: {error}. "
                "What is finished is kept; make room, and run the same line again."
            ) from error


class Signals:
    """
    What ends a sweep: the first Ctrl-C, SIGTERM or SIGHUP has it tidied up, the next one ends the process at once.

    One that was ignored before (`nohup`) stays ignored.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._first: int | None = None

    def __enter__(self) -> Self:
        """Take them."""
        taken = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._before = {each: now for each in taken if (now := signal.getsignal(each)) is not signal.SIG_IGN}
        self.take()
        return self

    def take(self) -> None:
        """
        Take them, once more where somebody else has.

        ray.init takes SIGTERM (2.60): its C++ side prints a trace, and aborts the process three seconds later.
        """
        for number in self._before:
            signal.signal(number, self._on)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def exit_code(self, error: BaseException) -> int | None:
        """Return what to exit with, as a shell would say it; null where no signal was the cause of an error."""
        if isinstance(error, SystemExit) and error.code == signal.SIGTERM:
            return BY_SIGNAL + signal.SIGTERM  # it came while ray.init had just taken it
        return None if self._first is None else BY_SIGNAL + self._first

    def _on(self, number: int, _frame: FrameType | None) -> None:
        if self._first is not None:
            self.console.show_cursor()
            os._exit(BY_SIGNAL + self._first)  # Ray ends with its driver, however that ends
        self._first = number
        raise KeyboardInterrupt


def _end(archive: Archive, begun: Begun, console: Console, code: int) -> NoReturn:
    """Say what is kept of an interrupted run, to whoever still listens, and exit."""
    with suppress(OSError):
        _tell_counts(archive, begun.sweep(), console)
        console.print(f"Interrupted. What is finished is kept in {archive.place}; run the same line for the rest.")
        sys.stdout.flush()
        raise typer.Exit(code)
    os._exit(code)  # the terminal is gone: Python would say so at its exit, by another code


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
