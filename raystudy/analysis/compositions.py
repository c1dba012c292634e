"""The runs of a study of composition: what differs between them, which are copies, and how they answer each example.

Trials ──copies set aside──▶ rows with task, arm, sampler, budget ──each configuration──▶ Answers (blocks, examples)

An arm is what a budget is spent on: a model, and the level of every factor that neither names the task nor cuts the
budget.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field

import numpy as np
import polars as pl

from raystudy.analysis.trials import BUDGETS, CORPUS_FACTORS, SEEDS, Trials, label, named
from raystudy.stats.design import Matrix
from raystudy.study import Study
from raystudy.study.trials import Trial

ALL = "all"
"""The sampler of a run that trained on all examples that there are: any sampler would have taken them."""
OUTCOMES = ("correct", "loglik", "correct_before", "loglik_before")
"""What is known of each held-out example: the fields of HeldoutAnswer, but for its name."""
_NOT_OF_ARM = frozenset({"model", "sampler", *BUDGETS, *SEEDS, *CORPUS_FACTORS})
_CELL = ("task", "arm", "sampler", "budget")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """One value for each held-out example in each block."""

    blocks: tuple[str, ...]
    examples: tuple[str, ...] = field(repr=False)
    """First 12 digits of the sha256 of each."""
    values: Matrix = field(repr=False)
    """(blocks, examples)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One configuration on one task."""

    task: str
    arm: str
    sampler: str
    budget: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Compositions:
    """What every table, figure and caveat of a study of composition is made from."""

    trials: Trials
    rows: pl.DataFrame
    """One row for each distinct run, with all columns of `trials.rows`, and task, arm, sampler, budget, configuration.
    `sampler` is `all` where a run trained on all examples that there are; `taken_by` keeps what the recipe says."""
    copies: pl.DataFrame
    """Runs that are left out, since the same had been run under another condition: as `rows`, and `copy_of`."""
    tasks: tuple[str, ...]
    arms: tuple[str, ...]
    samplers: tuple[str, ...]
    """As the study file writes them; `all`, where some run took all, is last."""
    budgets: tuple[str, ...]
    """By size."""
    answered: Mapping[Cell, Mapping[str, Answers]] = field(repr=False)
    """OUTCOMES of each configuration that was run and evaluated, as the study file writes them."""

    @property
    def tokenizers(self) -> int:
        """How many tokenizers the models of one task have, at most: a built one may have its own for each task."""
        by_task = self.rows.group_by("task").agg(n=pl.col("tokenizer_fingerprint").n_unique())
        return int(by_task["n"].to_numpy().max())

    def at(self, **where: str) -> pl.DataFrame:
        """Return the rows of one task, arm, sampler or budget, or of several of these at once."""
        return self.rows.filter(*(pl.col(name) == value for name, value in where.items()))

    def runs(self, cell: Cell) -> pl.DataFrame:
        """Return the rows of one configuration."""
        return self.at(**dict(zip(_CELL, astuple(cell), strict=True)))

    def cells(self, **where: str) -> tuple[Cell, ...]:
        """Return the configurations that were run, of one task, arm, sampler or budget, or of several at once."""
        return tuple(
            cell for cell in self.answered if all(getattr(cell, name) == value for name, value in where.items())
        )

    def key(self, cell: Cell) -> dict[str, str]:
        """Return the columns that name a configuration in a table; no task or arm where there is one."""
        told = dict(zip(_CELL, astuple(cell), strict=True))
        hidden = {name for name, several in (("task", self.tasks), ("arm", self.arms)) if len(several) == 1}
        return {name: value for name, value in told.items() if name not in hidden}


def compositions_of(trials: Trials) -> Compositions:
    """Lay out the runs; of copies keep that which the study file writes first."""
    rows = _described(trials)
    key = pl.coalesce("ran_sha256", "trial_id")
    ordered = rows.with_columns(copy_of=pl.col("trial_id").first().over(key))
    kept = ordered.filter(pl.col("copy_of") == pl.col("trial_id")).drop("copy_of")
    return Compositions(
        trials=trials,
        rows=kept,
        copies=ordered.filter(pl.col("copy_of") != pl.col("trial_id")),
        tasks=tuple(kept["task"].unique(maintain_order=True)),
        arms=tuple(kept["arm"].unique(maintain_order=True)),
        samplers=_samplers(kept),
        budgets=tuple(kept.sort("budget_size", nulls_last=True)["budget"].unique(maintain_order=True)),
        answered=dict(_answered(kept)),
    )


def combined(parts: Iterable[tuple[float, Answers]]) -> Answers:
    """Return the weighted sum, value by value, over the blocks and examples that all parts have."""
    weighted = tuple(parts)
    blocks = _common([answers.blocks for _, answers in weighted])
    examples = _common([answers.examples for _, answers in weighted])
    values = np.zeros((len(blocks), len(examples)))
    for weight, answers in weighted:
        rows, columns = _places(blocks, answers.blocks), _places(examples, answers.examples)
        values += weight * answers.values[np.ix_(rows, columns)]
    return Answers(blocks=blocks, examples=examples, values=values)


def task_factors(study: Study) -> tuple[str, ...]:
    """Return the factors whose levels are tasks of their own."""
    return tuple(factor for factor in study.factors if factor in CORPUS_FACTORS)


def _described(trials: Trials) -> pl.DataFrame:
    """Return the rows as the study file writes their conditions, with what the conditions say in columns."""
    study = trials.study
    told = pl.DataFrame([_told(study, trial) for trial in study.trials()], infer_schema_length=None)
    taken_all = pl.col("sample_examples") == pl.col("train_examples")
    rows = trials.rows.rename({"sampler": "taken_by"}).join(told, on="trial_id", how="left", validate="1:1")
    return (
        rows.with_columns(sampler=pl.when(taken_all.fill_null(value=False)).then(pl.lit(ALL)).otherwise("taken_by"))
        .with_columns(configuration=pl.concat_str("arm", "sampler", "budget", separator=", "))
        .sort("written", "position")
    )


def _told(study: Study, trial: Trial) -> dict[str, str | int | float | None]:
    """Say what the condition of a trial is, in words."""
    recipe, levels = trial.recipe, dict(trial.condition.levels)
    tasks = [label(levels[factor]) for factor in task_factors(study)]
    further = [named(*level) for level in trial.condition.levels if level[0] not in _NOT_OF_ARM]
    budget = next(((name, size) for name in BUDGETS if (size := getattr(recipe, name)) is not None), None)
    return {
        "trial_id": trial.id,
        "task": ", ".join(tasks) or recipe.corpus_subject or recipe.corpus,
        "arm": ", ".join([recipe.model, *further]),
        "budget": ALL if budget is None else named(*budget),
        "budget_size": None if budget is None else float(budget[1]),
        "written": study.conditions.index(trial.condition),
    }


def _answered(rows: pl.DataFrame) -> Iterator[tuple[Cell, dict[str, Answers]]]:
    """Yield the answers of each configuration; of several runs in one block, as two orders of a sample, their mean."""
    asked = (
        rows.select(*_CELL, "block", "heldout_answers")
        .drop_nulls()
        .explode("heldout_answers")
        .unnest("heldout_answers")
    )
    values = [pl.col(name).cast(pl.Float64).mean() for name in OUTCOMES]
    means = asked.group_by(*_CELL, "block", "example", maintain_order=True).agg(*values)
    for names, cell in means.partition_by(*_CELL, maintain_order=True, as_dict=True).items():
        yield Cell(**dict(zip(_CELL, map(str, names), strict=True))), _matrices(cell)


def _matrices(cell: pl.DataFrame) -> dict[str, Answers]:
    """Return the outcomes of the examples that all blocks of a configuration were asked."""
    blocks = tuple(cell["block"].unique().sort())
    common = cell.filter(pl.len().over("example") == len(blocks)).sort("block", "example")
    examples = tuple(common["example"].unique().sort())
    return {
        name: Answers(
            blocks=blocks, examples=examples, values=common[name].to_numpy().reshape(len(blocks), len(examples))
        )
        for name in OUTCOMES
    }


def _samplers(rows: pl.DataFrame) -> tuple[str, ...]:
    told = rows.sort("written")["sampler"].unique(maintain_order=True).to_list()
    return tuple(sorted(told, key=lambda sampler: sampler == ALL))


def _common(names: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the names that are in all lists, sorted."""
    shared = set(names[0]) if names else set[str]()
    return tuple(sorted(shared.intersection(*names)))


def _places(wanted: Sequence[str], among: Sequence[str]) -> list[int]:
    where = {name: place for place, name in enumerate(among)}
    return [where[name] for name in wanted]
