"""A study of composition that nobody ran, in the real schema, with effects that are known.

study file text ──composed──▶ Study ──table_of, answered──▶ polars
"""

import hashlib
from typing import Any

import numpy as np
import polars as pl

from raystudy.record.labelled import HeldoutAnswer
from raystudy.record.schema import Float32
from raystudy.study import Study, Trial
from tests.observations import study_of, table_of

PARAMETERS = {"tiny-0.1m": 100_000, "tiny-0.3m": 300_000, "tiny-1m": 1_000_000}
LENGTHS = {"few_long": 100.0, "many_short": 20.0, "balanced": 40.0, "stratified": 50.0}
"""Mean tokens of an example, where the budget is not all there is."""
ALL_TOKENS = 100_000
ITEMS = 200


def composed(
    samplers: str = '["few_long", "many_short", "balanced"]',
    *,
    models: str = '["tiny-0.1m", "tiny-1m"]',
    fractions: str = "[0.25, 0.5, 1.0]",
    repetitions: int = 3,
    **keys: str,
) -> Study:
    """Return the study: samplers x models x fractions x repetitions, on stdlib-areas where `keys` do not say other."""
    return study_of(
        "sampler",
        samplers,
        kind="composition",
        repetitions=str(repetitions),
        factors__model=models,
        factors__unique_fraction=fractions,
        **{"recipe__corpus": '"stdlib-areas"'} | keys,
    )


def composed_table(study: Study, *, effect: float = 0.0, slope: float = 0.3, items: int = ITEMS) -> pl.DataFrame:
    """
    Return its table: the logit of a right answer is -1 + slope ln(V / 1,000) + .2 ln(M / 100,000) + its difficulty.

    `effect` is added to the logit of few_long. Difficulties (SD 1) belong to the held-out examples, which all trials
    share; a seed moves all answers of its trial by SD .1. Where the fraction is 1, all samplers took everything.
    """
    return table_of(study, lambda trial: answered(trial, effect=effect, slope=slope, items=items))


def answered(trial: Trial, *, effect: float, slope: float, items: int) -> dict[str, Any]:
    """Return the changes of one trial."""
    recipe = trial.recipe
    fraction = 1.0 if recipe.unique_fraction is None else recipe.unique_fraction
    whole, tokens = fraction == 1.0, int(fraction * ALL_TOKENS)
    sampler = "all" if whole else recipe.sampler
    length = 50.0 if whole else LENGTHS[recipe.sampler]
    key = f"{recipe.corpus_subject}/{recipe.model}/{sampler}/{fraction}/{trial.seed}"
    rng = np.random.default_rng(int(hashlib.sha256(key.encode()).hexdigest()[:8], 16))
    logit = -1 + slope * np.log(tokens / 1e3) + 0.2 * np.log(PARAMETERS[recipe.model] / 1e5)
    logit += (effect if sampler == "few_long" else 0.0) + rng.normal(0, 0.1)
    difficulty = np.random.default_rng(0).normal(0, 1, items)
    p = 1 / (1 + np.exp(-logit - difficulty))
    correct = rng.random(items) < p
    answers = tuple(
        HeldoutAnswer(
            example=f"{item:012x}",
            correct=bool(correct[item]),
            loglik=Float32(float(np.log(p[item]))),
            correct_before=item % 7 == 0,
            loglik_before=Float32(-2.0),
        )
        for item in range(items)
    )
    positions = tokens * (1.1 if sampler == "many_short" else 1.3)
    flops = 6.0 * PARAMETERS[recipe.model] * positions
    loglik = float(np.log(p).mean())
    return {
        "ran_sha256": hashlib.sha256(key.encode()).hexdigest(),
        "base_sha256": hashlib.sha256(recipe.model.encode()).hexdigest(),
        "parameters": PARAMETERS[recipe.model],
        "parameters_trained": PARAMETERS[recipe.model],
        "train_examples": int(ALL_TOKENS / 50),
        "sample_budget_tokens": tokens,
        "sample_examples": int(tokens / length),
        "sample_mean_tokens": length,
        "sample_tokens": int(tokens / length) * int(length),
        "sample_distinct": int(tokens / length),
        "sample_cut": 0,
        "sample_classes": 7,
        "sample_sha256": hashlib.sha256(f"{sampler}{fraction}".encode()).hexdigest(),
        "classes": 7,
        "heldout_examples": items,
        "heldout_cut": 0,
        "accuracy": float(correct.mean()),
        "accuracy_low": max(float(correct.mean()) - 0.05, 0.0),
        "accuracy_high": min(float(correct.mean()) + 0.05, 1.0),
        "accuracy_zero_shot": float(np.mean([answer.correct_before for answer in answers])),
        "accuracy_majority": 0.2,
        "accuracy_constant": 0.25,
        "accuracy_chance": 1 / 7,
        "answer_loglik": loglik,
        "answer_loglik_low": loglik - 0.05,
        "answer_loglik_high": loglik + 0.05,
        "answer_loglik_zero_shot": -2.0,
        "heldout_answers": answers,
        "loss_heldout": -loglik,
        "loss_initial": 2.0,
        "tokens_seen": tokens,
        "tokens_padding": int(positions - tokens),
        "tokens_unique": tokens,
        "epochs_seen": 1.0,
        "flops": flops,
        "train_s": flops / 1e11,
        "energy_j": flops / 1e9,
        "energy_u_j": flops / 1e11,
    }
