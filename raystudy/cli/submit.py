"""`raystudy submit`: run a study on a cluster as a Ray job, and follow what it says."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from raystudy.cli import INTERRUPTED
from raystudy.cli.arguments import Insecure, StudyFile, WaitForNodes
from raystudy.errors import ClusterError
from raystudy.study import load

if TYPE_CHECKING:
    from raystudy.dashboard.client import Dashboard
    from raystudy.dashboard.submit import Submitted

Constraints = Annotated[
    Path | None,
    typer.Option("--constraints", metavar="FILE", help="Pinned packages to install for the job, as pip writes them."),
]


def submit(
    file: StudyFile,
    *,
    address: Annotated[str, typer.Option(help="The Ray dashboard of the cluster, as http://HEAD:8265.")],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            help="Absolute folder on the head, or URI (s3://, gs://, ...), of the results. Default: ~/raystudy/NAME of "
            "the user who runs Ray there.",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the job's log until it ends.")] = True,
    constraints: Constraints = None,
    wait_for_nodes_s: WaitForNodes = 0.0,
    insecure: Insecure = False,
) -> None:
    """
    Check a study here, send the current folder and this raystudy to a cluster, and run the study there.

    Not sent: what is hidden, virtual environments, caches, links to folders, data/studies. Exits as the job does: 0 all
    trials are finished, 1 some failed, 130 it was stopped. Ctrl-C leaves the job running.

    Example: `raystudy submit jobs/efficiency_laptop.toml --address http://localhost:8265`
    """
    from raystudy.analysis import KINDS
    from raystudy.dashboard.client import opened
    from raystudy.dashboard.submit import submit as send

    study, console = load(file), Console()
    KINDS[study.kind].check(study)
    dashboard = opened(address, insecure=insecure)
    options = ["--insecure"] if insecure else []
    options += ["--wait-for-nodes", f"{wait_for_nodes_s:g}"] if wait_for_nodes_s else []
    sent = send(dashboard, study, file, out=out, constraints=constraints, options=options)
    _say(
        console,
        f"Job {sent.job_id} at {dashboard.url}: {sent.entrypoint}",
        f"Sent {sent.sent_bytes / 2**20:.1f} MiB. Results go to {sent.archive} on the cluster.",
    )
    how = (
        f"`raystudy status {dashboard.url} --study {study.name}` tells how far it is, `raystudy results` what came out."
    )
    if wait:
        _follow(dashboard, sent, console, how)
    else:
        _say(console, how)


def _follow(dashboard: "Dashboard", sent: "Submitted", console: Console, how: str) -> None:
    """Print the job's log, and exit as the job does."""
    from raystudy.dashboard.client import FINISHED, STOPPED
    from raystudy.dashboard.submit import follow

    try:
        job = follow(dashboard, sent.job_id, _print)
    except KeyboardInterrupt:
        stop = f"`ray job stop {sent.job_id} --address {dashboard.url}` stops it; what is finished is kept."
        _say(console, f"The job goes on. {how}", stop)
        raise typer.Exit(INTERRUPTED) from None
    except ClusterError:
        _say(console, f"The log cannot be followed any more; the job may go on. {how}")
        raise
    if job.status == STOPPED:
        _say(console, "The job was stopped; what is finished is kept. Submit it again for the rest.")
        raise typer.Exit(INTERRUPTED)
    if job.status != FINISHED:
        if job.exit_code is None:
            why = (job.message.strip().splitlines() or [job.status])[-1].strip()
            _say(console, f"The job could not run: {why} (The Jobs page of {dashboard.url} tells all.)")
        raise typer.Exit(job.exit_code or 1)


def _say(console: Console, *lines: str) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
