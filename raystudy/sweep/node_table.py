"""The table of a preflight: one line a node, 100 columns wide at most."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from raystudy.sweep.node_check import NodeFacts
from raystudy.sweep.trial import POWER_RESOURCE

WIDTH = 100
_HEAD = "node:__internal_head__"
_COLUMNS = ("node", "host", "role", "CPU", "GPU", "power", "instruments", "text", "archive", "clock", "free")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """One node, and what it told."""

    node_id: str
    host: str
    offers: Mapping[str, float]
    drives: bool
    """Whether the driver runs there."""
    runs: bool
    """Whether it may run trials."""
    facts: NodeFacts | None
    error: str | None
    """Why it told nothing."""
    ahead_s: float | None
    """Its wall clock less the driver's; null where it was not asked, or did not tell."""
    prints: tuple[str, ...] | str | None
    """Fingerprints of what it has prepared, or why it could not; null where the driver has prepared it for both."""

    @property
    def called(self) -> str:
        """What a sentence calls it."""
        return f"node {self.node_id[:8]} ({self.host})"


def as_text(checked: Iterable[Checked], prints: tuple[str, ...]) -> str:
    """Return the table as lines; `prints` are the driver's."""
    table = Table(*_COLUMNS, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for each in checked:
        table.add_row(*_line(each, prints))
    told = io.StringIO()
    Console(file=told, width=WIDTH, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in told.getvalue().splitlines())


def _line(node: Checked, prints: tuple[str, ...]) -> Iterable[str]:
    roles = {"driver": node.drives, "head": _HEAD in node.offers, "trials": node.runs}
    yield node.node_id[:8]
    yield node.host
    yield ", ".join(role for role, plays in roles.items() if plays) or "—"
    for resource in ("CPU", "GPU", POWER_RESOURCE):
        yield f"{node.offers.get(resource, 0):g}"
    if node.facts is None:
        yield node.error or ""
        return
    yield ", ".join(node.facts.instruments) or "none"
    yield _same(node, prints)
    yield "not seen" if node.facts.store_error else "seen"
    yield "—" if node.ahead_s is None else f"{node.ahead_s:+.2f} s"
    yield f"{min(node.facts.free_bytes.values()) / 2**30:.0f} GiB"


def _same(node: Checked, prints: tuple[str, ...]) -> str:
    """Whether it would train on the same text."""
    if not node.runs:
        return "—"
    return "same" if node.prints in {None, prints} else "differs"
