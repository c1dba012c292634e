"""From what a training gave and what the meters read to one observation; plain values, no Ray."""

from collections.abc import Iterable

from raystudy.record.energy import Idle, belongs, energies
from raystudy.record.gate import all_met, expectations
from raystudy.record.observation import Identity, Measurements, Observation, Provenance
from raystudy.record.outcome import Outcome
from raystudy.record.totals import totals
from raystudy.record.trace import Trace
from raystudy.study import Study, Trial


def observe(
    study: Study,
    trial: Trial,
    outcome: Outcome,
    *,
    traces: Iterable[Trace],
    idle: Iterable[Idle],
    provenance: Provenance,
) -> Observation:
    """Put a finished trial together; of the node's traces it keeps those of its own GPUs, and of what each node has."""
    gpus = frozenset({outcome.device} - {"cpu"})
    own = tuple(trace for trace in traces if belongs(trace.channel, gpus))
    figures = energies(
        own,
        outcome.spans,
        idle,
        exclusive=study.resources.exclusive,
        own_processes=0 if study.resources.starts_fresh else 1,  # the trial before it was the same process
    )
    judged = expectations(figures, own, outcome.spans)
    return Observation(
        identity=identity_of(study, trial),
        recipe=trial.recipe,
        outcome=outcome,
        totals=totals(figures, outcome.spans),
        provenance=provenance,
        measurements=Measurements(energies=figures, traces=own, expectations=judged, expectations_met=all_met(judged)),
    )


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
