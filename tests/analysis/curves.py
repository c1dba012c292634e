"""Studies of dynamics that nobody ran: seeds whose held-out losses fall, and then rise where text is repeated."""

import random
from collections.abc import Mapping
from typing import Any

import polars as pl

from raystudy.analysis.dynamics import analyse
from raystudy.analysis.findings import Findings, Table
from raystudy.analysis.trajectories import Trajectories, trajectories_of
from raystudy.analysis.trials import trials_of
from raystudy.study import Study, Trial
from tests.observations import Changes, study_of, table_of, trajectory

RISING = (5.0, 3.0, 2.5, 2.4, 2.6, 2.8)
FALLING = (5.0, 3.0, 2.5, 2.4, 2.35, 2.3)
ARMS = {"factor": "unique_tokens", "levels": "[1_000, 50_000]", "factors__init_seed": "[1, 2, 3]"}


def dynamics(factor: str = "init_seed", levels: str = "[1, 2, 3]", **keys: str) -> Study:
    """Return a study of 5,000 tokens, evaluated every 1,000."""
    recipe = {"recipe__tokens": "5_000", "recipe__eval_every_tokens": "1_000"}
    return study_of(factor, levels, **({"kind": "dynamics", "repetitions": "1"} | recipe | keys))


def losses(trial: Trial, curve: tuple[float, ...] = RISING) -> list[float]:
    """Return a curve with a little noise that is the trial's own."""
    noise = random.Random(trial.id)
    return [loss + noise.gauss(0, 0.01) for loss in curve]


def run(trial: Trial) -> Mapping[str, Any]:
    """Return what a trial gave: it rises again where it repeats its text more than once."""
    unique = trial.recipe.unique_tokens
    return trajectory(losses(trial, RISING if (unique or 0) < 5_000 else FALLING), unique=unique)


def found(study: Study, changes: Changes = run, rows: pl.Expr | None = None) -> Trajectories:
    """Return the trajectories of a study whose trials gave this; of some rows of its table, or all."""
    table = table_of(study, changes)
    return trajectories_of(trials_of(study, table if rows is None else table.filter(rows)))


def analysed(study: Study, changes: Changes = run, rows: pl.Expr | None = None) -> Findings:
    """Return the findings of such a study."""
    table = table_of(study, changes)
    return analyse(study, table if rows is None else table.filter(rows))


def table_named(findings: Findings, name: str) -> Table:
    """Return one table."""
    return next(table for table in findings.tables if table.name == name)
