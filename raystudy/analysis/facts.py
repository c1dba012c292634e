"""What was run, where and with what: name and value, for whoever wants to run it again."""

from collections.abc import Iterator

import polars as pl

from raystudy.analysis.certainty import METHODS
from raystudy.analysis.trials import SEEDS, Trials
from raystudy.analysis.words import counted, listing, number

_LEARNT = {"answer": "the tokens of the answer", "all": "all tokens, those of the prompt too"}
"""What recipe.loss_on means."""


def facts(trials: Trials) -> tuple[tuple[str, str], ...]:
    """Return what a reader needs to judge or repeat the study."""
    study, rows = trials.study, trials.rows
    levels = [f"{counted(len(levels), 'level')} of {factor}" for factor, levels in study.factors.items()]
    plan = " x ".join([*levels, counted(study.repetitions, "repetition")])
    return (
        ("design", f"{plan}, order {study.order}, {_seeds(trials)}"),
        ("trials", _finished(trials)),
        ("model", f"{_values(rows, 'model')}, {_values(rows, 'parameters')} parameters"),
        ("corpus", f"{_values(rows, 'corpus')}, fingerprint {_marks(rows, 'corpus_fingerprint')}"),
        *_answers(trials),
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


def _seeds(trials: Trials) -> str:
    """Say from which seeds the trials started: those of the recipe, else one for each repetition."""
    study = trials.study
    given = trials.rows.sort(list(SEEDS))
    named = [f"{name} {_values(given, name)}" for name in SEEDS if given[name].is_not_null().any()]
    last = study.seed + study.repetitions - 1
    of_blocks = f"{study.seed}" if last == study.seed else f"{study.seed} to {last}"
    if not named:
        named.append(f"one seed a block ({of_blocks})")
    elif len(named) < len(SEEDS):
        named.append(f"the other seed that of the block ({of_blocks})")
    return ", ".join(named)


def _finished(trials: Trials) -> str:
    """Count the trials: those that are left out are finished, too."""
    finished, planned = trials.finished.height, len(trials.study.conditions) * trials.study.repetitions
    left_out = finished - trials.rows.height
    return f"{finished} of {planned} finished{f' ({left_out} left out)' if left_out else ''}"


def _answers(trials: Trials) -> Iterator[tuple[str, str]]:
    """Say how examples are learnt and answered, where trials train on such, and from which weights they start."""
    rows, before = trials.rows, trials.pretrainings
    if not before.is_empty():
        read = f"{_values(before, 'tokens_seen')} tokens of {_values(before, 'corpus')}"
        yield "pretraining", f"{_values(before, 'model')}, {read}, seed {_values(before, 'seed')}"
    if rows["heldout_examples"].is_not_null().any():
        yield "examples", f"{_values(rows, 'train_examples')} to train on, {_values(rows, 'heldout_examples')} held out"
        loss_on = rows["loss_on"].unique(maintain_order=True)
        yield "learnt", listing([_LEARNT[each] for each in loss_on])
        yield "answers compared by", f"log-likelihood, {_values(rows, 'score_by')}"


def _energy(trials: Trials) -> Iterator[tuple[str, str]]:
    """Say how the joules were had, from the figures of the training spans."""
    told = trials.figures("train").filter((pl.col("method") == "estimated") == trials.joules.estimated)
    own = trials.added_figures()
    used = told if own.is_empty() else own
    if used.is_empty():
        yield "energy", "no instrument gave a figure"
        return
    scopes = trials.rows["energy_scopes"].drop_nulls().unique().sort().to_list()
    covers = f", covering {listing(scopes)}" if scopes else ""
    methods = listing([METHODS[method] for method in used["method"].unique().sort()])
    yield "energy", methods if trials.joules.estimated else f"{methods} of {_values(used, 'device')}{covers}"
    share = pl.element().struct.field("sampling").struct.field("cpu_share")
    most_share = trials.rows.select(pl.col("traces").list.eval(share).list.max().max()).item()
    readings = [
        *_range(used, "rate_hz", "{} per second"),
        *_range(used, "late_p99_s", "99 % of them at most {} s late"),
    ]
    if most_share is not None:
        readings.append(f"which took at most {number(100 * most_share, digits=2)} % of a core")
    if readings:
        yield "readings", ", ".join(readings)


def _range(figures: pl.DataFrame, field: str, text: str) -> Iterator[str]:
    """Say from where to where a field of the quality of figures goes; nothing where it is not known."""
    values = figures["quality"].struct.field(field)
    least, most = values.min(), values.max()
    if isinstance(least, float) and isinstance(most, float):
        yield text.format(" to ".join(dict.fromkeys((number(least), number(most)))))


def _values(rows: pl.DataFrame, column: str) -> str:
    """List the distinct values of a column."""
    values = rows[column].drop_nulls().unique(maintain_order=True).to_list()
    return listing([f"{value:,}" if isinstance(value, int) else str(value) for value in values]) or "none"


def _marks(rows: pl.DataFrame, column: str) -> str:
    return listing([mark[:12] for mark in rows[column].unique(maintain_order=True)])


def _pairs(rows: pl.DataFrame, column: str) -> list[str]:
    return [f"{name} {value}" for name, value in _entries(rows, column)]


def _reasons(rows: pl.DataFrame) -> list[tuple[str, str]]:
    return [(name, reason) for name, reason in _entries(rows, "reasons") if not name.startswith("power")]


def _entries(rows: pl.DataFrame, column: str) -> list[tuple[str, str]]:
    """Return the distinct entries of a column of mappings, lists of key and value."""
    entries = rows.select(pl.col(column).explode().struct.unnest()).drop_nulls().unique(maintain_order=True)
    return sorted((str(key), str(value)) for key, value in entries.iter_rows())
