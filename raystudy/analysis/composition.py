"""The composition study: does it matter how a token budget is cut into examples, and by which sampler?

observations ──Trials──▶ Compositions ──▶ answer, caveats, tables (conditions, samplers, ...), figures ──▶ Findings
"""

from collections.abc import Sequence

import polars as pl

from raystudy.analysis import (
    composition_conditions,
    composition_cost,
    composition_figures,
    composition_law,
    composition_matched,
    composition_samplers,
    composition_samples,
    conditions,
    whole,
)
from raystudy.analysis.composition_answer import answer
from raystudy.analysis.composition_caveats import caveats
from raystudy.analysis.compositions import compositions_of
from raystudy.analysis.facts import facts
from raystudy.analysis.findings import Findings
from raystudy.analysis.trials import BUDGETS, trials_of
from raystudy.errors import AnalysisError
from raystudy.record.archive import Baseline
from raystudy.study import Recipe, Study


def check(study: Study) -> None:
    """Raise AnalysisError where the study could not be analysed, however long it ran."""
    recipes = [condition.applied_to(study.recipe) for condition in study.conditions]
    _labelled(study, recipes)
    _several_samplers(study)
    _a_budget(study, recipes)
    _whole_passes(study, recipes)
    _repetitions_differ(study, recipes)
    _heldout_unseen(study, recipes)


def _labelled(study: Study, recipes: Sequence[Recipe]) -> None:
    if plain := sorted({recipe.corpus for recipe in recipes if not recipe.labelled}):
        raise AnalysisError(
            f"Study {study.name!r} trains on {', '.join(plain)}, plain text; a study of composition needs examples "
            'with a right answer. Set recipe.corpus to "stdlib-areas", "mmlu" or "labelled".'
        )


def _several_samplers(study: Study) -> None:
    if len(study.factors.get("sampler", ())) < 2:
        raise AnalysisError(
            f"Study {study.name!r} cuts its budgets in one way only; a study of composition compares two or more. Give "
            'factors.sampler, such as ["few_long", "many_short", "balanced", "stratified"].'
        )


def _a_budget(study: Study, recipes: Sequence[Recipe]) -> None:
    if all(recipe.unique_tokens is None and recipe.unique_fraction in (None, 1.0) for recipe in recipes):
        raise AnalysisError(
            f"Study {study.name!r} varies the sampler but gives no budget below all there is, so every sampler would "
            f"take the same examples. Give factors.{BUDGETS[0]}, such as [0.2, 0.4, 0.6], or factors.{BUDGETS[1]}."
        )


def _whole_passes(study: Study, recipes: Sequence[Recipe]) -> None:
    """Refuse trainings that end elsewhere than after whole passes over the examples of their sampler."""
    if any(recipe.tokens is not None for recipe in recipes):
        raise AnalysisError(
            f"Study {study.name!r} gives tokens, so the examples of each sampler would be passed over another number "
            f"of times. Say with {BUDGETS[0]} or {BUDGETS[1]} how many tokens a sampler may take, and with epochs how "
            "often they are passed over."
        )
    if rules := sorted({recipe.stop for recipe in recipes} - {"budget"}):
        raise AnalysisError(
            f'Study {study.name!r} sets stop = "{rules[0]}", which ends each training at a budget of its own, and '
            'equal budgets are what is compared. Leave it out, or write stop = "budget".'
        )


def _repetitions_differ(study: Study, recipes: Sequence[Recipe]) -> None:
    """Refuse repetitions that would be copies; a built model that is pretrained draws nothing but its adapters."""
    for recipe in recipes if study.repetitions > 1 else ():
        starts_alike = recipe.init_seed is not None or (study.pretraining is not None and recipe.finetuning == "full")
        if starts_alike and recipe.order_seed is not None:
            raise AnalysisError(
                f"Study {study.name!r} runs each trial {study.repetitions} times from the same weights and with "
                f"order_seed = {recipe.order_seed}, so its repetitions would be copies. Leave order_seed out: each "
                "repetition has a seed of its own; or set repetitions = 1."
            )


def _heldout_unseen(study: Study, recipes: Sequence[Recipe]) -> None:
    """Refuse a pretraining that reads what the models are asked afterwards."""
    before = study.pretraining
    kept = [recipe.heldout_fraction for recipe in recipes if recipe.corpus == "stdlib-areas"]
    if before is None or not kept:
        return
    if before.corpus == "stdlib":
        raise AnalysisError(
            f"Study {study.name!r} pretrains on stdlib, which holds the examples of stdlib-areas that its models are "
            'asked afterwards. Set pretraining.corpus to "stdlib-areas-text", which leaves them out.'
        )
    if before.corpus == "stdlib-areas-text" and before.heldout_fraction < max(kept):
        raise AnalysisError(
            f"Study {study.name!r} keeps {before.heldout_fraction:g} of stdlib-areas-text from its pretraining and "
            f"asks {max(kept):g} of stdlib-areas afterwards, so its models have read some of what they are asked. Set "
            f"pretraining.heldout_fraction to {max(kept):g}."
        )


def analyse(study: Study, table: pl.DataFrame, baselines: Sequence[Baseline] = ()) -> Findings:
    """Conclude from the finished trials; raises AnalysisError where there is none, or where corpora mix."""
    check(study)
    trials = trials_of(study, table, baselines)
    found = compositions_of(trials)
    return Findings(
        study=study.name,
        question=study.question,
        answer=answer(found),
        caveats=caveats(found),
        tables=(
            *composition_conditions.tables(found),
            *composition_samplers.tables(found),
            *composition_matched.tables(found),
            *composition_samples.tables(found),
            *composition_law.tables(found),
            *composition_cost.tables(found),
            *whole.table(trials),
            conditions.each_trial(trials),
        ),
        figures=composition_figures.figures(found),
        facts=facts(trials),
        in_paragraphs=True,
    )
