"""What the samplers took: for each budget N examples, of mean length L, and so N x L tokens.

rows ──mean over models that read the same tokens, and over seeds──▶ Table
"""

from collections.abc import Iterator

import polars as pl

from raystudy.analysis.compositions import ALL, Compositions
from raystudy.analysis.findings import Table
from raystudy.analysis.inference import Row, frame_as_told
from raystudy.analysis.words import listing

_NOTE = (
    "Means over seeds. N x L = tokens: those really used, prompt and answer, after the cut to the context. Filled: of "
    "the budget; padding: of all positions that were computed on. Samples: how many different ones the seeds drew; "
    "one means that seeds vary only the order. Cut: examples whose prompt did not fit the context."
)
_ALL = "Sampler `all`: the budget takes every example, so all samplers are one."


def tables(found: Compositions) -> tuple[Table, ...]:
    """Return one row a task, sampler and budget, and tokenizer where models bring their own."""
    rows = list(_rows(found))
    several = [name for name in ("task", "models") if len({row[name] for row in rows}) > 1]
    hidden = [name for name in ("task", "models") if name not in several]
    frame = frame_as_told(rows).drop(hidden)
    note = f"{_NOTE} {_ALL}" if ALL in frame["sampler"] else _NOTE
    return (Table(name="samples", title="What the samplers took", frame=frame, note=note),)


def _rows(found: Compositions) -> Iterator[Row]:
    for task in found.tasks:
        for arms in _alike(found.at(task=task)):
            rows = found.at(task=task).filter(pl.col("arm").is_in(arms))
            for budget in found.budgets:
                for sampler in found.samplers:
                    cell = rows.filter(pl.col("budget") == budget, pl.col("sampler") == sampler)
                    if not cell.is_empty():
                        key = {"task": task, "models": listing(arms), "budget": budget, "sampler": sampler}
                        yield key | _taken(cell)


def _alike(rows: pl.DataFrame) -> list[list[str]]:
    """Return the arms that read the same tokens in as many steps, whose samples are then the same."""
    by = rows.group_by("tokenizer_fingerprint", "context", "prompt", "batch_size", "epochs", maintain_order=True).agg(
        pl.col("arm").unique(maintain_order=True)
    )
    return by["arm"].to_list()


def _taken(cell: pl.DataFrame) -> Row:
    """Say what some runs of one sampler and one budget took."""
    mean = cell.select(
        "sample_examples",
        "sample_tokens",
        "sample_budget_tokens",
        "sample_distinct",
        "sample_cut",
        "sample_classes",
        "classes",
        "steps",
        padding=pl.col("tokens_padding") / (pl.col("tokens_padding") + pl.col("tokens_seen")),
    ).mean()
    means = {name: mean[name][0] for name in mean.columns}
    tokens, examples, budget = (means[f"sample_{name}"] for name in ("tokens", "examples", "budget_tokens"))
    return {
        "N": examples,
        "L": tokens / examples if tokens is not None and examples else None,
        "tokens": tokens,
        "budget, tokens": budget,
        "filled, %": 100 * tokens / budget if tokens is not None and budget else None,
        "padding, %": None if means["padding"] is None else 100 * means["padding"],
        "steps": means["steps"],
        "distinct": means["sample_distinct"],
        "cut": means["sample_cut"],
        "classes": means["sample_classes"],
        "of": means["classes"],
        "samples": cell["sample_sha256"].drop_nulls().n_unique() or None,
        "seeds": cell["block"].n_unique(),
    }
