"""Caveats: each doubt speaks when its reason is in the table, with numbers, and is silent otherwise."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from raystudy.analysis.caveats import CAVEATS, caveats
from raystudy.analysis.trials import trials_of
from raystudy.record.segment import REHEARSED
from raystudy.study import Study, Trial
from tests.observations import Changes, estimated, observation, study_of, table_of


def doubts(changes: Changes, study: Study | None = None, rows: pl.Expr | None = None) -> tuple[str, ...]:
    """Return the caveats of a study whose trials are changed so."""
    study = study or study_of(order='"latin_square"', repetitions="6")
    table = table_of(study, changes)
    return caveats(trials_of(study, table if rows is None else table.filter(rows)))


def quiet(trial: Trial) -> Mapping[str, Any]:
    """Return the changes that leave nothing to doubt; parameters make up for the tokens that P1's metric divides by."""
    return {"energy_scopes": "board", "energy_u_j": 1e-4, "parameters": 10**12 // (trial.recipe.tokens or 1)}


def constant(**columns: Any) -> Changes:
    """Return the changes that set columns of every trial."""
    return lambda trial: {**quiet(trial), **columns}


def test_nothing_to_doubt() -> None:
    """A sound study has no caveat."""
    assert () == doubts(quiet)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (estimated, "every joule is an estimate, 10 W for each busy core. It counts the busy seconds of every process"),
        (constant(energy_j=None), "18 of 18 trials have no energy figure"),
        (
            constant(gpu_name=REHEARSED),
            "18 of 18 trials were rehearsed on the CPU: the joules of their GPUs are not th",
        ),
        (lambda trial: estimated(trial) if trial.position < 3 else quiet(trial), "2 trials hold a nameplate estimate"),
        (constant(heldout_tokens=9_000), "rest on 9,000 tokens, fewer than 100,000; another sample"),
        (constant(epochs_seen=2.5, tokens_unique=20_000), "2.50 times 20,000 tokens at 50,000"),
        (lambda trial: {"energy_j": 100.0 + 20 * trial.repetition}, "by 22% at 50,000, 22% at 100,000"),
        (lambda trial: {"host_hash": f"node{trial.repetition % 2}"}, "2 nodes (node0 and node1)"),
        (lambda trial: {"device": f"GPU-{trial.repetition % 2}"}, "2 devices (GPU-0 and GPU-1)"),
        (
            lambda trial: {"versions": {"python": "3.11", "torch": f"2.{trial.repetition % 2}"}},
            "2 sets of package versions (torch 2.0 and torch 2.1)",
        ),
        (lambda trial: {"seed": trial.position}, "hold trials of different seeds"),
        (constant(corpus_synthetic=True), "The corpus `stdlib` is synthetic"),
        (constant(tokens_seen=40_000), "40,000 for a nominal 50,000"),
        (constant(tokens_padding=50_000), "Padding took 50% at 50,000"),
        (constant(energy_net_j=None), "no idle baseline"),
        (constant(energy_u_j=50.0), "certain to ±40% at 50,000"),
        (constant(energy_scopes="gpu"), "The joules cover gpu"),
        (
            lambda trial: {"energy_scopes": f"gpu{'+dram' * (trial.position % 2)}"},
            "Trials differ in what their joules cover",
        ),
        (constant(loss_heldout_low=4.0, loss_heldout_high=6.0), "overlap between 50,000 and 100,000"),
        (lambda trial: {"tokenizer_fingerprint": f"{trial.recipe.tokens}"}, "3 different tokenizers"),
        (constant(perplexity_sentence=20.0), "quality from one sentence in 18 trials (perplexity 20.0"),
        (lambda _: {}, "that divisor makes 14"),
    ],
)
def test_each_doubt_of_the_table(changes: Changes, said: str) -> None:
    """The table holds the reason, and exactly one caveat tells it with its numbers."""
    assert 1 == sum(said in caveat for caveat in doubts(changes))


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (study_of(order='"as_written"'), "All 5 blocks have the same planned order (50,000, 100,000 and 200,000)"),
        (study_of(repetitions="3"), "Only 3 complete blocks"),
        (study_of(analysis__pe_cs_tflops="68.16"), "CS_TFLOPS = 68.16 is a constant"),
        (study_of(resources__exclusive="false"), "may have shared a node"),
    ],
)
def test_each_doubt_of_the_study(study: Study, said: str) -> None:
    """The study file holds the reason, and exactly one caveat tells it."""
    assert 1 == sum(said in caveat for caveat in doubts(quiet, study))


def test_missing_trials_are_named() -> None:
    """Trials that are not finished take their block out of the tests, by name."""
    said = doubts(quiet, rows=pl.col("trial_id") != "tokens-50000--r02")

    assert (
        "Not finished: 1 of 18 trials. Incomplete blocks are left out of the tests: r02 has no value at 50,000. "
        in said[0]
    )


def test_a_trial_without_joules_needs_no_baseline() -> None:
    """Only joules hold idle power: a trial that has none does not raise the doubt."""
    unknown = {"energy_j": None, "energy_net_j": None}

    assert not any("no idle baseline" in said for said in doubts(lambda trial: unknown if trial.position == 1 else {}))


def test_joules_without_a_baseline_are_counted() -> None:
    """The doubt says how many of the measured trials it is about."""
    said = doubts(lambda trial: {"energy_net_j": None} if trial.position == 1 else quiet(trial))

    assert any("no idle baseline for 1 of 18 measured trials" in each for each in said)


def test_why_there_is_no_energy() -> None:
    """The instrument's own reason is passed on."""
    study = study_of()
    figure = observation(next(study.trials()), study=study).measurements.energies[0]
    silent = (dataclasses.replace(figure, energy_j=None, reason="No reading brackets the span."),)
    silent_table = table_of(study, lambda _: {"energy_j": None, "energies": silent})
    said = caveats(trials_of(study, silent_table))

    assert said[0].startswith("15 of 15 trials have no energy figure: No reading brackets the span. They are left out")


def divisor(study: Study, changes: Changes) -> str:
    """Return the caveat of a metric that mostly shows its own divisor."""
    (caveat,) = [each for each in doubts(changes, study) if "Parameter efficiency as published divides" in each]
    return caveat


def test_the_divisor_is_told_with_its_f() -> None:
    """P1's rule: the share that the study set, what else changed, and the F that is left without any measurement."""
    caveat = divisor(study_of(analysis__pe_cs_tflops="68.16"), lambda _: {})
    told = re.fullmatch(
        r".* divides by the nominal tokens, which the study sets: that divisor makes 143\.\d% of its change from "
        r"50,000 to 200,000 \(quality \(1 / perplexity\) works against it by 43\.\d% and power .*\)\. With all that "
        r"was measured dealt out at random, its F is still about [\d.]+ \(95 %: .*\); as seen it is [\d,]+\. Its F .*",
        caveat,
    )

    assert told


def test_any_divisor_that_the_study_sets() -> None:
    """Where models differ, their parameters divide."""
    study, sizes = study_of("model", '["tiny-0.3m", "tiny-1m"]'), {"tiny-0.3m": 300_000, "tiny-1m": 1_000_000}
    caveat = divisor(study, lambda trial: {"parameters": sizes[trial.recipe.model], "nominal_tokens": 100_000})

    assert "divides by the parameters, which the study sets: that divisor makes " in caveat


def test_a_divisor_without_shares() -> None:
    """One trial without power leaves no shares to tell, and the F of the other blocks still says it."""
    caveat = divisor(study_of(), lambda trial: {"power_rms_w": None} if trial.id == "tokens-50000--r01" else {})

    assert "by what the study sets. With all that was measured dealt out at random, its F is still about " in caveat


def test_every_doubt_is_a_function_with_a_meaning() -> None:
    """The table of doubts holds each once, and each says what it is about."""
    assert (len(CAVEATS), True) == (len(set(CAVEATS)), all(doubt.__doc__ for doubt in CAVEATS))
