"""The finished trials of one study: checked for what must not be pooled, labelled by level and block, with metrics.

observations ──only this study's──▶ sound? one corpus? ──▶ + level, x, block, METRICS ──▶ Trials
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from raystudy.analysis.joules import Joules, joules_of
from raystudy.errors import AnalysisError
from raystudy.record.archive import Baseline
from raystudy.stats.cells import design
from raystudy.stats.design import Design
from raystudy.stats.metrics import METRICS, Inputs, cs_tflops
from raystudy.study import CORPUS_FIELDS, SEED_FIELDS, Study
from raystudy.study.trials import Level, Trial

CORPUS_FACTORS = frozenset({*CORPUS_FIELDS, "heldout_fraction"})
"""Factors whose levels train on, or are judged by, different text; any other factor has to leave the corpus alone."""
SEEDS = dict(zip(SEED_FIELDS, ("init", "order"), strict=True))
"""Factors that name blocks, except in a study of efficiency: their levels are nothing to compare; and their names."""
BUDGETS = ("unique_fraction", "unique_tokens")
"""Factors that say how much of a corpus is trained on."""
CONDITION = "condition"
"""What the levels of a study of composition are: they hold a level of each of its factors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trials:
    """What every table, figure and caveat is made from."""

    study: Study
    rows: pl.DataFrame
    """Observations in the order of the study, with `level` (text), `x` (the level itself), `block` and METRICS."""
    finished: pl.DataFrame
    """Observations of all finished trials of the study, also of those that `rows` leaves out; without METRICS."""
    levels: tuple[str, ...]
    """Those that have a trial: by size where they are numbers, else as the study file writes them."""
    joules: Joules
    n_left_out: int
    """Observations in the same folder that this study file does not ask for."""
    pretrainings: pl.DataFrame
    """Observations of the trainings from whose weights the trials started; no results."""
    failed: pl.DataFrame
    """Trials whose readings failed an expectation; not among `rows` where the study file leaves them out."""
    baselines: tuple[Baseline, ...]
    """Idle power of the nodes, before and after each run."""

    @property
    def factor(self) -> str:
        """The one field of the recipe whose levels are compared; the budget, where nothing but seeds varies."""
        return CONDITION if self.study.kind == "composition" else arm_of(self.study) or _budget(self.study)[0]

    @property
    def numeric(self) -> bool:
        """Whether the levels lie on a number line."""
        return self.rows["x"].dtype.is_numeric()

    def at(self, level: str) -> pl.DataFrame:
        """Return the trials of one level."""
        return self.rows.filter(pl.col("level") == level)

    def by_level(self, **statistics: pl.Expr) -> pl.DataFrame:
        """Return one row a level, in order, with columns level, x and these statistics."""
        return self.rows.group_by("level", "x").agg(**statistics).sort(pl.col("level").cast(pl.Enum(self.levels)))

    def figures(self, span: str) -> pl.DataFrame:
        """Return the energy figures of one name of a span, one a row."""
        return figures_of(self.rows).filter(pl.col("span") == span)

    def added_figures(self) -> pl.DataFrame:
        """Return the figures that energy_j adds up: measured in training, on devices that were the trial's own."""
        own = self.figures("train").filter(~pl.col("shared") & (pl.col("method") != "estimated"))
        return own.filter(pl.col("scope").is_in(pl.col("energy_scopes").str.split("+")))

    def design(self, column: str) -> Design:
        """Return one column as blocks x levels."""
        return design(self.rows, subject="block", within=["level"], value=column, levels={"level": self.levels})


def trials_of(study: Study, table: pl.DataFrame, baselines: Sequence[Baseline] = ()) -> Trials:
    """Take the study's own trials from a table; raises AnalysisError where there is none, or where corpora mix."""
    own = _labelled(study, table)
    failed = own.filter(~pl.col("expectations_met"))
    rows = _sound(study, own) if study.analysis.leave_out_failed else own
    _refuse_mixed_corpora(study, rows)
    joules = joules_of(rows)
    inputs = Inputs(
        energy_j=joules.train_j,
        energy_u_j=joules.train_u_j,
        power_rms_w=joules.power_rms_w,
        pe_k=study.analysis.pe_k,
        pe_cs_tflops=study.analysis.pe_cs_tflops,
    )
    metrics = {name: metric(inputs) for name, metric in METRICS.items()}
    pretrainings = table.filter(pl.col("trial_id").is_in([trial.id for trial in study.pretrainings()]))
    return Trials(
        study=study,
        rows=rows.with_columns(cs_tflops=cs_tflops(inputs), **metrics),
        finished=own,
        levels=_in_order(rows, [label(level) for level in _levels_by_condition(study).values()]),
        joules=joules,
        n_left_out=table.height - own.height - pretrainings.height,
        pretrainings=pretrainings,
        failed=failed,
        baselines=tuple(baselines),
    )


def arm_of(study: Study) -> str | None:
    """Return the factor whose levels are compared; None in a study of dynamics that varies nothing but seeds."""
    return next((factor for factor in study.factors if study.kind == "efficiency" or factor not in SEEDS), None)


def seeds_used() -> tuple[pl.Expr, pl.Expr]:
    """Return the seeds that weights and order really had, `init` and `order`: the recipe's, else the repetition's."""
    return pl.coalesce("init_seed", "seed").alias("init"), pl.coalesce("order_seed", "seed").alias("order")


def figures_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the energy figures of some trials, one a row, beside what tells where they belong."""
    told = rows.select("trial_id", "level", "host_hash", "node", "energy_scopes", "energy_net_j", "energies")
    return told.explode("energies").drop_nulls("energies").unnest("energies")


def label(level: Level) -> str:
    """Write a level for people: 50,000, 0.001, true, tiny-1m."""
    if isinstance(level, bool):
        return str(level).lower()
    if isinstance(level, int):
        return f"{level:,}"
    return f"{level:g}" if isinstance(level, float) else level


def named(factor: str, level: Level) -> str:
    """Write a level so that it can stand beside those of other factors: few_long, 25 %, 10,000, learning_rate 0.001."""
    if factor == "unique_fraction":
        return f"{100 * float(level):g} %"
    return label(level) if isinstance(level, str) or factor in BUDGETS else f"{factor} {label(level)}"


def _labelled(study: Study, table: pl.DataFrame) -> pl.DataFrame:
    wanted = [trial.id for trial in study.trials()]
    rows = table.filter(pl.col("trial_id").is_in(wanted)).sort("position")
    if rows.is_empty():
        raise AnalysisError(
            f"No finished trial of study {study.name!r} is in the table of {table.height} rows. "
            "Run it first, or give the folder it was run in."
        )
    levels = _levels_by_condition(study)
    return rows.with_columns(
        level=pl.col("condition").replace_strict({name: label(level) for name, level in levels.items()}),
        x=_on_axis(rows["condition"], levels),
        block=pl.col("trial_id").replace_strict({trial.id: _block(study, trial) for trial in study.trials()}),
    )


def _block(study: Study, trial: Trial) -> str:
    """Name what a trial shares with those of other levels: `r03`; where seeds are factors, those: `init 101`."""
    seeds = {} if study.kind == "efficiency" else dict(trial.condition.levels)
    given = [f"{short} {seeds[factor]}" for factor, short in SEEDS.items() if factor in seeds]
    return ", ".join(given if given and study.repetitions == 1 else [*given, f"r{trial.repetition:02d}"])


def _budget(study: Study) -> tuple[str, Level]:
    """Return the field that gives the budget of the recipe, and what it gives."""
    recipe = study.recipe
    return ("epochs", recipe.epochs or 1) if recipe.tokens is None else ("tokens", recipe.tokens)


def _sound(study: Study, own: pl.DataFrame) -> pl.DataFrame:
    """Leave out the trials whose readings failed an expectation; what could not be told stays."""
    rows = own.filter(pl.col("expectations_met").fill_null(value=True))
    if rows.is_empty():
        raise AnalysisError(
            f"All {own.height} finished trials of study {study.name!r} failed an expectation, and "
            "analysis.leave_out_failed leaves them out. Set it to false to see which failed what."
        )
    return rows


def _levels_by_condition(study: Study) -> dict[str, Level]:
    if study.kind == "composition":
        return {
            str(each): ", ".join(named(*own) for own in each.levels if own[0] not in SEEDS) for each in study.conditions
        }
    factor, given = arm_of(study), _budget(study)[1]
    return {str(each): given if factor is None else dict(each.levels)[factor] for each in study.conditions}


def _on_axis(condition: pl.Series, levels: Mapping[str, Level]) -> pl.Series:
    """Return each trial's level as a number where all are numbers, else as text."""
    numbers = [level for level in levels.values() if isinstance(level, int | float) and not isinstance(level, bool)]
    if len(numbers) < len(levels):
        return condition.replace_strict({name: label(level) for name, level in levels.items()}, return_dtype=pl.String)
    dtype = pl.Int64 if all(isinstance(level, int) for level in numbers) else pl.Float64
    return condition.replace_strict(list(levels), pl.Series(numbers, dtype=dtype, strict=False))


def _in_order(rows: pl.DataFrame, written: Sequence[str]) -> tuple[str, ...]:
    if rows["x"].dtype.is_numeric():
        return tuple(rows.sort("x")["level"].unique(maintain_order=True))
    return tuple(level for level in dict.fromkeys(written) if level in rows["level"])


def _refuse_mixed_corpora(study: Study, rows: pl.DataFrame) -> None:
    """Losses on different text cannot be compared, unless the text is what the study varies."""
    varied = [factor for factor in study.factors if factor in CORPUS_FACTORS]
    by_text = rows.group_by(pl.lit("text"), *varied).agg(pl.col("corpus_fingerprint").unique())
    mixed = by_text.filter(pl.col("corpus_fingerprint").list.len() > 1)
    if mixed.is_empty():
        return
    fingerprints = sorted(rows["corpus_fingerprint"].unique())
    counts = [f"{mark[:12]} ({rows['corpus_fingerprint'].to_list().count(mark)} trials)" for mark in fingerprints]
    raise AnalysisError(
        f"These trials were trained on {len(fingerprints)} different corpora, by fingerprint: {', '.join(counts)}. "
        "Losses on different text cannot be compared; move the trials of one corpus to a folder of their own."
    )
