"""`raystudy status`: which trials of a study are finished, failed, missing, and what runs now."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from raystudy.cli.arguments import Insecure, OfStudy, Place, dashboard_at
from raystudy.cli.display import clock

if TYPE_CHECKING:
    from raystudy.dashboard.state import State, TrialState
    from raystudy.record.live import Live, Running, Snapshot

SILENT_S = 30.0
"""A driver tells how far it is every few seconds; after this it may be gone."""


def status(place: Place, *, study: OfStudy = None, insecure: Insecure = False) -> None:
    """
    Show which trials of a study are finished, which failed and why, which were interrupted, and which are missing;
    pretrainings, where a study has some, are counted apart. While it runs: who runs it, what runs where and how far it
    is, the watts of each node, and the time left.

    Exits with 1 where trials failed.

    Example: `raystudy status data/studies/efficiency-laptop`

    Example: `raystudy status http://localhost:8265`
    """
    state, console = _asked(place, study=study, insecure=insecure), Console()
    snapshot = state.live.snapshot if state.live else None
    running = {each.trial_id for each in snapshot.running} if snapshot else set()
    console.print(_counted(state), soft_wrap=True, highlight=False)
    console.print(_trials(state, running))
    if state.live is not None:
        _show_live(state.live, state.silent_s or 0.0, console)
    failures = [(name, reason) for name, reason in state.failures if name not in running]
    for name, reason in failures:
        console.print(f"failed {name}: {reason}", markup=False, highlight=False)
    if failures:
        raise typer.Exit(1)


def _asked(place: str, *, study: str | None, insecure: bool) -> "State":
    """Read the state here, or let the cluster do so."""
    dashboard = dashboard_at(place, study=study, insecure=insecure)
    if dashboard is not None:
        from raystudy.dashboard.ask import ask_state

        return ask_state(dashboard, study=study)
    from raystudy.dashboard.state import state_of
    from raystudy.record.archive import Archive

    return state_of(Archive(place))


def _counted(state: "State") -> str:
    pretrainings = [trial for trial in state.trials if trial.block is None]
    trials = [trial for trial in state.trials if trial.block is not None]
    counts = [_count(pretrainings, "pretrainings")] if pretrainings else []
    counts.append(_count(trials, "trials"))
    return f"{state.study}: {', '.join(counts)} finished"


def _trials(state: "State", running: Collection[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("trial", "block", "state"):
        table.add_column(column, no_wrap=True)
    for trial in state.trials:
        block = "before" if trial.block is None else str(trial.block)
        table.add_row(trial.trial_id, block, _words(trial, runs=trial.trial_id in running))
    return table


def _count(trials: "list[TrialState]", what: str) -> str:
    return f"{sum(trial.finished for trial in trials)} of {len(trials)} {what}"


def _words(trial: "TrialState", *, runs: bool) -> str:
    if trial.finished:
        return "finished"
    kept = "" if trial.kept is None else f"kept after interval {trial.kept}"
    said = ("running" if runs else "failed" if trial.failed else "", kept)
    return ", ".join(part for part in said if part) or "missing"


def _show_live(live: "Live", silent_s: float, console: Console) -> None:
    """Say who runs the study, what runs where, what the nodes draw, and how long it will take."""
    driver = live.driver
    where = f", with --address {driver.address}" if driver.address else ""
    gone = "; if it is gone, `raystudy run` goes on" if silent_s > SILENT_S else ""
    began = driver.began_utc[:16].replace("T", " ")
    said = (
        f"Run by process {driver.pid} of {driver.host} since {began} UTC{where}; last heard {silent_s:.0f} s ago{gone}."
    )
    console.print(said, markup=False, highlight=False, soft_wrap=True)
    if live.snapshot is None:
        return
    if live.snapshot.running:
        console.print(_running(live.snapshot.running))
    for line in (*_watts(live.snapshot), _left(live.snapshot)):
        console.print(line, markup=False, highlight=False)


def _running(running: "tuple[Running, ...]") -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("running", "node", "host", "device", "progress", "tokens/s", "loss"):
        of_text = column in ("running", "node", "host", "device")
        table.add_column(column, overflow="fold", justify="left" if of_text else "right")
    for each in running:
        table.add_row(
            each.trial_id,
            each.node[:8],
            each.host,
            each.device or "—",
            each.doing or (f"{each.tokens_seen / each.budget_tokens:.0%}" if each.budget_tokens else "—"),
            "—" if each.tokens_per_s is None else f"{each.tokens_per_s:,.0f}",
            "—" if each.loss is None else f"{each.loss:.3f}",
        )
    return table


def _watts(snapshot: "Snapshot") -> list[str]:
    """Return a line for each node that tells its power."""
    lines = []
    for node, devices in snapshot.power_w.items():
        told = [f"{watts:.1f} W {device}" for device, watts in devices.items() if watts is not None]
        lines += [f"Node {node[:8]} draws {', '.join(told)}."] if told else []
    return lines


def _left(snapshot: "Snapshot") -> str:
    gone = f"{snapshot.done} of {snapshot.planned} {snapshot.what} after {clock(snapshot.elapsed_s)}"
    return gone + ("." if snapshot.left_s is None else f", about {clock(snapshot.left_s)} left.")
