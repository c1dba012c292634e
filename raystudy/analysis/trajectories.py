"""The trajectories of a study: held-out loss and joules of each seed over the tokens, one arm for each level compared.

Trials ──explode──▶ one row a trial and interval ──arm by arm──▶ seeds x intervals (Design) ──▶ Trajectories

A seed of the tests is one run; where seeds of the weights are crossed with seeds of the order, runs that share their
weights are not independent, so a seed of the tests is then one seed of the weights, averaged over the orders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import polars as pl

from raystudy.analysis.inference import Row, frame_of
from raystudy.analysis.joules import Joules
from raystudy.analysis.trials import SEEDS, Trials, arm_of, seeds_used
from raystudy.stats.cells import design
from raystudy.stats.design import Design, Matrix
from raystudy.stats.turning import Turning, turning

SEED = "seed"
"""What a subject is called in tables and sentences."""
REPEATED = 1.005
"""Epochs from which text counts as repeated; a set of documents is never exactly as long as the budget."""
FULL = "budget"
"""What ended a training that ran to its end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """The runs of one level that are told together: those of full length, else all, as far as all of them got."""

    level: str
    rows: pl.DataFrame
    """One row a run and interval, sorted so; `tokens` is the mean of the runs at that interval."""
    runs: Design
    """Held-out loss, (runs, intervals)."""
    data: Design
    """Held-out loss, (seeds, intervals): what tests and bands are made from."""
    turning: Turning
    """Where the mean of the seeds is least, and whether it rises again."""
    shortened: bool
    """Whether all its runs stopped early, so that it ends where the first of them did."""

    @property
    def places(self) -> int:
        """How many intervals it has, that of zero tokens among them."""
        return len(self.runs.levels)

    @property
    def up_to(self) -> int | None:
        """Where it ends, in tokens, if its runs were cut there."""
        return int(self.runs.levels[-1]) if self.shortened else None

    @property
    def best(self) -> int:
        """The place of the least mean loss."""
        return self.data.levels.index(self.turning.best)

    def at(self, place: int) -> pl.DataFrame:
        """Return the rows of one interval."""
        return self.rows.filter(pl.col("place") == place)

    def matrix(self, column: str) -> Matrix:
        """Return a column as (runs, intervals), NaN where it is null."""
        ordered = self.rows.sort(pl.col("block").cast(pl.Enum(self.runs.subjects)), "place")
        values = ordered[column].cast(pl.Float64).to_numpy()
        return np.asarray(values.reshape(len(self.runs.subjects), self.places))

    def by_seed(self, values: Sequence[float | None]) -> list[float | None]:
        """Average what was found for each run over the runs of each seed of the tests; what is missing stays out."""
        seeds = dict(self.rows.select("block", SEED).iter_rows())
        found: dict[str, list[float]] = {seed: [] for seed in self.data.subjects}
        for run, value in zip(self.runs.subjects, values, strict=True):
            if value is not None:
                found[seeds[run]].append(value)
        return [fmean(of_seed) if of_seed else None for of_seed in found.values()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trajectories:
    """What every table, figure and caveat of a study of dynamics is made from."""

    trials: Trials
    rows: pl.DataFrame
    """One row a trial and interval, of all trials."""
    arms: tuple[Arm, ...]
    """In the order of the levels; a level without a run that has a loss at every interval has none."""
    crossed: bool
    """Whether seeds of the weights are crossed with seeds of the order."""

    @property
    def together(self) -> bool:
        """Whether seeds of the weights and of the order vary, and always together: nothing tells them apart."""
        return not self.crossed and all(self.rows[seed].n_unique() > 1 for seed in ("init", "order"))

    @property
    def joules(self) -> Joules:
        """The joules of the study."""
        return self.trials.joules

    @property
    def factor(self) -> str | None:
        """What the arms are levels of; None where there is one arm."""
        return arm_of(self.trials.study)

    @property
    def early(self) -> pl.DataFrame:
        """The trials that a rule stopped before their budget was spent."""
        return self.trials.rows.filter(pl.col("stopped") != FULL)

    def name(self, arm: Arm, what: str) -> str:
        """Name something of an arm: `held-out loss at unique_tokens 10,000`."""
        return what if self.factor is None else f"{what} at {self.factor} {arm.level}"

    def frame(self, rows: Sequence[Row], known: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
        """Make the frame of a table: numbers, where `known` does not say otherwise; no column that holds nothing."""
        frame = frame_of(rows, {**known, **({} if self.factor is None else {self.factor: pl.String})}, f"{SEED}s")
        return frame.drop([name for name in frame.columns if frame[name].is_null().all()])

    def key(self, arm: Arm) -> dict[str, str]:
        """Return the column that names an arm in a table; none where there is one arm."""
        return {} if self.factor is None else {self.factor: arm.level}


def trajectories_of(trials: Trials) -> Trajectories:
    """Lay out the trajectories of the trials."""
    rows, crossed = _rows(trials), _crossed(trials.rows)
    rows = rows.with_columns(
        pl.format(f"{SEEDS['init_seed']} {{}}", "init").alias(SEED) if crossed else pl.col("block").alias(SEED)
    )
    by_level = {level: rows.filter(pl.col("level") == level) for level in trials.levels}
    arms = tuple(arm for level, its in by_level.items() if (arm := _arm(level, its)) is not None)
    return Trajectories(trials=trials, rows=rows, arms=arms, crossed=crossed)


def _rows(trials: Trials) -> pl.DataFrame:
    """Return one row a trial and interval; joules are those of the study, `train_j_so_far` their sum."""
    ids = ("trial_id", "level", "block", "stopped", "parameters", "energy_rel_gain", *seeds_used())
    whole = trials.rows.select(*ids, "intervals", _energies()).explode("intervals", "interval_energies")
    flat = whole.drop_nulls("intervals").unnest("intervals", "interval_energies")
    joules = trials.joules
    train_j = pl.when(pl.col("tokens_seen") == 0).then(0.0).otherwise(joules.train_j)
    u_j = None if joules.train_u_j is None else pl.col(joules.train_u_j)
    told = flat.with_columns(
        train_j=train_j,
        u_j=pl.when(pl.col("tokens_seen") == 0).then(0.0).otherwise(u_j),
        eval_j=joules.eval_j,
        train_s=pl.col("at_s") - pl.col("start_s"),
        new_tokens=pl.col("tokens_seen").diff().over("trial_id"),
        gap=pl.col("loss_heldout") - pl.col("loss_train"),
        place=pl.int_range(pl.len()).over("trial_id"),
    )
    sums = {f"{name}_so_far": _so_far(name) for name in ("train_j", "u_j")}
    bought, spent_j = (-pl.col("loss_heldout")).diff(), pl.col("train_j_so_far").diff()
    return told.with_columns(**sums).with_columns(
        nats_per_kj=pl.when(spent_j.over("trial_id") > 0).then((1e3 * bought / spent_j).over("trial_id")),
    )


def _energies() -> pl.Expr:
    """Return the joules of the intervals, null for each where the observation has none."""
    return pl.col("interval_energies").list.gather(pl.int_ranges(pl.col("intervals").list.len()), null_on_oob=True)


def _so_far(column: str) -> pl.Expr:
    """Return the sum up to an interval; null from the first one on that is not known."""
    known = pl.col(column).is_null().cum_sum() == 0
    return pl.when(known.over("trial_id")).then(pl.col(column).cum_sum().over("trial_id"))


def _crossed(rows: pl.DataFrame) -> bool:
    pairs = rows.select(seeds_used()).unique()
    inits, orders = pairs["init"].n_unique(), pairs["order"].n_unique()
    return min(inits, orders) > 1 and pairs.height > max(inits, orders)


def _arm(level: str, rows: pl.DataFrame) -> Arm | None:
    kept = rows.filter(pl.col("stopped") == FULL)
    shortened = kept.is_empty()
    if shortened:
        reached = pl.col("place").max().over("trial_id").min()
        kept = rows.filter(pl.col("place") <= reached)
    kept = kept.with_columns(tokens=pl.col("tokens_seen").mean().over("place").round().cast(pl.Int64))
    runs = _design(kept, "block")
    if not runs.subjects:
        return None
    complete = kept.filter(pl.col("block").is_in(list(runs.subjects))).sort("block", "place")
    data = _design(complete, SEED)
    return Arm(level=level, rows=complete, runs=runs, data=data, turning=turning(data), shortened=shortened)


def _design(rows: pl.DataFrame, subject: str) -> Design:
    return design(rows, subject=subject, within=["tokens"], value="loss_heldout")
