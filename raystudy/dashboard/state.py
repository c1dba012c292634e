"""How far a study is: what its archive holds, and what its driver says, if one runs.

archive + running.json ──▶ State
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from raystudy.record.archive import Archive
from raystudy.record.live import Live, live_in
from raystudy.study import Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialState:
    """How far one trial is."""

    trial_id: str
    block: int | None
    """Its repetition; null for a pretraining."""
    finished: bool
    failed: bool
    kept: int | None
    """The last interval whose state is kept; null where none is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """How far a study is."""

    study: str
    place: str
    trials: tuple[TrialState, ...]
    """Pretrainings first."""
    failures: tuple[tuple[str, str], ...]
    """Trial and reason."""
    live: Live | None
    """What its driver last said; null where none runs."""
    silent_s: float | None
    """How long ago that was, by the clocks of both machines."""


def state_of(archive: Archive) -> State:
    """Read how far a study is; raises ArchiveError where there is none."""
    study = archive.study()
    failures = archive.failures()
    pretrainings = tuple(_state(archive, trial, None, failures.keys()) for trial in study.pretrainings())
    trials = tuple(_state(archive, trial, trial.repetition, failures.keys()) for trial in study.trials())
    everything = pretrainings + trials
    live = live_in(archive.store)
    return State(
        study=study.name,
        place=archive.place,
        trials=everything,
        failures=tuple((each.trial_id, failures[each.trial_id].reason) for each in everything if each.failed),
        live=live,
        silent_s=None if live is None else _since_s(live.beat_utc),
    )


def _state(archive: Archive, trial: Trial, block: int | None, failed: Collection[str]) -> TrialState:
    """The first interval is the evaluation before any token."""
    finished = archive.has(trial.id)
    reached = 0 if finished else archive.checkpoints(trial.id).reached
    return TrialState(
        trial_id=trial.id,
        block=block,
        finished=finished,
        failed=trial.id in failed,
        kept=reached - 1 if reached else None,
    )


def _since_s(utc: str) -> float:
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(utc)).total_seconds())
