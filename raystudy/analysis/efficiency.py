"""The efficiency study: what do the levels of one factor cost in joules, and what do they buy in held-out loss?

observations ──Trials──▶ answer, caveats, tables (conditions, certainty, tests, ...), figures ──▶ Findings
"""

from collections.abc import Sequence

import polars as pl

from raystudy.analysis import boards, certainty, conditions, efficiency_figures, measures, parameter_efficiency, whole
from raystudy.analysis.answer import answer
from raystudy.analysis.caveats import caveats
from raystudy.analysis.facts import facts
from raystudy.analysis.findings import Findings
from raystudy.analysis.trials import trials_of
from raystudy.errors import AnalysisError
from raystudy.record.archive import Baseline
from raystudy.study import Study


def check(study: Study) -> None:
    """Raise AnalysisError where the study could not be analysed, however long it ran."""
    if len(study.factors) != 1:
        raise AnalysisError(
            f"Study {study.name!r} varies {len(study.factors)} factors ({', '.join(study.factors)}); an efficiency "
            "study varies exactly one. Move the others to [recipe], or make a study of each."
        )
    factor, levels = next(iter(study.factors.items()))
    if len(levels) < 2:
        raise AnalysisError(
            f"Study {study.name!r} gives factor {factor!r} one level, {levels[0]}; an efficiency study compares "
            "two or more. Add a level."
        )
    if study.repetitions < 2:
        raise AnalysisError(
            f"Study {study.name!r} has one repetition; without a second one no difference can be told from chance. "
            "Set repetitions to 2 or more; 5 are recommended."
        )


def analyse(study: Study, table: pl.DataFrame, baselines: Sequence[Baseline] = ()) -> Findings:
    """Conclude from the finished trials; raises AnalysisError where there is none, or where corpora mix."""
    check(study)
    trials = trials_of(study, table, baselines)
    return Findings(
        study=study.name,
        question=study.question,
        answer=answer(trials),
        caveats=caveats(trials),
        tables=(
            *conditions.tables(trials),
            *certainty.tables(trials),
            *measures.tables(trials),
            *boards.tables(trials),
            *parameter_efficiency.tables(trials),
            *whole.table(trials),
            conditions.each_trial(trials),
        ),
        figures=efficiency_figures.figures(trials),
        facts=facts(trials),
    )
