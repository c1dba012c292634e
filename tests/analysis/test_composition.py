"""The composition study: what is refused before it burns energy, and what it finds."""

import polars as pl
import pytest
from rich.console import Console

from raystudy import report
from raystudy.analysis import KINDS, composition_conditions, whole
from raystudy.analysis.facts import facts
from raystudy.analysis.trials import trials_of
from raystudy.errors import AnalysisError
from raystudy.study import Study
from tests.analysis.composing import findings_of, found_of, table_named
from tests.composed import composed, composed_table
from tests.observations import observation, study_of
from tests.observations import table as table_of_all

KIND = KINDS["composition"]
AREAS = '"stdlib-areas"'


def made(samplers: str = '["few_long", "many_short"]', **keys: str) -> Study:
    """Return a study of one model, without a budget where `keys` give none."""
    return study_of("sampler", samplers, kind="composition", **{"recipe__corpus": AREAS} | keys)


def test_a_study_as_it_should_be_is_not_refused() -> None:
    """Samplers, budgets and a task; one repetition and one budget are enough to look at."""
    study = made(factors__unique_fraction="[0.5]", repetitions="1")

    assert KIND.check(study) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    "keys",
    [
        {"recipe__order_seed": "1"},
        {"recipe__order_seed": "1", "pretraining__corpus": '"stdlib-areas-text"', "recipe__finetuning": '"lora"'},
        {"recipe__init_seed": "1"},
    ],
)
def test_repetitions_that_differ_are_not_refused(keys: dict[str, str]) -> None:
    """Other weights, other adapters, or another order make them more than copies."""
    assert KIND.check(made(factors__unique_fraction="[0.5]", **keys)) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("study", "message"),
    [
        (
            made('["stratified"]', recipe__corpus='"stdlib"', factors__unique_fraction="[0.5]"),
            "trains on stdlib, plain text",
        ),
        (made('["few_long"]', factors__unique_fraction="[0.5]"), "cuts its budgets in one way only"),
        (
            made(factors__unique_fraction="[0.5]", recipe__tokens="1_000"),
            "gives tokens, so the examples of each sampler would be passed over another number of times",
        ),
        (
            made(factors__unique_fraction="[0.5]", factors__tokens="[1_000, 2_000]"),
            "Say with unique_fraction or unique_tokens how many",
        ),
        (
            made(factors__unique_fraction="[0.5]", recipe__eval_every_tokens="1_000", recipe__stop='"patience"'),
            'sets stop = "patience", which ends each training at a budget of its own',
        ),
        (
            made(factors__unique_fraction="[0.5]", recipe__order_seed="1", recipe__init_seed="1"),
            "runs each trial 5 times from the same weights and with order_seed = 1",
        ),
        (
            made(
                factors__unique_fraction="[0.5]",
                factors__order_seed="[1, 2]",
                pretraining__corpus='"stdlib-areas-text"',
            ),
            "order_seed = 1, so its repetitions would be copies",
        ),
        (made(), "gives no budget below all there is"),
        (made(factors__unique_fraction="[1.0]"), "gives no budget below all there is"),
        (
            made(factors__unique_fraction="[0.5]", pretraining__corpus='"stdlib"'),
            'Set pretraining.corpus to "stdlib-areas-text"',
        ),
        (
            made(
                factors__unique_fraction="[0.5]",
                recipe__heldout_fraction="0.3",
                pretraining__corpus='"stdlib-areas-text"',
            ),
            "Set pretraining.heldout_fraction to 0.3",
        ),
    ],
)
def test_refused(study: Study, message: str) -> None:
    """What could not be analysed is said in one or two sentences, with what to write."""
    with pytest.raises(AnalysisError, match=message):
        KIND.check(study)


def test_two_kinds_of_budget_are_refused_with_the_study() -> None:
    """A recipe has one budget, so no study can vary both."""
    with pytest.raises(Exception, match="unique_tokens or unique_fraction"):
        made(factors__unique_fraction="[0.5]", factors__unique_tokens="[1_000]")


def test_tables_in_the_order_of_their_questions() -> None:
    """How well, what samplers change, at equal cost; then samples, laws, cost, and every trial."""
    names = [table.name for table in findings_of(effect=1.0).tables]

    assert (["conditions", "samplers", "samplers-each", "matched", "samples"], "trials") == (names[:5], names[-1])


def test_conditions_stand_beside_what_takes_no_training() -> None:
    """Accuracy in percent, with zero-shot, majority and chance; as many rows as configurations."""
    frame = table_named("conditions", findings_of(effect=1.0)).frame
    first = frame.row(0, named=True)

    assert (14, pytest.approx(14.5), pytest.approx(20.0), pytest.approx(100 / 7)) == (
        frame.height,
        first["zero-shot, %"],
        first["majority, %"],
        first["chance, %"],
    )


def test_an_accuracy_is_bounded_by_what_can_be() -> None:
    """Two seeds make wide intervals, but none beyond 0 or 100 %."""
    (table,) = composition_conditions.tables(found_of(effect=1.0, repetitions=2))
    frame = table.frame

    assert (True, 100.0) == ((frame["95 % low"] >= 0).all(), frame["95 % high"].max())


def test_the_pretraining_is_a_fact_and_in_no_total() -> None:
    """What the models started from is told; the joules of the whole leave it out, and say so."""
    study = composed(
        models='["tiny-1m"]', pretraining__corpus='"stdlib-areas-text"', pretraining__tokens="50_000", repetitions=1
    )
    before = table_of_all(observation(trial, study=study) for trial in study.pretrainings())
    trials = trials_of(study, pl.concat([composed_table(study), before]))
    (table,) = whole.table(trials)

    assert ("tiny-1m, 50,000 tokens of stdlib-areas-text, seed 1", True) == (
        dict(facts(trials))["pretraining"],
        "The pretrainings are not in it." in table.note,
    )


def test_copies_can_be_seen_among_all_trials() -> None:
    """Every trial is listed; the ones that ran the same thing show the same mark."""
    frame = table_named("trials", findings_of(effect=1.0)).frame

    assert (54, 42) == (frame.height, frame["what ran"].n_unique())


def test_a_study_that_is_half_run_is_analysed() -> None:
    """One trial alone gives findings, not an error."""
    study = composed()
    findings = KIND.analyse(study, composed_table(study).sort("position").head(1))

    assert "no two samplers trained on different examples" in findings.answer[0]


def test_a_report_can_be_written() -> None:
    """Terminal and Markdown hold the answer."""
    findings, console = findings_of(effect=1.0), Console(width=100, record=True, quiet=True)
    report.show(findings, console)

    assert "few_long is the best cut of a budget" in report.render_markdown(findings)
