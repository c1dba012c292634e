"""A trajectory as one JSON object: keys as arXiv 2606.13370 calls them, null where there is no value."""

from typing import Any

from raystudy.analysis.trajectory import Trajectory
from raystudy.cli.anova_json import dropped_json, effect_json
from raystudy.cli.plain_json import plain
from raystudy.stats.design import as_number
from raystudy.stats.telemetry import SeedTelemetry


def as_json(found: Trajectory) -> dict[str, Any]:
    """Return the record of a trajectory; `anova` is that of the loss, `anova_besides` has what is derived from it."""
    anova, *besides = [
        {"measure": name, **effect_json(effect), "decision": decision}
        for name, (effect, decision) in found.tested.items()
    ]
    told = found.telemetry
    record = {
        "n_given": found.data.n_given,
        "n_used": len(found.data.subjects),
        "dropped": dropped_json(found.data),
        "replicates": found.data.replicates,
        "rule": told.rule,
        "intervals": [_numbered(each, "interval") for each in told.intervals],
        "per_seed": [_seed(each) for each in told.seeds],
        "spikes_lagged_by_chance": told.lagged_by_chance,
        "refused": told.refused,
        "turning": _numbered(found.turning, "best", "chosen", "first_rise"),
        "anova": {**anova, "sign_flip": found.sign_flip},
        "anova_besides": besides,
        "trend": found.trend,
        "bands": [_numbered(each, "interval") for each in found.bands],
        "stability": [_numbered(each, "first_interval") for each in found.stability],
    }
    return {key: plain(value) for key, value in record.items()}


def _seed(told: SeedTelemetry) -> dict[str, Any]:
    """Return one seed: its spikes as counts, and where they are."""
    record = _numbered(told, "seed", "best_interval", "spikes", "spikes_lagged")
    where = {f"{kind}_at": record[kind] for kind in ("spikes", "spikes_lagged")}
    return record | {"spikes": len(told.spikes), "spikes_lagged": len(told.spikes_lagged)} | where


def _numbered(told: object, *names: str) -> dict[str, Any]:
    """Return a record whose labels of these names are numbers where they can be."""
    record: dict[str, Any] = plain(told)
    return record | {name: _numbers(record[name]) for name in names}


def _numbers(labels: Any) -> Any:
    if isinstance(labels, list):
        return [_numbers(label) for label in labels]
    return None if labels is None else number_or_text(labels)


def number_or_text(label: str) -> int | float | str:
    """Return a label as the number it is, whole where it is whole: a seed of 64 bits keeps every digit."""
    value = as_number(label)
    if value is None:
        return label
    if label.isdecimal():
        return int(label)
    return int(value) if value.is_integer() else value
