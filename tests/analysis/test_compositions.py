"""The runs of a study of composition: what names them, which are copies, and what they answer."""

import numpy as np
import polars as pl
import pytest

from raystudy.analysis.compositions import ALL, Answers, Cell, combined, compositions_of
from raystudy.analysis.trials import Trials, trials_of
from raystudy.errors import AnalysisError
from tests.analysis.composing import found_of
from tests.composed import ITEMS, answered, composed, composed_table
from tests.observations import observation, study_of, table, table_of


def answers(blocks: str, examples: str, values: list[list[float]]) -> Answers:
    """Return answers whose blocks and examples have one letter each."""
    return Answers(blocks=tuple(blocks), examples=tuple(examples), values=np.array(values))


def test_a_condition_says_in_words_what_it_is() -> None:
    """A level of the trials holds one of each factor, without seeds."""
    study = composed(factors__order_seed="[1, 2]", factors__learning_rate="[0.001, 0.003]", repetitions=1)
    levels = trials_of(study, table_of(study)).levels

    assert ("tiny-0.1m, 25 %, learning_rate 0.001, few_long", 2 * 3 * 2 * 3) == (levels[0], len(levels))


def test_names_in_their_order() -> None:
    """Samplers as written, but for `all`; budgets by size."""
    found = found_of(fractions="[1.0, 0.5, 0.25]", repetitions=1)

    assert (
        ("stdlib-areas",),
        ("tiny-0.1m", "tiny-1m"),
        ("few_long", "many_short", "balanced", ALL),
        ("25 %", "50 %", "100 %"),
    ) == (found.tasks, found.arms, found.samplers, found.budgets)


def test_an_arm_holds_every_factor_that_cuts_no_budget() -> None:
    """The model comes first, also where it does not vary."""
    study = study_of(
        "sampler",
        '["few_long", "balanced"]',
        kind="composition",
        recipe__corpus='"stdlib-areas"',
        recipe__model='"tiny-1m"',
        factors__unique_tokens="[10_000, 20_000]",
        factors__finetuning='["full", "lora"]',
    )
    found = compositions_of(trials_of(study, table_of(study)))

    assert (("tiny-1m, full", "tiny-1m, lora"), ("10,000", "20,000")) == (found.arms, found.budgets)


def test_subjects_are_tasks() -> None:
    """A subject is a task of its own, and no part of an arm."""
    study = composed(
        repetitions=1,
        recipe__corpus='"mmlu"',
        recipe__corpus_subject='"law"',
        factors__corpus_subject='["law", "anatomy"]',
    )
    found = compositions_of(trials_of(study, table_of(study)))

    assert (("law", "anatomy"), ("tiny-0.1m", "tiny-1m")) == (found.tasks, found.arms)


def test_copies_are_set_aside() -> None:
    """Where the budget is all there is, samplers are one; the one that is written first is kept."""
    found = found_of()
    everything = found.at(sampler=ALL)

    assert (2 * 3 * 2 * 3 + 2 * 3, 2 * 3 * 2, {"few_long"}, {"100 %"}) == (
        found.rows.height,
        found.copies.height,
        set(everything["taken_by"]),
        set(everything["budget"]),
    )


def test_a_copy_names_the_trial_that_it_is_a_copy_of() -> None:
    """Its hash of what ran is that of a trial that is kept."""
    found = found_of()
    pairs = found.copies.join(found.rows, left_on="copy_of", right_on="trial_id", suffix="_kept")

    assert (found.copies.height, True) == (pairs.height, (pairs["ran_sha256"] == pairs["ran_sha256_kept"]).all())


def test_budgets_beyond_all_there_is_are_one() -> None:
    """Two budgets that take every example are copies, and the smaller one names them in every block."""
    study = composed(fractions="[0.9, 1.0]")
    whole = table_of(
        study,
        lambda trial: (
            answered(trial, effect=0, slope=0.3, items=9)
            | {"ran_sha256": f"{trial.recipe.model} {trial.seed}", "sample_examples": 2_000}
        ),
    )
    found = compositions_of(trials_of(study, whole))

    assert ([ALL], ["90 %"], 6) == (list(found.samplers), list(found.budgets), found.rows.height)


def test_answers_of_a_configuration() -> None:
    """One value for each seed and held-out example; their mean is that of the trials' accuracies."""
    found = found_of()
    cell = Cell(task="stdlib-areas", arm="tiny-1m", sampler="few_long", budget="25 %")
    correct = found.answered[cell]["correct"]

    assert (("r01", "r02", "r03"), (3, ITEMS), found.runs(cell)["accuracy"].to_list()) == (
        correct.blocks,
        correct.values.shape,
        correct.values.mean(axis=1).tolist(),
    )


def test_sums_are_of_what_all_were_asked() -> None:
    """Values are matched by block and example; what one of them lacks is left out."""
    first = answers("ab", "xyz", [[1, 2, 3], [4, 5, 6]])
    second = answers("cb", "zwx", [[9, 9, 9], [30, 0, 10]])
    found = combined([(2.0, first), (-1.0, second)])

    assert (("b",), ("x", "z"), [[2 * 4 - 10, 2 * 6 - 30]]) == (found.blocks, found.examples, found.values.tolist())


def test_pretrainings_are_no_results() -> None:
    """They are kept apart, and are nothing that the study file does not ask for."""
    study = composed(pretraining__corpus='"stdlib-areas-text"', pretraining__tokens="100_000")
    before = table(observation(trial, study=study) for trial in study.pretrainings())
    trials = trials_of(study, pl.concat([composed_table(study), before]))

    assert (["tiny-0.1m", "tiny-1m"], 0, 2 * 3 * 3 * 3) == (
        trials.pretrainings["model"].to_list(),
        trials.n_left_out,
        trials.rows.height,
    )


def of_subjects(varies: str) -> Trials:
    """Return the trials of two subjects, whose corpora differ by this field of the recipe."""
    study = composed(
        repetitions=1,
        recipe__corpus='"mmlu"',
        recipe__corpus_subject='"law"',
        factors__corpus_subject='["law", "anatomy"]',
    )
    whole = table_of(study, lambda trial: {"corpus_fingerprint": str(getattr(trial.recipe, varies))})
    return trials_of(study, whole)


def test_subjects_have_texts_of_their_own() -> None:
    """Two corpora of two tasks are no mistake."""
    assert 2 * 2 * 3 * 3 == of_subjects("corpus_subject").rows.height


def test_two_texts_of_one_task_are_refused() -> None:
    """Answers to other examples cannot be compared."""
    with pytest.raises(AnalysisError, match="2 different corpora"):
        of_subjects("model")
