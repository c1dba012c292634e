"""The live display of a sweep: trial i of n, tokens/s, loss, watts, time left; lines instead where output is piped."""

from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from raystudy.record.live import Snapshot


class Display:
    """Shows snapshots of a sweep as they come."""

    def __init__(self, study: str, console: Console) -> None:
        """Show nothing yet; enter the context to start."""
        self._study, self._console = study, console
        self._live = Live(console=console, transient=True, refresh_per_second=4)
        self._shown: tuple[object, ...] | None = None

    def __enter__(self) -> Self:
        """Start the live part, on a terminal."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the live part away."""
        if self._live.is_started:
            self._live.stop()

    def tell(self, text: str) -> None:
        """Print a line that stays."""
        self._print(Text(text, style="dim"))

    def watch(self, snapshot: "Snapshot") -> None:
        """Show a snapshot: the live table on a terminal, else a line when a trial has finished, or waits."""
        if self._live.is_started:
            self._live.update(_table(self._study, snapshot))
        elif (shown := (snapshot.what, snapshot.done, *_waiting(snapshot))) != self._shown:
            self._shown = shown
            self._print(Text(_headline(self._study, snapshot)))

    def _print(self, line: Text) -> None:
        """Print a line, if anybody is there to read it: who closes a pipe must not end a sweep."""
        with suppress(OSError, SystemExit):  # rich exits where a pipe is broken
            self._console.print(line, soft_wrap=True)


def _headline(study: str, snapshot: "Snapshot") -> str:
    measured = [(device, watts) for devices in snapshot.power_w.values() for device, watts in devices.items()]
    parts = [
        f"{study}: {snapshot.done} of {snapshot.planned} {snapshot.what}",
        f"{snapshot.failed} failed" if snapshot.failed else "",
        " + ".join(f"{watts:.0f} W {_short(device)}" for device, watts in measured if watts is not None),
        f"{clock(snapshot.elapsed_s)} gone",
        f"about {clock(snapshot.left_s)} left" if snapshot.left_s is not None else "",
        *(f"{each.trial_id}: {each.doing}" for each in snapshot.running if each.doing),
    ]
    return ", ".join(part for part in parts if part)


def _waiting(snapshot: "Snapshot") -> list[str]:
    """Return the trials that do something else than train."""
    return [each.trial_id for each in snapshot.running if each.doing]


def _table(study: str, snapshot: "Snapshot") -> Table:
    table = Table(title=_headline(study, snapshot), title_justify="left", box=None, pad_edge=False)
    for column in ("running", "progress", "tokens/s", "loss"):
        table.add_column(column, justify="left" if column == "running" else "right")
    for running in snapshot.running:
        share = running.tokens_seen / running.budget_tokens if running.budget_tokens else 0.0
        table.add_row(
            running.trial_id,
            f"{_bar(share)} {share:4.0%}",
            "—" if running.tokens_per_s is None else f"{running.tokens_per_s:,.0f}",
            "—" if running.loss is None else f"{running.loss:.3f}",
        )
    return table


def _bar(share: float, width: int = 24) -> str:
    full = round(min(share, 1.0) * width)
    return "━" * full + "╌" * (width - full)


def _short(device: str) -> str:
    """Name a device in a few letters; an estimate is called one."""
    return "(estimate)" if device == "nameplate" else device[:12]


def clock(seconds: float) -> str:
    """Write a duration as minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
