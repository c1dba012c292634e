"""Attempts that came to nothing: what they took, and whether the trial is tried again.

a process dies ─▶ Tune tells ─▶ last word on the board ─▶ span of the node's monitor ─▶ Failure
a trial raises ─▶ its own readings ─▶ Failure                          Failures of a run ─▶ Tries ─▶ again?
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import ray
from ray import tune

from raystudy.errors import ArchiveError
from raystudy.record.archive import Archive, Failure, now_utc
from raystudy.record.energy import energies_of_each
from raystudy.record.live import Running
from raystudy.record.outcome import Span
from raystudy.record.segment import gpus_of
from raystudy.record.totals import EnergyTotals, totals
from raystudy.record.trace import Trace
from raystudy.study import Resources, Study
from raystudy.sweep.board import Words
from raystudy.sweep.provenance import node_name
from raystudy.sweep.todo import failures_since, may_try_again

DIED = "The process of the trial died without a word."
NODE_GONE = "The node of the trial is gone."
STOPPED = "Ray gave up all trials, since it did not know what one of them had died of."
OUT_OF_MEMORY = "The process of the trial was killed, since it had exhausted the memory of its node."

KILLED = (DIED, NODE_GONE, OUT_OF_MEMORY)
"""Reasons that are no fault of the trial if it came further."""

_ANSWER_S = 10.0
"""A monitor that does not tell within this what a lost attempt took is gone with its node: not measured."""


def used(
    traces: Iterable[Trace], start_s: float, end_s: float, *, began_s: float, resources: Resources
) -> EnergyTotals:
    """Return the joules between two times of a trial that began to be measured at a third one."""
    span = Span(name="train", start_s=start_s, end_s=end_s)
    (figures,) = energies_of_each(
        traces,
        [[span]],
        exclusive=resources.exclusive,
        own_processes=resources.own_processes,
        began_s=began_s,
    )
    return totals(figures, [span])


def why(said: str) -> str:
    """Return why a trial failed that could not say so itself: a sentence of ours in what Ray says, else how it died."""
    if ours := re.search(r"^raystudy\.errors\.(\w+: .+)$", said, re.MULTILINE):
        return ours[1]
    if "running low on memory" in said:
        return OUT_OF_MEMORY
    return NODE_GONE if "its node has died" in said else DIED


def keep(archive: Archive, failure: Failure) -> None:
    """Keep a failure; raises ArchiveError where that is impossible: a sweep that cannot write must not go on."""
    try:
        archive.write_failure(failure)
    except ArchiveError as error:
        raise ArchiveError(
            f"{failure.trial_id} failed ({_first_line(failure.reason)}), and that cannot be kept. {error}"
        ) from error


class Tries:
    """The attempts of this run that came to nothing, trial by trial, and whether another one follows."""

    def __init__(self, archive: Archive, max_failures: int) -> None:
        self._archive, self._max_failures = archive, max_failures
        self._before = frozenset(archive.all_failures())
        self._excused = Counter[str]()
        self._seen: tuple[list[str], Mapping[str, list[Failure]]] = [], {}  # set in one go: two threads ask

    def failures(self) -> Mapping[str, list[Failure]]:
        """Return those of this run, by trial, in order of time."""
        seen, names = self._seen, self._archive.store.names("failures")
        if names == seen[0]:  # asked once a second, and the store may be far
            return seen[1]
        found = failures_since(self._archive, self._before)
        self._seen = names, found
        return found

    def counts(self) -> Counter[str]:
        """Return how many there are of each trial."""
        return Counter({trial_id: len(found) for trial_id, found in self.failures().items()})

    def judge(self, trial_id: str, *, further: bool) -> str:
        """
        Say what follows from the last failure of a trial, which was kept further than before it, or not.

        One that goes on from where it was kept, or did nothing wrong, is not counted.
        """
        reason = self.failures()[trial_id][-1].reason
        if reason in KILLED and further:
            self._excused[trial_id] += 1
            return f"the process of {trial_id} died; it goes on from its last state"
        if reason == STOPPED:
            self._excused[trial_id] += 1
        again = "" if trial_id in self.given_up() else " It is tried again."
        return f"{trial_id} failed: {_first_line(reason)}{again}"

    def given_up(self) -> frozenset[str]:
        """Return the trials that are not tried again."""
        return frozenset(
            trial_id
            for trial_id, found in self.failures().items()
            if not may_try_again(found[-1].reason) or len(found) - self._excused[trial_id] > self._max_failures
        )


class Deaths(tune.Callback):
    """Hears from Tune which trials failed, and keeps what it can of those whose process died."""

    def __init__(
        self,
        study: Study,
        archive: Archive,
        tries: Tries,
        *,
        words: Words,
        monitors: Callable[[], Mapping[str, Any]],
        go_on: Callable[[], None],
    ) -> None:
        """Take the monitors by node, as they are when asked; `go_on` is asked ten times a second, and may raise."""
        self._resources, self._archive, self._tries = study.resources, archive, tries
        self._words, self._monitors, self._go_on = words, monitors, go_on
        self._before = tries.counts()
        self._unkept: ArchiveError | None = None

    def __reduce__(self) -> tuple[type[tune.Callback], tuple[()]]:
        """Leave nothing of it to the copy that Tune pickles of its settings, and that nobody reads."""
        return tune.Callback, ()

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Ask whether the sweep shall go on; raises ArchiveError where a failure could not be kept."""
        del iteration, trials, info
        self._go_on()
        if self._unkept is not None:
            raise self._unkept

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Keep the failure of a trial that could not do so itself."""
        del iteration, trials, info
        # Tune's own get_error() looks where this is copied to later (2.60).
        said = Path(trial.error_file).read_text(encoding="utf-8") if trial.error_file else ""
        try:
            self._keep(trial.config["trial_id"], why(said), f"Ray said:\n{said}")
        except ArchiveError as error:
            self._unkept = error  # raised here, it would be a traceback in a TuneError (2.60)

    def keep_all(self, reason: str, details: str) -> None:
        """Keep a failure of each trial that runs."""
        for word in self._words.last():
            self._keep(word.trial_id, reason, f"Ray said:\n{details}")

    def _keep(self, trial_id: str, reason: str, details: str) -> None:
        """Keep the failure of a trial that did not so itself, with what it took by its last word and its monitor."""
        if self._tries.counts()[trial_id] > self._before[trial_id] or self._archive.has(trial_id):
            return  # it could say so itself; or it was killed right after its row was written, and lost nothing
        word = next((each for each in self._words.last() if each.trial_id == trial_id), None)
        lost_s, lost = (None, None) if word is None else self._lost(word)
        failure = Failure(
            trial_id=trial_id,
            at_utc=now_utc(),
            reason=reason,
            details=details,
            node=word.node if word else None,
            lost_s=lost_s,
            lost_j=lost.energy_j if lost else None,
            lost_estimated_j=lost.energy_estimated_j if lost else None,
        )
        keep(self._archive, failure)
        self._words.forget(trial_id)

    def _lost(self, word: Running) -> tuple[float | None, EnergyTotals | None]:
        """Return the seconds and joules since the last kept state, or the beginning, up to the last word."""
        if word.began_s is None or word.since_s is None or word.told_s is None or word.told_s <= word.since_s:
            return None, None
        lost_s = word.told_s - word.since_s
        monitors = {node_name(node_id): monitor for node_id, monitor in self._monitors().items()}
        if word.node not in monitors:
            return lost_s, None
        gpus = gpus_of(word.device or "cpu")
        try:
            span = monitors[word.node].span.remote(word.began_s, word.told_s, gpus)
            traces: tuple[Trace, ...] = ray.get(span, timeout=_ANSWER_S)
        except ray.exceptions.RayError:
            return lost_s, None
        return lost_s, used(traces, word.since_s, word.told_s, began_s=word.began_s, resources=self._resources)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no reason was given"
