"""A fitted law as one JSON object: null where there is no value, and a flag that says why."""

from raystudy.cli.plain_json import plain
from raystudy.stats.powerlaw.law import Law


def as_json(law: Law) -> dict[str, object]:
    """Return all that is known of a law, missing numbers as null."""
    whole, volume = law.whole_test, law.volume_test
    record: dict[str, object] = {
        "form": law.form,
        "formula": law.formula,
        "n": law.n,
        "configurations": law.configurations,
        "loss": law.loss.value,
        "delta": law.delta,
        "scale": law.scale.value,
        "identified": law.identified,
        "flags": [f"{note.flag.name.lower()}: {note}" for note in law.notes],
        "interval": law.interval,
        "params": law.constants,
        "objective": law.objective,
        "rss": law.rss,
        "condition_number": law.condition_number,
        "correlations": law.correlations,
        "whole_test": whole and {"F": whole.f, "df": whole.df, "p": whole.p, "p_permutation": whole.p_permutation},
        "domain": {name: {"min": low, "max": high} for name, (low, high) in law.domain.items()},
        "holdout": law.holdout,
        "compare": law.compare,
        "volume_test": volume and {"F": volume.f, "df": volume.df, "p": volume.p},
    }
    return {key: plain(value) for key, value in record.items()}
