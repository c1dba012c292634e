"""A sweep while it runs, as anybody who can read the archive sees it: who runs it, and how far it is.

driver ──every few seconds──▶ STUDY/running.json ──▶ Live
"""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from raystudy.errors import ArchiveError
from raystudy.record.store import Store

RUNNING = "running.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """How far a running trial is."""

    trial_id: str
    node: str
    """First 12 digits of Ray's id of the node."""
    host: str
    device: str | None
    """`cpu`, or the UUIDs of its GPUs, joined by `+`; null until it has them."""
    tokens_seen: int
    budget_tokens: int | None
    """Null until it trains."""
    tokens_per_s: float | None
    loss: float | None
    """Of its last step, nats per token."""
    began_s: float | None = None
    """When it began to be measured, on the monotonic clock of its node, as the two below; null before."""
    since_s: float | None = None
    """When its last state was kept, else its beginning: what it does since then is lost if its process dies."""
    told_s: float | None = None
    """When this was told."""
    doing: str | None = None
    """What it does instead of training: what it waits for, what it cannot write. Null while it trains."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A sweep at one moment, of what it runs then: pretrainings, or trials."""

    what: str
    planned: int
    done: int
    failed: int
    running: tuple[Running, ...]
    power_w: dict[str, dict[str, float | None]]
    """Latest watts by node and device."""
    elapsed_s: float
    left_s: float | None
    """Null until it can be told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Driver:
    """The process that runs a sweep."""

    host: str
    pid: int
    process_began_s: float
    """When it began, counted from the start of the system: the number of a process is used again."""
    boot_hash: str
    """Of the boot's id, and of the namespace in which its number counts: containers of one host may share a name."""
    began_utc: str
    address: str | None
    """Of the Ray cluster; null for a Ray of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """What a driver last said of itself."""

    driver: Driver
    beat: int
    """Rises each time it says anything."""
    beat_utc: str
    snapshot: Snapshot | None

    def to_json(self) -> bytes:
        """Return it as it is kept."""
        return json.dumps(dataclasses.asdict(self), indent=1).encode()


def live_in(store: Store) -> Live | None:
    """Return what the last driver said; null where none runs. Raises ArchiveError where it cannot be read."""
    try:
        return _live_of(json.loads(store.read(RUNNING)))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise ArchiveError(
            f"{store.place}/{RUNNING} is not what a running sweep writes ({error}). Delete it, if no sweep runs there."
        ) from error


def _live_of(told: dict[str, Any]) -> Live:
    snapshot = told["snapshot"]
    if snapshot is not None:
        snapshot = Snapshot(**snapshot | {"running": tuple(Running(**each) for each in snapshot["running"])})
    return Live(**told | {"driver": Driver(**told["driver"]), "snapshot": snapshot})
