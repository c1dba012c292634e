"""What was run, where and with what: name and value, for whoever wants to run it again."""

from collections.abc import Iterator

import polars as pl

from raystudy.analysis.trials import Trials
from raystudy.analysis.words import counted, listing, number

_METHODS = {"counter": "energy counter", "integrated": "integral of sampled power", "estimated": "nameplate estimate"}


def facts(trials: Trials) -> tuple[tuple[str, str], ...]:
    """Return what a reader needs to judge or repeat the study."""
    study, rows = trials.study, trials.rows
    plan = f"{len(trials.study.conditions)} levels of {trials.factor} x {counted(study.repetitions, 'repetition')}"
    first_seed, last_seed = study.seed, study.seed + study.repetitions - 1
    return (
        ("design", f"{plan}, order {study.order}, one seed a block ({first_seed} to {last_seed})"),
        ("trials", f"{rows.height} of {len(study.conditions) * study.repetitions} finished"),
        ("model", f"{_values(rows, 'model')}, {_values(rows, 'parameters')} parameters"),
        ("corpus", f"{_values(rows, 'corpus')}, fingerprint {_marks(rows, 'corpus_fingerprint')}"),
        ("held out", f"{_values(rows, 'heldout_tokens')} tokens of {_values(rows, 'heldout_documents')} documents"),
        ("processor", f"{_values(rows, 'cpu_name')}, {_values(rows, 'cpu_count')} logical cores"),
        ("GPU", _values(rows, "gpu_name")),
        ("threads", _values(rows, "threads")),
        ("node", _values(rows, "host_hash")),
        *_energy(trials),
        ("software", listing(_pairs(rows, "versions"), longest=20)),
        ("git commit", _values(rows, "git_commit")),
        ("study file", f"sha256 {_marks(rows, 'study_sha256')}"),
        *((f"chosen: {name}", reason) for name, reason in _reasons(rows)),
    )


def _energy(trials: Trials) -> Iterator[tuple[str, str]]:
    """Say how the joules were had, from the figures of the training spans."""
    figures = trials.rows.select(pl.col("energies").explode().struct.unnest()).filter(pl.col("span") == "train")
    used = figures.filter((pl.col("method") == "estimated") == trials.joules.estimated)
    if used.is_empty():
        yield "energy", "no instrument gave a figure"
        return
    scopes = trials.rows["energy_scopes"].drop_nulls().unique().sort().to_list()
    covers = f", covering {listing(scopes)}" if scopes else ""
    methods = listing([_METHODS[method] for method in used["method"].unique().sort()])
    yield "energy", methods if trials.joules.estimated else f"{methods} of {_values(used, 'device')}{covers}"
    least, most = used["rate_hz"].min(), used["rate_hz"].max()
    if isinstance(least, float) and isinstance(most, float):
        rates = dict.fromkeys((number(least), number(most)))
        yield "readings", f"{' to '.join(rates)} per second"


def _values(rows: pl.DataFrame, column: str) -> str:
    """List the distinct values of a column."""
    values = rows[column].drop_nulls().unique(maintain_order=True).to_list()
    return listing([f"{value:,}" if isinstance(value, int) else str(value) for value in values]) or "none"


def _marks(rows: pl.DataFrame, column: str) -> str:
    return listing([mark[:12] for mark in rows[column].unique(maintain_order=True)])


def _pairs(rows: pl.DataFrame, column: str) -> list[str]:
    return [f"{name} {value}" for name, value in _entries(rows, column)]


def _reasons(rows: pl.DataFrame) -> list[tuple[str, str]]:
    return _entries(rows, "reasons")


def _entries(rows: pl.DataFrame, column: str) -> list[tuple[str, str]]:
    """Return the distinct entries of a column of mappings, lists of key and value."""
    entries = rows.select(pl.col(column).explode().struct.unnest()).drop_nulls().unique(maintain_order=True)
    return sorted((str(key), str(value)) for key, value in entries.iter_rows())
