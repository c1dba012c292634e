"""The files in jobs/ are studies that can be analysed, and the published one is as published."""

import math
from pathlib import Path

import pytest

from raystudy.analysis import KINDS
from raystudy.study import Recipe, load
from raystudy.training.shapes import SHAPES

JOBS = sorted((Path(__file__).parents[1] / "jobs").glob("*.toml"))

P2 = {
    "model": "llama-4m", "tokenizer": "bpe-4096", "corpus": "tinystories", "unique_tokens": None,
    "tokens": 20_000_000, "eval_every_tokens": 1_000_000, "context": 128, "batch_size": 16, "micro_batch_size": 2,
    "learning_rate": 4e-4, "final_learning_rate_fraction": 0.1, "schedule": "cosine", "warmup_fraction": 0.05,
    "weight_decay": 0.1, "beta1": 0.9, "beta2": 0.95, "clip_norm": 1.0, "precision": "fp32",
}  # fmt: skip
"""What arXiv 2606.13370 tells of its recipe."""
P2_SEEDS = (101, 202, 303, 404, 505, 606)

P3 = {
    "corpus": "mmlu", "heldout_fraction": 0.2, "epochs": 1, "batch_size": 8, "learning_rate": 5e-5, "schedule": "wsd",
    "warmup_fraction": 0.0, "decay_fraction": 1.0, "final_learning_rate_fraction": 0.0, "loss_on": "all",
    "score_by": "whole", "finetuning": "full",
}  # fmt: skip
"""What arXiv 2505.06150 tells of its recipe: one epoch, batch 8, lr 5e-5 falling linearly, the whole text learnt."""


def job(name: str) -> Path:
    """Return the file of a job."""
    return Path(__file__).parents[1] / "jobs" / f"{name}.toml"


def evaluated_at(recipe: Recipe) -> list[int]:
    """Return the steps after which a recipe evaluates: none, and the first past each multiple up to the budget."""
    assert recipe.tokens is not None
    assert recipe.eval_every_tokens is not None
    ends = [*range(0, recipe.tokens, recipe.eval_every_tokens), recipe.tokens]
    return [math.ceil(tokens / (recipe.batch_size * recipe.context)) for tokens in ends]


@pytest.mark.parametrize("file", JOBS, ids=lambda file: file.stem)
def test_a_job_can_be_analysed(file: Path) -> None:
    """Each loads, and would not burn energy for nothing."""
    study = load(file)

    assert KINDS[study.kind].check(study) is None


def test_p1_is_as_published() -> None:
    """Batch 1 x 64, three epochs of 500K, 1M and 2M nominal tokens, fp16, lr 1e-6, n = 50 (arXiv 2601.06649)."""
    study = load(job("efficiency"))
    recipe = study.recipe

    assert 150 == len(list(study.trials()))
    assert (1, 64, 3, "fp16", 1e-6, 1.0) == (
        recipe.batch_size, recipe.context, recipe.epochs, recipe.precision, recipe.learning_rate, recipe.clip_norm,
    )  # fmt: skip
    assert [1_500_000, 3_000_000, 6_000_000] == sorted({t.recipe.nominal_tokens or 0 for t in study.trials()})
    assert 68.16 == study.analysis.pe_cs_tflops


def test_p2_is_as_published() -> None:
    """A Llama of 4,262,144 parameters, a fifth of 2,500 stories held out, seeds that share the order of the data."""
    study = load(job("dynamics"))
    recipe = study.recipe

    assert P2 == recipe.model_dump(include=set(P2))
    assert 4_262_144 == SHAPES[recipe.model].parameters
    assert 2_000 == (recipe.corpus_documents or 0) * (1 - recipe.heldout_fraction)
    assert ({"init_seed": P2_SEEDS}, 1) == (study.factors, study.repetitions)
    assert recipe.order_seed is not None


def test_p2_has_21_intervals() -> None:
    """Its budget is 9,766 steps of 2,048 tokens, 20,000,768 in all; the first million ends with step 489."""
    steps = evaluated_at(load(job("dynamics")).recipe)

    assert (21, 0, 489, 9_766, 20_000_768) == (len(steps), steps[0], steps[1], steps[-1], steps[-1] * 16 * 128)


def test_the_fresh_arm_of_p2_differs_only_in_its_text() -> None:
    """Name and question apart, it has more stories, and as many unique tokens as it trains on."""
    repeated, fresh = load(job("dynamics")), load(job("dynamics_fresh"))
    as_repeated = {name: getattr(repeated.recipe, name) for name in ("corpus_documents", "unique_tokens")}
    back = {"name": repeated.name, "question": repeated.question, "recipe": fresh.recipe.model_copy(update=as_repeated)}

    assert repeated == fresh.model_copy(update=back)
    assert fresh.recipe.unique_tokens == fresh.recipe.tokens


def test_the_laptop_has_p2_in_small() -> None:
    """Two arms of six seeds and 21 intervals; P2's 4.7 tokens for a parameter and 46.7 epochs, and one epoch."""
    study = load(job("dynamics_laptop"))
    tokens = study.recipe.tokens or 0

    assert P2_SEEDS == study.factors["init_seed"]
    assert 21 == len(evaluated_at(study.recipe))
    assert [pytest.approx(46.7, rel=0.02), 1] == [tokens / int(unique) for unique in study.factors["unique_tokens"]]
    assert pytest.approx(4.7, rel=0.02) == tokens / SHAPES[study.recipe.model].parameters


def test_p3_is_as_published() -> None:
    """Four subjects, the three samplers at 20 to 80 % of all tokens, the first seed 42; one more sampler besides."""
    study = load(job("composition"))

    assert P3 == study.recipe.model_dump(include=set(P3))
    assert 42 == study.seed
    assert {"few_long", "many_short", "balanced"} == {*study.factors["sampler"]} - {"stratified"}
    assert (0.2, 0.4, 0.6, 0.8) == study.factors["unique_fraction"]
    assert ("anatomy", "human_aging", "moral_scenarios", "professional_law") == study.factors["corpus_subject"]


def test_the_laptop_pretrains_on_nothing_that_is_held_out() -> None:
    """The text of the training side, divided as the examples are."""
    study = load(job("composition_laptop"))

    assert study.pretraining is not None
    assert "stdlib-areas-text" == study.pretraining.corpus
    assert study.recipe.heldout_fraction == study.pretraining.heldout_fraction
