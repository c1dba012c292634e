"""A trial's side of its checkpoints: where it goes on, when its state is kept, and the segments it was made of.

last state fits? ─▶ since ─▶ train ─┬─ due? keep ─▶ Checkpoints
                                    └─ end ─▶ parts: each segment with what was read in it
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from raystudy.record.checkpoints import Checkpoints, Course, Kept, Moment, recipe_terms
from raystudy.record.observation import Provenance
from raystudy.record.outcome import Outcome, Span
from raystudy.record.segment import Part, Segment, gpus_of
from raystudy.record.totals import EnergyTotals
from raystudy.record.trace import joined
from raystudy.study import Resources, Trial
from raystudy.sweep.lost import used
from raystudy.sweep.observe import segment_of
from raystudy.sweep.provenance import versions
from raystudy.sweep.readings import Readings
from raystudy.training.checkpoint import Since


class Continuing:
    """One attempt at a trial: it goes on from the state of the attempt before, where that fits."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        readings: Readings,
        provenance: Provenance,
        *,
        terms: Mapping[str, str],
        device: str,
        resources: Resources,
    ) -> None:
        """Take `terms`, which must be the same for a trial to go on, and the `device` it trains on."""
        self._checkpoints, self._readings, self._provenance = checkpoints, readings, provenance
        self._terms, self._device, self._resources = dict(terms), device, resources
        self.began_s = self.since_s = time.monotonic()
        """When it began, and when its last state was kept (else its beginning), on the monotonic clock."""
        self.reasons: dict[str, str] = {}
        """What was decided, and what went wrong."""
        self._before = self._fitting()

    @property
    def since(self) -> Since | None:
        """Where the training goes on; null where it starts anew."""
        if self._before is None:
            return None
        state_file = self._checkpoints.state_file(len(self._before.course.intervals))
        return Since(course=self._before.course, state_file=state_file)

    def due(self) -> bool:
        """Whether the state shall be kept now."""
        return time.monotonic() - self.since_s >= self._resources.checkpoint_after_s

    def keep(self, course: Course, write: Callable[[Path], None]) -> None:
        """Keep the state; what hinders that does not hinder the training."""
        spans = [span for span in course.spans if span.start_s >= self.since_s]
        traces, _ = self._readings.of(spans, self._gpus)
        kept = Kept(terms=self._terms, course=course, segments=self._segments(course), at=self._now())
        try:
            self._checkpoints.keep(kept, state=write, traces=traces)
        except Exception as error:  # noqa: BLE001 - a full disk, whatever: the training is worth more than its state
            self.reasons["state"] = f"not kept at {course.intervals[-1].tokens_seen:,} tokens: {error}"
        else:
            self.since_s = course.spans[-1].end_s

    def spent_j(self, start_s: float, end_s: float) -> float | None:
        """Return the joules between two times that are the trial's own, measured or else estimated."""
        total = self._used(start_s, end_s)
        spent_j = total.energy_estimated_j if total.energy_j is None else total.energy_j
        if spent_j is None:
            self.reasons["stop"] = "the rule could not judge every interval: its joules were not known"
        return spent_j

    def lost(self) -> tuple[float, EnergyTotals]:
        """Return the seconds, and the joules, that came to nothing if it ends now."""
        now_s = time.monotonic()
        return now_s - self.since_s, self._used(self.since_s, now_s)

    def parts(self, outcome: Outcome) -> tuple[Part, ...]:
        """Return the segments of the finished trial, each with what was read in it."""
        course = Course(spans=outcome.spans, intervals=outcome.intervals)
        *before, last = self._checkpoints.parts(self._segments(course))
        traces, missing = self._readings.of([s for s in course.spans if s.start_s >= self.began_s], self._gpus)
        self.reasons |= missing
        return (*before, replace(last, traces=joined(last.traces, traces)))

    def _used(self, start_s: float, end_s: float) -> EnergyTotals:
        """Return the joules between two times."""
        traces, _ = self._readings.of([Span(name="train", start_s=start_s, end_s=end_s)], self._gpus)
        return used(traces, start_s, end_s, began_s=self.began_s, resources=self._resources)

    @property
    def _gpus(self) -> frozenset[str]:
        return gpus_of(self._device)

    def _segments(self, course: Course) -> tuple[Segment, ...]:
        """Return the segments up to now; the last one is this attempt's."""
        earlier = self._before.segments if self._before else ()
        after = earlier[-1] if earlier else None
        now = segment_of(self._provenance, course, device=self._device, start_s=self.began_s, after=after)
        return (*earlier, now)

    def _fitting(self) -> Kept | None:
        """Return the last state, on the clock that runs now; one that does not fit is deleted."""
        kept = self._checkpoints.last()
        if kept is None:
            return None
        if changed := kept.changed(self._terms):
            self._checkpoints.clear()
            self.reasons["continued"] = f"no, started anew: {'; '.join(changed)}"
            return None
        tokens = kept.course.intervals[-1].tokens_seen
        self.reasons["continued"] = f"from {tokens:,} tokens, where the last state was kept before it was interrupted"
        if lost := self._checkpoints.unreadable():
            self.reasons["power before"] = f"what was read until then is not whole: {', '.join(lost)} cannot be read"
        return kept.on_clock_of(self._now())

    def _now(self) -> Moment:
        return Moment(mono_s=time.monotonic(), unix_s=time.time(), boot_hash=self._provenance.boot_hash)


def terms_of(trial: Trial, *, threads: int, device_type: str) -> dict[str, str]:
    """Return what must be the same for a trial to go on where it was interrupted."""
    packages = {name: version for name, version in versions().items() if name in {"raystudy", "torch", "transformers"}}
    return recipe_terms(trial.recipe, trial.seed) | {"threads": str(threads), "device": device_type} | packages
