"""The files in jobs/ are studies that can be analysed, and the published one is as published."""

from pathlib import Path

import pytest

from raystudy.analysis import KINDS
from raystudy.study import load

JOBS = sorted((Path(__file__).parents[1] / "jobs").glob("*.toml"))


@pytest.mark.parametrize("file", JOBS, ids=lambda file: file.stem)
def test_a_job_can_be_analysed(file: Path) -> None:
    """Each loads, and would not burn energy for nothing."""
    study = load(file)

    assert KINDS[study.kind].check(study) is None


def test_p1_is_as_published() -> None:
    """Batch 1 x 64, three epochs of 500K, 1M and 2M nominal tokens, fp16, lr 1e-6, n = 50 (arXiv 2601.06649)."""
    study = load(Path(__file__).parents[1] / "jobs" / "efficiency.toml")
    recipe = study.recipe

    assert 150 == len(list(study.trials()))
    assert (1, 64, 3, "fp16", 1e-6, 1.0) == (
        recipe.batch_size, recipe.context, recipe.epochs, recipe.precision, recipe.learning_rate, recipe.clip_norm,
    )  # fmt: skip
    assert [1_500_000, 3_000_000, 6_000_000] == sorted({t.recipe.nominal_tokens or 0 for t in study.trials()})
    assert 68.16 == study.analysis.pe_cs_tflops
