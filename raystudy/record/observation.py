"""One finished trial as one row: identity, recipe, outcome, energy, provenance, traces.

SCHEMA is the contract between those who measure and those who analyse. Its history:

    1   first version
    2   energies carry their quality, gain, agreement and sharing; totals their gain, the interval of net joules, and
        what was shared; traces int64 nanoseconds, raw counters, error codes; each trial what its readings should meet,
        its node and its boot
    3   the trajectory from zero tokens on, with repetition, held-out intervals and joules; losses of single steps;
        segments of interrupted trials; what ended the training; seeds of weights and order, and early stops, as recipe
    4   labelled examples: which were chosen, how held-out ones are answered; adapters; their settings as recipe
    5   attempts that came to nothing before, and what they took; how long the trial waited for its node to cool down;
        `device` names several GPUs, joined by `+`
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pyarrow as pa

from raystudy.record.attempt import Attempt
from raystudy.record.energy import Energy
from raystudy.record.gate import Expectation
from raystudy.record.outcome import Outcome
from raystudy.record.schema import fields_of
from raystudy.record.segment import IntervalEnergy, Segment
from raystudy.record.totals import EnergyTotals
from raystudy.record.trace import Trace
from raystudy.study import Recipe

SCHEMA_VERSION = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Which trial of which study."""

    study: Annotated[str, "name of the study"]
    kind: Annotated[str, "kind of the study"]
    trial_id: Annotated[str, "stable and readable, as `tokens-50000--r03`"]
    condition: Annotated[str, "the levels of the factors, as `tokens-50000`"]
    repetition: Annotated[int, "block, counted from 1"]
    seed: Annotated[int, "shared by all trials of the repetition"]
    position: Annotated[int, "planned place in the order of the study, counted from 1"]
    nominal_tokens: Annotated[int | None, "the budget as its label says it: P1's TT before it is counted"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Where, when and with what it was measured."""

    started_utc: Annotated[str, "wall clock at the start, ISO 8601, for people; arithmetic uses the spans"]
    host_hash: Annotated[str, "first 12 digits of the sha256 of the host name"]
    node: Annotated[str, "first 12 digits of Ray's id of the node: a host may hold several"]
    boot_hash: Annotated[str, "of the boot's id: trials of one host and boot share a monotonic clock"]
    cpu_name: Annotated[str | None, "model of the processor"]
    cpu_count: Annotated[int | None, "logical cores of the node"]
    cpu_governor: Annotated[str | None, "frequency governor of core 0"]
    gpu_name: Annotated[str | None, "model of the GPU; null without one"]
    study_sha256: Annotated[str, "of the study file"]
    git_commit: Annotated[str | None, "of the working directory; ends in `+` where files were changed"]
    versions: Annotated[dict[str, str], "of Python, of raystudy and of the packages that matter"]
    cooled_s: Annotated[float | None, "waited before the trial for its node to cool down; null where not asked for"]
    attempts: Annotated[tuple[Attempt, ...], "earlier ones that came to nothing; their joules are in no other column"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurements:
    """What was read, and what follows from it, device by device."""

    energies: Annotated[tuple[Energy, ...], "one for each device and name of a span"]
    traces: Annotated[tuple[Trace, ...], "the readings themselves, of the trial's GPUs and of the parts of its node"]
    interval_energies: Annotated[tuple[IntervalEnergy, ...], "one for each interval of the trajectory, in its order"]
    segments: Annotated[tuple[Segment, ...], "uninterrupted parts of the trial; more than one where it was continued"]
    expectations: Annotated[tuple[Expectation, ...], "what readings of a sound trial meet, with the verdict on these"]
    expectations_met: Annotated[bool | None, "whether each that can be told is met; null where none can be told"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One finished trial."""

    identity: Identity
    recipe: Recipe
    outcome: Outcome
    totals: EnergyTotals
    provenance: Provenance
    measurements: Measurements

    def to_arrow(self) -> pa.Table:
        """Return the one-row table of this trial, in SCHEMA."""
        flat: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
        for field in dataclasses.fields(self):
            part = getattr(self, field.name)
            flat |= part.model_dump() if isinstance(part, Recipe) else dataclasses.asdict(part)
        row = {name: _entries(value) if isinstance(value, dict) else value for name, value in flat.items()}
        return pa.Table.from_pylist([row], schema=SCHEMA)


def _entries(mapping: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in mapping.items()]


def _schema() -> pa.Schema:
    version = pa.field("schema_version", pa.int64(), nullable=False, metadata={"unit": "", "meaning": "of this table"})
    parts = [field for part in dataclasses.fields(Observation) for field in fields_of(part.type)]
    names = [field.name for field in parts]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"two parts of an observation name the same column: {twice}"
    return pa.schema([version, *parts], metadata={"raystudy.schema_version": str(SCHEMA_VERSION)})


SCHEMA = _schema()
