"""From what a training gave and what the meters read to one observation; plain values, no Ray.

parts (segments and their traces) ──by place──▶ energies, totals ──added──▶ Observation
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from raystudy.record.checkpoints import Course
from raystudy.record.energy import Energy, Idle, belongs, energies_of_each
from raystudy.record.gate import Expectation, all_met, expectations, of_all
from raystudy.record.observation import Identity, Measurements, Observation, Provenance
from raystudy.record.outcome import Outcome
from raystudy.record.segment import (
    IntervalEnergy,
    Part,
    Segment,
    Stay,
    gpus_of,
    interval_energies,
    spans_of,
    stays,
    with_joules,
)
from raystudy.record.totals import EnergyTotals, added, totals
from raystudy.record.trace import Trace
from raystudy.study import Study, Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """What the readings of one stay tell."""

    traces: tuple[Trace, ...]
    energies: tuple[Energy, ...]
    totals: EnergyTotals
    train_s: float
    segments: tuple[Segment, ...]
    interval_energies: tuple[IntervalEnergy, ...]
    expectations: list[tuple[Expectation, ...]]
    """Of each segment."""


def observe(
    study: Study,
    trial: Trial,
    outcome: Outcome,
    *,
    parts: Iterable[Part],
    idle: Iterable[Idle],
    provenance: Provenance,
) -> Observation:
    """
    Put a finished trial together; of the nodes' traces it keeps those of its own GPUs, and of what each node has.

    The idle power is that of the last place; joules of others are net of nothing, and so is their sum.
    """
    there = stays(parts)
    read = [_read(study, outcome, stay, idle if stay is there[-1] else ()) for stay in there]
    judged = of_all([each for stay in read for each in stay.expectations])
    return Observation(
        identity=identity_of(study, trial),
        recipe=trial.recipe,
        outcome=outcome,
        totals=added([(stay.totals, stay.train_s) for stay in read]),
        provenance=provenance,
        measurements=Measurements(
            energies=tuple(energy for stay in read for energy in stay.energies),
            traces=tuple(trace for stay in read for trace in stay.traces),
            interval_energies=tuple(each for stay in read for each in stay.interval_energies),
            segments=tuple(segment for stay in read for segment in stay.segments),
            expectations=judged,
            expectations_met=all_met(judged),
        ),
    )


def _read(study: Study, outcome: Outcome, stay: Stay, idle: Iterable[Idle]) -> _Read:
    """Work out what was used in one stay."""
    gpus = gpus_of(stay.parts[0].segment.device)  # of one place, and so the same in all parts
    own = _own(stay.traces, gpus)
    spans = [span for span in outcome.spans if stay.holds(span.start_s)]
    apart = [[span for span in spans if part.segment.holds(span.start_s)] for part in stay.parts]
    its_intervals = [interval for interval in outcome.intervals if stay.holds(interval.start_s)]
    whole, *each = energies_of_each(
        own,
        [spans, *apart, *map(spans_of, its_intervals)],  # all at once: who was on a board is judged at the very start
        idle,
        exclusive=study.resources.exclusive,
        own_processes=study.resources.own_processes,
    )
    of_segments, of_intervals = each[: len(apart)], each[len(apart) :]
    return _Read(
        traces=own,
        energies=whole,
        totals=totals(whole, spans),
        train_s=sum(span.duration_s for span in spans if span.name == "train"),
        segments=tuple(
            with_joules(part.segment, totals(figures, its))
            for part, figures, its in zip(stay.parts, of_segments, apart, strict=True)
        ),
        interval_energies=interval_energies(its_intervals, of_intervals, own),
        expectations=[
            expectations(figures, _own(part.traces, gpus), its)
            for part, figures, its in zip(stay.parts, of_segments, apart, strict=True)
        ],
    )


def _own(traces: Sequence[Trace], gpus: frozenset[str]) -> tuple[Trace, ...]:
    return tuple(trace for trace in traces if belongs(trace.channel, gpus))


def identity_of(study: Study, trial: Trial) -> Identity:
    """Say which trial of which study this is."""
    return Identity(
        study=study.name,
        kind=study.kind,
        trial_id=trial.id,
        condition=str(trial.condition),
        repetition=trial.repetition,
        seed=trial.seed,
        position=trial.position,
        nominal_tokens=trial.recipe.nominal_tokens,
    )


def segment_of(
    provenance: Provenance, course: Course, *, device: str, start_s: float, after: Segment | None = None
) -> Segment:
    """Return the segment that began at a time and has come as far as a course has; `after` is the one before it."""
    return Segment(
        started_utc=provenance.started_utc,
        host_hash=provenance.host_hash,
        boot_hash=provenance.boot_hash,
        device=device,
        clock_shift_s=0.0,
        start_s=start_s,
        end_s=course.spans[-1].end_s,
        tokens_from=after.tokens_to if after else 0,
        tokens_to=course.intervals[-1].tokens_seen,
    )
