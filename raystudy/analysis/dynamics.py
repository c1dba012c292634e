"""The dynamics study: how does the held-out loss go over the tokens, seed by seed, and what does each interval cost?

observations ──Trials──▶ Trajectories ──▶ answer, caveats, tables (trajectory, telemetry, ...), figures ──▶ Findings
"""

import math
from collections.abc import Sequence

import polars as pl

from raystudy.analysis import (
    conditions,
    dynamics_energy,
    dynamics_figures,
    dynamics_law,
    dynamics_runs,
    dynamics_tables,
    dynamics_tests,
    dynamics_verdict,
    whole,
)
from raystudy.analysis.dynamics_answer import answer
from raystudy.analysis.dynamics_caveats import caveats
from raystudy.analysis.facts import facts
from raystudy.analysis.findings import Findings
from raystudy.analysis.trajectories import trajectories_of
from raystudy.analysis.trials import SEEDS, trials_of
from raystudy.errors import AnalysisError
from raystudy.record.archive import Baseline
from raystudy.study import Recipe, Study

LEAST_INTERVALS = 3
"""That of zero tokens, and two more: fewer cannot fall and rise again."""


def check(study: Study) -> None:
    """Raise AnalysisError where the study could not be analysed, however long it ran."""
    _one_arm(study)
    _several_seeds(study)
    for condition in study.conditions:
        _several_intervals(study, condition.applied_to(study.recipe))


def _one_arm(study: Study) -> None:
    arms = [factor for factor in study.factors if factor not in SEEDS]
    if len(arms) > 1:
        raise AnalysisError(
            f"Study {study.name!r} varies {' and '.join(arms)}; a study of dynamics varies init_seed, order_seed, and "
            "at most one other factor. Move the others to [recipe], or make a study of each."
        )


def _several_seeds(study: Study) -> None:
    named = [seed for seed in SEEDS if seed in study.factors or getattr(study.recipe, seed) is not None]
    if len(named) == len(SEEDS) and study.repetitions > 1:
        raise AnalysisError(
            f"Study {study.name!r} names init_seed and order_seed and has {study.repetitions} repetitions, which would "
            "be copies of each other. Set repetitions to 1, and give more seeds under [factors] instead."
        )
    seeds = study.repetitions * math.prod(len(study.factors.get(seed, (0,))) for seed in SEEDS)
    if seeds < 2:
        raise AnalysisError(
            f"Study {study.name!r} trains with one seed; without a second one nothing can be told from chance. Give "
            "factors.init_seed two levels or more; 6 are recommended."
        )


def _several_intervals(study: Study, recipe: Recipe) -> None:
    every, budget = recipe.eval_every_tokens, recipe.nominal_tokens
    if every is None:
        raise AnalysisError(
            f"Study {study.name!r} does not evaluate during the training, so there is no trajectory. Give "
            "recipe.eval_every_tokens, such as a twentieth of the tokens."
        )
    intervals = LEAST_INTERVALS if budget is None else 1 + math.ceil(budget / every)
    if intervals < LEAST_INTERVALS:
        raise AnalysisError(
            f"Study {study.name!r} evaluates every {every:,} of {budget:,} tokens, {intervals} intervals with that of "
            f"zero tokens; a trajectory has {LEAST_INTERVALS} or more. Lower eval_every_tokens."
        )


def analyse(study: Study, table: pl.DataFrame, baselines: Sequence[Baseline] = ()) -> Findings:
    """Conclude from the finished trials; raises AnalysisError where there is none, or where corpora mix."""
    check(study)
    trials = trials_of(study, table, baselines)
    found = trajectories_of(trials)
    return Findings(
        study=study.name,
        question=study.question,
        answer=answer(found),
        caveats=caveats(found),
        tables=(
            *dynamics_verdict.tables(found),
            *dynamics_tests.tables(found),
            *dynamics_energy.tables(found),
            *dynamics_tables.tables(found),
            *dynamics_law.tables(found),
            *dynamics_runs.tables(found),
            *whole.table(trials),
            conditions.each_trial(trials),
        ),
        figures=dynamics_figures.figures(found),
        facts=facts(trials),
    )
