"""What the samplers took: N x L = tokens in every row, and what belongs together is one row."""

import polars as pl
import pytest

from raystudy.analysis.composition_samples import tables
from raystudy.analysis.compositions import compositions_of
from raystudy.analysis.trials import trials_of
from raystudy.study import Study, Trial
from tests.composed import answered, composed
from tests.observations import Changes, table_of


def made(trial: Trial) -> dict[str, object]:
    """Return the changes of a trial."""
    return answered(trial, effect=0.0, slope=0.3, items=2)


def frame(study: Study, changes: Changes = made) -> pl.DataFrame:
    """Return the table of samples."""
    (table,) = tables(compositions_of(trials_of(study, table_of(study, changes))))
    return table.frame


def test_examples_times_length_are_the_tokens() -> None:
    """N x L = tokens in every row, also where seeds took different numbers of examples."""
    uneven = frame(
        composed(), lambda trial: made(trial) | {"sample_examples": 10 + trial.seed, "sample_tokens": 900 + trial.seed}
    )

    assert uneven["tokens"].to_list() == pytest.approx((uneven["N"] * uneven["L"]).to_list())


def test_models_that_read_the_same_tokens_share_a_row() -> None:
    """Two models, three samplers, two budgets, and one that takes everything: seven rows."""
    samples = frame(composed())

    assert 7 == samples.height
    assert ["25 %", "100 %"] == [samples["budget"][0], samples["budget"][-1]]
    assert "all" == samples["sampler"][-1]


def test_models_with_tokens_of_their_own_have_rows_of_their_own() -> None:
    """A tokenizer counts its own tokens: its model is named."""
    samples = frame(composed(), lambda trial: made(trial) | {"tokenizer_fingerprint": trial.recipe.model})

    assert 14 == samples.height
    assert {"tiny-0.1m", "tiny-1m"} == set(samples["models"])


def test_budgets_that_are_not_filled_show_it() -> None:
    """900 of 1,000 tokens are 90 %; 100 of 1,000 positions that were padding are 10 %."""
    short = {"sample_tokens": 900, "sample_budget_tokens": 1000, "tokens_seen": 900, "tokens_padding": 100}
    samples = frame(composed(), lambda trial: made(trial) | short)

    assert {90.0} == set(samples["filled, %"].round(9))
    assert {10.0} == set(samples["padding, %"].round(9))


def test_samples_that_seeds_drew_are_counted() -> None:
    """Three seeds with a sample each drew three; where all took the same examples, one."""
    samples = frame(
        composed(),
        lambda trial: made(trial) | ({"sample_sha256": f"{trial.seed}"} if trial.recipe.sampler == "balanced" else {}),
    )
    drawn = dict(samples.filter(pl.col("budget") == "25 %").select("sampler", "samples").iter_rows())

    assert {"few_long": 1, "many_short": 1, "balanced": 3} == drawn


@pytest.mark.parametrize(
    ("factor", "levels", "named"),
    [
        ("batch_size", "[8, 16]", "batch_size 8"),
        ("epochs", "[1, 2]", "epochs 1"),
        ("context", "[32, 64]", "context 32"),
    ],
)
def test_steps_of_other_batches_are_not_averaged(factor: str, levels: str, named: str) -> None:
    """What changes the steps or the tokens of a sample makes rows of its own."""
    one = composed(models='["tiny-1m"]', fractions="[0.25]", repetitions=1, **{f"factors__{factor}": levels})
    samples = frame(one, lambda trial: made(trial) | {"ran_sha256": trial.id, "steps": trial.recipe.batch_size})

    assert (6, True) == (samples.height, any(named in models for models in samples["models"]))
