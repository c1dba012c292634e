"""Doubts about composition: each speaks when its reason is in the table, with numbers, and is silent otherwise."""

from typing import Any

import polars as pl
import pytest

from raystudy.analysis.caveats import CAVEATS
from raystudy.analysis.composition_caveats import COMPOSITION_CAVEATS, NOT_ASKED, caveats
from raystudy.analysis.compositions import Compositions, compositions_of
from raystudy.analysis.sample_caveats import alike_within_groups
from raystudy.analysis.trials import trials_of
from raystudy.record.labelled import HeldoutAnswer
from raystudy.record.schema import Float32
from raystudy.study import Study, Trial
from tests.analysis.composing import found_of
from tests.composed import answered, composed
from tests.observations import Changes, table_of

SOUND = {"repetitions": 5, "fractions": "[0.25, 0.5]", "models": '["tiny-1m"]'}
ANSWERS = tuple(
    HeldoutAnswer(
        example=f"{item:012x}",
        correct=item % 3 > 0,
        loglik=Float32(-1.0 - item % 2),
        correct_before=False,
        loglik_before=Float32(-2.0),
    )
    for item in range(60)
)
"""Two of three are right."""


def quiet(trial: Trial) -> dict[str, Any]:
    """Return a trial that leaves little to doubt: no padding, as many steps as any, samples that differ by seed."""
    return answered(trial, effect=0.0, slope=0.3, items=1) | {
        "heldout_answers": ANSWERS,
        "tokens_padding": 0,
        "sample_sha256": trial.id,
        "sample_tokens": trial.recipe.unique_fraction * 100_000 if trial.recipe.unique_fraction else 100_000,
        "heldout_examples": 5_000,
        "accuracy_zero_shot": 0.0,
        "ran_sha256": trial.id,
        "energy_scopes": "board",
    }


def runs(study: Study, changes: Changes = quiet) -> Compositions:
    """Return the runs of a study."""
    return compositions_of(trials_of(study, table_of(study, changes)))


def told(changes: Changes = quiet, **study: Any) -> str:
    """Return what these doubts say, one a line."""
    found = runs(composed(**SOUND | study), changes)
    return "\n".join(text for doubt in COMPOSITION_CAVEATS for text in doubt(found))


def with_columns(**columns: Any) -> Changes:
    """Return the changes that set columns of every trial."""
    return lambda trial: quiet(trial) | columns


def of(sampler: str, **columns: Any) -> Changes:
    """Return the changes that set columns of one sampler's trials."""
    return lambda trial: quiet(trial) | (columns if trial.recipe.sampler == sampler else {})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            with_columns(accuracy_majority=0.6),
            "No accuracy on stdlib-areas is shown to be above zero-shot, any constant answer and chance",
        ),
        (of("few_long", sample_classes=5), "Right answers that occur at all, at fewest: few_long 5 of 7."),
        (of("few_long", steps=10), "At 50 % few_long takes 10 steps and "),
        (
            of("few_long", sample_tokens=20_000),
            "at 50 % many_short used 50,000 and few_long 20,000, 150.0% apart",
        ),
        (
            of("few_long", sample_budget_tokens=100_000),
            "Budgets are filled to 25.0% by few_long at worst",
        ),
        (
            of("few_long", sample_cut=50),
            "Prompts are cut to a context of 128 tokens in 13.3% of those of few_long: the longest",
        ),
        (
            of("balanced", tokens_padding=50_000),
            "Padding took of all positions 0% with few_long, 0% with many_short and 57% with balanced",
        ),
        (
            lambda trial: quiet(trial) | {"tokenizer_fingerprint": trial.recipe.sampler},
            "The models have 3 different tokenizers",
        ),
    ],
)
def test_doubts_speak_with_numbers(changes: Changes, said: str) -> None:
    """What a sound study does not say is said where its reason is in the table."""
    assert said in told(changes)
    assert said not in told()


def test_few_seeds_are_named() -> None:
    """One seed and few seeds are different doubts; five are none."""
    assert "One seed: intervals hold for other examples" in told(repetitions=1)
    assert "Only 2 seeds: " in told(repetitions=2)
    assert "seeds: intervals are" not in told()


def test_copies_are_counted_with_their_joules() -> None:
    """At 100 % three samplers run the same: two of three trials a seed are copies, whose joules bought nothing."""
    same = with_columns(energy_j=100.0)
    said = told(
        lambda trial: same(trial) | {"ran_sha256": f"{trial.recipe.unique_fraction}{trial.seed}"}, repetitions=2
    )

    assert "8 trials of 12 copied another run" in said
    assert "their 800 J bought nothing new" in said
    assert "copied another run" not in told()


def test_samplers_that_no_seed_moves_are_named() -> None:
    """The published ones in general; of any sampler each budget at which all seeds had one sample."""
    one = told(
        lambda trial: quiet(trial) | ({"sample_sha256": "one"} if trial.recipe.unique_fraction == 0.25 else {}),
        samplers='["few_long", "stratified"]',
    )

    assert "few_long, many_short and balanced differ between seeds only in which of equally long examples" in told()
    assert "All seeds took one and the same sample" not in told()
    assert "All seeds took one and the same sample with few_long at 25 % and stratified at 25 %. " in one
    assert "between seeds" not in told(samplers='["stratified"]')


def test_a_sample_is_the_same_only_where_every_model_says_so() -> None:
    """One of two models, whose tokenizer cuts other lengths, had samples that differ."""
    two = {"models": '["tiny-0.1m", "tiny-1m"]', "samplers": '["few_long", "stratified"]'}
    said = told(
        lambda trial: quiet(trial) | ({"sample_sha256": "one"} if trial.recipe.model == "tiny-1m" else {}), **two
    )

    assert "All seeds took one and the same sample" not in said


def test_lost_seeds_are_named() -> None:
    """One trial that is missing costs two of three pairs a seed."""
    study = composed(**SOUND)
    missing = (pl.col("sampler") == "few_long") & (pl.col("unique_fraction") == 0.5) & (pl.col("repetition") == 2)
    found = compositions_of(trials_of(study, table_of(study, quiet).filter(~missing)))
    said = "\n".join(text for doubt in COMPOSITION_CAVEATS for text in doubt(found))

    assert (
        "Of 5 seeds that were run on stdlib-areas some pairs use fewer, for each takes those that all of its "
        "configurations have: few_long − many_short on 4 and few_long − balanced on 4. tiny-1m, few_long, 50 % lacks "
        "r02."
    ) in said
    assert "some pairs use fewer" not in told()


def test_skewed_values_on_few_examples_are_named() -> None:
    """Fewer than 100 examples make intervals of log-likelihoods that hold less than they say."""
    assert "Log-likelihoods are skewed, and 24 held-out examples are few" in told(with_columns(heldout_examples=24))
    assert "skewed" not in told(with_columns(heldout_examples=100))


def test_task_and_arm_of_a_budget_are_named() -> None:
    """Where several models were trained, the one with the greatest difference is said."""
    few = {"sample_tokens": 25_000, "steps": 4}
    said = told(
        lambda trial: (
            quiet(trial) | (few if (trial.recipe.sampler, trial.recipe.model) == ("few_long", "tiny-1m") else {})
        ),
        models='["tiny-0.1m", "tiny-1m"]',
    )

    assert "Equal budgets are not equal tokens: at 50 % (tiny-1m) many_short used 50,000 and few_long 25,000" in said
    assert (
        " At 50 % (tiny-1m) few_long takes 4 steps and " in said or " At 25 % (tiny-1m) few_long takes 4 steps" in said
    )


def test_what_changed_nothing_is_named() -> None:
    """Two samplers that took the same are named; that all was taken is another advice."""
    same = {"few_long": "x", "many_short": "x"}
    said = told(
        lambda trial: (
            quiet(trial)
            | {"ran_sha256": f"{same.get(trial.recipe.sampler, 'y')}{trial.recipe.unique_fraction}{trial.seed}"}
        )
    )

    assert "bought nothing new. What changed nothing there: sampler (few_long and many_short)." in said
    assert "one sampler is enough" not in said


def test_one_sampler_is_enough_where_all_is_taken() -> None:
    """Copies at the budget that takes everything change nothing by design."""
    said = told(
        lambda trial: answered(trial, effect=0.0, slope=0.3, items=1) | {"heldout_answers": ANSWERS},
        fractions="[0.5, 1.0]",
    )

    assert "bought nothing new. Where a budget takes every example, one sampler is enough." in said
    assert "What changed nothing" not in said


def test_one_of_many_must_be_surer() -> None:
    """40 of 60 against .52 have a p of .02: enough for one of two configurations, not for one of six."""
    share = 0.52
    alone = told(with_columns(accuracy_majority=share), samplers='["few_long", "many_short"]', fractions="[0.25]")

    assert "No accuracy on stdlib-areas" not in alone
    assert "No accuracy on stdlib-areas" in told(with_columns(accuracy_majority=share))


def test_one_pretraining_a_size() -> None:
    """Sizes with one set of weights each cannot be told from the luck of them; weights of each seed can."""
    sizes = {"models": '["tiny-0.1m", "tiny-1m"]', "repetitions": 2}
    pretrained = sizes | {"pretraining__corpus": '"stdlib-areas-text"'}

    assert "Each of tiny-0.1m and tiny-1m starts from one set of weights" in told(**sizes)
    assert "Each of tiny-0.1m and tiny-1m was pretrained once" in told(**pretrained)
    assert "Each of" not in told(lambda trial: quiet(trial) | {"base_sha256": f"{trial.seed}"}, **sizes)


def test_rates_that_vary_are_no_doubt() -> None:
    """Where the learning rate is a factor, nobody needs to be told that it is one."""
    assert "All trials have the learning rate 0.001" in told()
    assert "All trials have the learning rate" not in told(factors__learning_rate="[0.001, 0.01]", repetitions=1)


def test_laws_name_their_range() -> None:
    """Twice the tokens and one model are not far to look."""
    assert "Laws were fitted on 25,000 to 50,000 tokens, a factor of 2.0, and one model" in told()
    assert "Laws were fitted" not in told(fractions="[0.25]")
    assert "Laws were fitted" not in told(samplers='["few_long", "many_short"]', fractions="[0.25, 0.5]")
    assert "Laws were fitted" not in told(factors__learning_rate="[0.001, 0.01]", repetitions=1)


def test_losses_of_answers_are_named() -> None:
    """Where all tokens are learnt the loss is that of a text."""
    assert "tokens of the right answer alone" in told()
    assert "tokens of the right answer alone" not in told(recipe__loss_on='"all"')


def test_few_heldout_examples_are_named() -> None:
    """40 examples: one answer is 2.5 points, an interval of ±10 points makes one of ±14 of a difference."""
    said = caveats(runs(composed(**SOUND), with_columns(heldout_examples=40, accuracy_low=0.4, accuracy_high=0.6)))
    sound = caveats(runs(composed(**SOUND)))

    (own,) = (text for text in said if text.startswith("Accuracies rest on 40 held-out examples: one answer is 2.5"))
    assert "by up to ±10 (95 %, binomial), a difference of two by ±14 if" in own
    assert not any(text.startswith(("Accuracies rest", "Held-out losses rest")) for text in sound)


def test_doubts_of_any_trials_are_asked() -> None:
    """An estimate is named first; what blocks of one factor would be doubted for is not asked."""
    study = composed(**SOUND)
    table = table_of(study, with_columns(energy_scopes="gpu")).filter(pl.col("position") > 1)
    said = caveats(compositions_of(trials_of(study, table)))

    assert "Not finished: 1 of 30 trials. `raystudy run` adds what is missing." == said[0]
    assert any(text.startswith("The joules cover gpu") for text in said)
    assert set(CAVEATS) > NOT_ASKED


def test_examples_of_one_module_are_alike() -> None:
    """A split by module leaves few modules to answer for all others; a split by question does not."""
    subject = {"recipe__corpus": '"mmlu"', "recipe__corpus_subject": '"law"'}
    texts = [" ".join(alike_within_groups(found_of(repetitions=1, **keys))) for keys in ({}, subject)]

    assert ["Held-out examples of one module", ""] == [text[:31] for text in texts]
