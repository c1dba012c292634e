"""Laws of composition: which is best, whether only volume counts, and when nothing is told."""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from raystudy.analysis.composition_law import tables, volume_sentence, volume_tested
from raystudy.analysis.composition_rivals import CLEARLY, Contest, accuracy_of, best_law, contest, samples_of
from raystudy.analysis.compositions import Compositions, compositions_of
from raystudy.analysis.findings import Table
from raystudy.analysis.trials import trials_of
from raystudy.stats.powerlaw.compare import VolumeTest
from raystudy.study import Study, Trial
from tests.composed import PARAMETERS, answered, composed
from tests.observations import study_of, table_of

THREE = '["tiny-0.1m", "tiny-0.3m", "tiny-1m"]'


@cache
def found(*, length: float = 0.3, models: str = THREE, fractions: str = "[0.1, 0.2, 0.4, 0.8]") -> Compositions:
    """Return a study whose accuracies are .9 - 2 N^-.3 L^-length M^-.05, and noise of a thousandth."""
    study = composed(models=models, fractions=fractions, repetitions=2)
    return compositions_of(trials_of(study, table_of(study, lambda trial: of_law(trial, length))))


def of_law(trial: Trial, length: float) -> dict[str, object]:
    """Return the changes of one trial, with outcomes by the law."""
    changes = answered(trial, effect=0.0, slope=0.3, items=4)
    n, mean, m = changes["sample_examples"], changes["sample_mean_tokens"], PARAMETERS[trial.recipe.model]
    noise = 0.001 * np.random.default_rng([trial.seed, n, int(mean), m]).normal()
    accuracy = 0.9 - 2 * n**-0.3 * mean**-length * m**-0.05 + noise
    return changes | {"accuracy": accuracy, "answer_loglik": float(np.log(accuracy))}


@cache
def told() -> dict[str, Table]:
    """Return the tables of the law of volume."""
    return {table.name: table for table in tables(found())}


def test_configurations_are_the_rows_of_a_law() -> None:
    """Seeds are averaged: three models, samplers and four budgets make 36 rows of 72 runs."""
    outcome = accuracy_of(found(), "stdlib-areas")

    assert (36, {"N", "L", "M"}) == (outcome.y.size, set(outcome.inputs))


def test_the_inputs_multiply_to_the_tokens() -> None:
    """N x L are the tokens really used, whatever rounding the mean length had."""
    inputs = accuracy_of(found(), "stdlib-areas").inputs
    used = found().rows["sample_tokens"].unique().to_list()

    assert set(used) == set(np.round(inputs["N"] * inputs["L"], 6))


def test_volume_is_not_rejected_where_it_is_true() -> None:
    """With equal exponents F is small, and the sentence proves nothing."""
    sentence = volume_sentence(found())

    assert sentence is not None
    assert sentence.startswith("That only the volume N x L counts is not rejected (F(1, 8) = ")
    assert sentence.endswith("which does not prove it.")


def test_volume_is_rejected_where_length_does_nothing() -> None:
    """Where only the number of examples counts, one exponent for both is not enough."""
    sentence = volume_sentence(found(length=0.0))

    assert sentence is not None
    assert sentence.startswith("That only the volume N x L counts is rejected (F(1, 8) = ")


def test_models_that_share_samples_are_one_row() -> None:
    """Three models of 12 samples make 12 rows, each the mean of the models; N and L are those of the sample."""
    outcome = samples_of(found(), "stdlib-areas")
    rows = found().rows.filter(pl.col("sampler") == "few_long", pl.col("budget") == "10 %")

    assert (12, {"N", "L"}) == (outcome.y.size, set(outcome.inputs))
    assert pytest.approx(rows["accuracy"].mean()) == outcome.y[0]


def test_a_sample_that_some_model_lacks_is_no_row() -> None:
    """Means of other models would pass for an effect of the sample."""
    study = composed(models=THREE, fractions="[0.1, 0.2, 0.4, 0.8]", repetitions=2)
    table = table_of(study, lambda trial: of_law(trial, 0.3)).filter(
        (pl.col("model") != "tiny-1m") | (pl.col("sampler") != "few_long")
    )

    assert 8 == samples_of(compositions_of(trials_of(study, table)), "stdlib-areas").y.size


def test_tokenizers_of_their_own_have_no_common_law() -> None:
    """N x L of one model are no tokens of another: no law is fitted, and the answer says why."""
    own = composed(fractions="[0.25, 0.5]", repetitions=1)
    several = compositions_of(
        trials_of(own, table_of(own, lambda trial: unlike(trial) | {"tokenizer_fingerprint": trial.recipe.model}))
    )

    assert () == tables(several)
    assert (
        "Whether only the volume N x L counts cannot be tested: the models have 2 different tokenizers, so N x L "
        "counts other tokens in each."
    ) == volume_sentence(several)


def test_the_note_names_constants_only_where_they_are_told() -> None:
    """Of laws that the data do not tell there are no constants below."""
    flat = of(composed(models='["tiny-1m"]', fractions="[0.1, 0.2, 0.4]", repetitions=1))
    (untold,) = (table for table in tables(flat) if table.name == "volume-test")

    assert "the constants of the law split below" in told()["volume-test"].note
    assert untold.note.endswith("Not rejected is not proven.")


@pytest.mark.parametrize(("ahead", "start"), [(CLEARLY - 0.1, "By AICc no law is"), (CLEARLY, "By AICc the law ")])
def test_a_law_must_be_clearly_better(ahead: float, start: str) -> None:
    """By less than two AICc a law is not called better than a mean."""
    law = contest(accuracy_of(found(), "stdlib-areas"))
    assert law.law is not None
    best, mean = replace(law.law, aicc=10.0), replace(law.mean, aicc=10.0 + ahead)

    assert best_law(Contest(outcome=law.outcome, rivals=(best, mean), errors=law.errors)).startswith(start)


def test_held_out_errors_are_told_beside_aicc() -> None:
    """Both rankings are named by what they rank, for they may differ."""
    law = contest(accuracy_of(found(), "stdlib-areas"))

    assert " By configurations left out in turn, " in best_law(law)
    assert " and a constant by " in best_law(law)


def test_volume_cannot_be_tested_without_an_effect() -> None:
    """Accuracies that nothing explains have no exponents to be compared."""
    outcome = samples_of(found(), "stdlib-areas")
    shuffled = np.random.default_rng(1).permutation(outcome.y)
    flat = replace(outcome, y=shuffled)

    assert "N, L explain the accuracy no better than a constant does (5 %)" == volume_tested(flat)


def test_volume_cannot_be_tested_on_few_configurations() -> None:
    """Two samplers of two budgets have no row more than the law has constants."""
    few = of(composed('["few_long", "many_short"]', models='["tiny-1m"]', fractions="[0.25, 0.5]"))

    assert "4 samples are too few for the 4 constants of the law split" == volume_tested(
        samples_of(few, "stdlib-areas")
    )


def test_volume_cannot_be_tested_at_one_volume() -> None:
    """At one budget more examples are shorter ones: what each does cannot be told apart."""
    one = of(composed(models='["tiny-1m"]', fractions="[0.25]"))

    tested = volume_tested(samples_of(one, "stdlib-areas"))

    assert isinstance(tested, str)
    assert tested.startswith("N and L move together")


def test_a_factor_that_the_law_does_not_see_is_no_noise() -> None:
    """Where the learning rate varies too, no law is fitted, and the answer says why."""
    several = of(composed(factors__learning_rate="[0.001, 0.01]", repetitions=1))

    assert () == tables(several)
    assert (
        "Whether only the volume N x L counts cannot be tested: the study varies more than models, samplers and "
        "budgets (tiny-0.1m, learning_rate 0.001), which no law here sees."
    ) == volume_sentence(several)


def of(study: Study) -> Compositions:
    """Return the runs of a study, none of them a copy."""
    return compositions_of(trials_of(study, table_of(study, unlike)))


def unlike(trial: Trial) -> dict[str, object]:
    """Return the changes of a trial that is no copy of another."""
    return answered(trial, effect=0.0, slope=0.3, items=4) | {
        "ran_sha256": trial.id,
        "corpus_fingerprint": f"{trial.recipe.corpus_subject}",
    }


def test_tasks_have_laws_of_their_own() -> None:
    """Each subject is told of by name, in the sentence and in the tables."""
    subjects = study_of(
        "sampler",
        '["few_long", "many_short"]',
        kind="composition",
        repetitions="1",
        recipe__corpus='"mmlu"',
        recipe__corpus_subject='"anatomy"',
        factors__corpus_subject='["anatomy", "human_aging"]',
        factors__unique_fraction="[0.25, 0.5]",
        recipe__model='"tiny-1m"',
    )
    several = of(subjects)
    (test,) = (table for table in tables(several) if table.name == "volume-test")

    assert "N x L of human_aging counts cannot be tested" in (volume_sentence(several) or "")
    assert ["anatomy", "human_aging"] == test.frame["task"].to_list()


def test_a_true_law_is_best() -> None:
    """A law beats a mean per model by AICc, and by what it foretells of what was left out."""
    law = contest(accuracy_of(found(), "stdlib-areas"))

    assert law.law is not None
    assert law.law.form in {"volume", "saturating"}  # one and the same, where the exponents are below zero
    assert best_law(law).startswith(f"By AICc the law {law.law.form} is best, ")
    assert (law.errors["volume"] or 1.0) < 0.2 * (law.errors["mean per model"] or 0.0)


def test_no_law_is_better_where_nothing_counts() -> None:
    """Accuracies that differ between models alone are told best by a mean per model."""
    rows = found().rows.with_columns(accuracy=pl.col("parameters").log() / 20 + pl.col("position") % 7 * 1e-3)
    flat = Compositions(
        trials=found().trials,
        rows=rows,
        copies=found().copies,
        tasks=found().tasks,
        arms=found().arms,
        samplers=found().samplers,
        budgets=found().budgets,
        answered=found().answered,
    )
    law = contest(accuracy_of(flat, "stdlib-areas"))

    assert best_law(law).startswith("By AICc no law is better than a mean per model; the best one is ")


def test_one_model_has_a_law_without_m() -> None:
    """Where the size does not vary, M is left out, and a constant is what must be beaten."""
    law = contest(accuracy_of(found(models='["tiny-1m"]'), "stdlib-areas"))

    assert {"N", "L"} == set(law.outcome.inputs)
    assert "mean per model" not in {rival.form for rival in law.rivals}


def test_constants_are_those_of_the_law() -> None:
    """The exponent of the volume is within its interval, which a bootstrap over configurations gave."""
    frame = told()["law"].frame
    (row,) = frame.filter((pl.col("law") == "volume") & (pl.col("constant") == "beta")).iter_rows(named=True)

    assert row["95 % from"] < -0.3 < row["to"]


@pytest.mark.parametrize("name", ["rivals", "rivals-loss"])
def test_rivals_are_weighed(name: str) -> None:
    """Akaike's weights of each outcome add up to one, and every rival tells what it misses."""
    frame = told()[name].frame
    off = next(column for column in frame.columns if column.startswith("off by"))

    assert pytest.approx(1.0) == frame["weight"].sum()
    assert 0 == frame[off].null_count()


def test_the_test_stands_in_a_table() -> None:
    """The table of the test has the F of the sentence."""
    tested = volume_tested(samples_of(found(), "stdlib-areas"))
    (row,) = told()["volume-test"].frame.iter_rows(named=True)

    assert isinstance(tested, VolumeTest)
    assert (tested.f, tested.p) == (row["F"], row["p"])


def rectified(trial: Trial) -> dict[str, object]:
    """Return what a trial gives whose loss is 1 + 300 / (200 + D^.6), of any model, and a little of its own."""
    given = answered(trial, effect=0.0, slope=0.3, items=20)
    noise = np.random.default_rng(trial.position).normal(0, 1e-3)
    return given | {"answer_loglik": -(1 + 300 / (200 + float(given["sample_tokens"]) ** 0.6)) - noise}


def test_a_best_law_that_knows_no_size_has_constants_too() -> None:
    """The rectified law takes D alone, whatever models there are."""
    study = composed(models=THREE, fractions="[0.01, 0.03, 0.1, 0.2, 0.4, 0.8]")
    shown = {table.name: table for table in tables(compositions_of(trials_of(study, table_of(study, rectified))))}

    assert any("rectified" in law for law in shown["law"].frame["law"])
