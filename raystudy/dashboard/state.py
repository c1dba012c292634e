"""How far a study is: what its archive holds, and what its driver says, if one runs.

archive + running.json ──▶ State
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from raystudy.record.archive import Archive
from raystudy.record.live import Live, live_in
from raystudy.study import Study


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
    study, failures, live = archive.study(), archive.failures(), live_in(archive.store)
    everything = tuple(_states(archive, study, failures.keys()))
    return State(
        study=study.name,
        trials=everything,
        failures=tuple((each.trial_id, failures[each.trial_id].reason) for each in everything if each.failed),
        live=live,
        silent_s=None if live is None else _since_s(live.beat_utc),
    )


def _states(archive: Archive, study: Study, failed: Collection[str]) -> Iterator[TrialState]:
    """Yield each, pretrainings first; the first interval is the evaluation before any token."""
    done = archive.finished()
    kept = {trial_id: intervals - 1 for trial_id, intervals in archive.reached().items() if trial_id not in done}
    blocks = [*((trial, None) for trial in study.pretrainings()), *((each, each.repetition) for each in study.trials())]
    for trial, block in blocks:
        yield TrialState(
            trial_id=trial.id,
            block=block,
            finished=trial.id in done,
            failed=trial.id in failed,
            kept=kept.get(trial.id),
        )


def _since_s(utc: str) -> float:
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(utc)).total_seconds())
