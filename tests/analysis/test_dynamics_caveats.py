"""Doubts about trajectories: each speaks when its reason is in the table, with numbers, and is silent otherwise."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from raystudy.analysis.caveats import CAVEATS
from raystudy.analysis.dynamics_caveats import COMPARING, DYNAMICS_CAVEATS, NOT_ASKED, caveats
from raystudy.analysis.dynamics_verdict import at_equal_tokens
from raystudy.analysis.meter_caveats import within_uncertainty
from raystudy.analysis.trajectories import Trajectories
from raystudy.study import Study, Trial
from tests.analysis.curves import ARMS, dynamics, found, losses, run
from tests.observations import Changes, segment, trajectory

SEVEN = "[1, 2, 3, 4, 5, 6, 7]"


def doubts(study: Study, changes: Changes = run) -> tuple[str, ...]:
    """Return the doubts about trajectories alone."""
    return doubts_of(found(study, changes))


def doubts_of(told: Trajectories) -> tuple[str, ...]:
    """Return the doubts about these trajectories alone."""
    return tuple(text for doubt in DYNAMICS_CAVEATS for text in doubt(told))


def early(trial: Trial) -> Mapping[str, Any]:
    """Return the changes that have the seeds up to 2 stop at 4,000 tokens."""
    short = trajectory(losses(trial)[:5], stopped="patience")
    return short if (trial.recipe.init_seed or 0) <= 2 else run(trial)


def test_only_the_published_rule_is_doubted_of_a_sound_study() -> None:
    """Seven repetitions, a constant schedule: the rule that can never fire, and that a repetition varies both seeds."""
    together, said = doubts(dynamics("unique_tokens", "[50_000]", repetitions="7", recipe__schedule='"constant"'))

    assert together.startswith("Weights and data order vary together")
    assert said.startswith("The published rule of spikes says nothing here.")


@pytest.mark.parametrize(
    ("study", "changes", "said"),
    [
        (dynamics(), lambda _: {}, "No trial has a held-out loss at every interval"),
        (
            dynamics(levels=SEVEN),
            early,
            "2 runs of 7 stopped early, by patience; means, bands and tests are those of runs of",
        ),
        (dynamics(levels="[1, 2]"), early, "All runs stopped early, by patience, so they are told up to the last"),
        (dynamics(), run, "Only 3 seeds: bands and p values rest on very few"),
        (
            dynamics(),
            run,
            "3 seeds for 6 intervals: Mauchly's test does not exist, and epsilon of Greenhouse and Geisser",
        ),
        (dynamics(recipe__order_seed="7"), run, "the spread between seeds is that of the initial weights alone"),
        (dynamics("order_seed", recipe__init_seed="7"), run, "All runs start from the same weights"),
        (dynamics(factors__order_seed="[7, 8]"), run, "3 seeds of the weights are crossed with 2 of the order"),
        (dynamics(), run, "The cosine schedule falls over the whole budget"),
        (
            dynamics(),
            lambda trial: {**run(trial), "segments": (segment(), segment())},
            "Interrupted, and continued from the last kept state: init_seed-",
        ),
    ],
)
def test_a_doubt_speaks(study: Study, changes: Changes, said: str) -> None:
    """What a table holds makes its doubt speak."""
    assert said in " ".join(doubts(study, changes))


def test_a_machine_that_slept_is_told_with_its_seconds() -> None:
    """Only the trials that slept are named, with all they slept."""

    def slept(trial: Trial) -> Mapping[str, Any]:
        whole = run(trial)
        if trial.recipe.init_seed != 2:
            return whole
        parts = [dataclasses.replace(each, suspended_s=60.0 * (each.steps in (10, 20))) for each in whole["intervals"]]
        return {**whole, "intervals": tuple(parts)}

    assert "The machine slept during init_seed-2--r01 (120 s):" in " ".join(doubts(dynamics(), slept))


def test_an_arm_that_stopped_early_is_named() -> None:
    """Beside an arm of full length, the other one's end is told by its level."""
    study = dynamics(**(ARMS | {"factor": "stop", "levels": '["budget", "patience"]'}))

    def changes(trial: Trial) -> Mapping[str, Any]:
        return trajectory(losses(trial)[:5], stopped="patience") if trial.recipe.stop == "patience" else run(trial)

    assert "All runs at stop patience stopped early" in " ".join(doubts(study, changes))


def test_joules_are_tested_among_runs_of_full_length() -> None:
    """Five of six repeated runs stop early and spend less: that is no difference between the arms."""
    study = dynamics(**(ARMS | {"factors__init_seed": "[1, 2, 3, 4, 5, 6]"}))

    def changes(trial: Trial) -> Mapping[str, Any]:
        stops = trial.recipe.unique_tokens == 1_000 and trial.recipe.init_seed != 6
        spent = 300.0 + trial.position if stops else 500.0 + trial.position
        short = trajectory(losses(trial)[:4], stopped="patience") if stops else run(trial)
        return {**short, "energy_j": spent, "energy_u_j": 400.0}

    told = found(study, changes)

    assert (True, False) == (
        any("The levels differ in training energy" in text for text in within_uncertainty(told.trials)),
        any("The levels differ in training energy" in text for text in caveats(told)),
    )


class TestArms:
    def test_what_arms_are_compared_over(self) -> None:
        """A run that one arm lacks is in no comparison, and stays in the means and tests of the other arm."""
        missing = (pl.col("unique_tokens") == 50_000) & (pl.col("init_seed") == 3)
        told = found(dynamics(**ARMS), rows=~missing)
        said = " ".join(caveats(told))

        assert "Not finished: 1 of 6 trials. `raystudy run` adds what is missing." in said
        assert "The arms hold different runs, and are compared over init 1 and init 2. What is told of one arm" in said
        assert [3, 2] == [len(arm.data.subjects) for arm in told.arms]

    def test_arms_that_share_no_run(self) -> None:
        """Where no seed is in both, that is said."""
        rows = (pl.col("unique_tokens") == 50_000) == (pl.col("init_seed") == 3)

        assert "The arms share no run. What is told" in " ".join(caveats(found(dynamics(**ARMS), rows=rows)))

    def test_arms_that_hold_the_same_runs(self) -> None:
        """Complete arms raise no such doubt."""
        said = " ".join(caveats(found(dynamics(**ARMS))))

        assert not any(text in said for text in ("different runs", "share no run", "missing", "lack the joules"))

    def test_an_arm_that_lacks_an_order_is_named(self) -> None:
        """Its averages are over other orders; at equal tokens, only what both arms have is compared."""
        missing = (pl.col("unique_tokens") == 1_000) & (pl.col("init_seed") == 1) & (pl.col("order_seed") == 8)
        told = found(dynamics(**ARMS, factors__order_seed="[7, 8]"), rows=~missing)
        equal = at_equal_tokens(told)

        assert (
            "The averages at unique_tokens 1,000 are not all over the same orders, for these runs are missing: init 1 "
            "with order 8."
        ) in doubts_of(told)
        assert not any("averages at unique_tokens 50,000" in text for text in doubts_of(told))
        assert equal is not None
        assert equal.data.values[0].tolist() == [arm.runs.values[0, -1] for arm in told.arms]

    def test_one_seed_has_no_spread(self) -> None:
        """One seed an arm, each another one: no band, no p, and no spread between seeds to explain."""
        rows = (pl.col("unique_tokens") == 50_000) == (pl.col("init_seed") == 2)
        told = found(dynamics(**(ARMS | {"factors__init_seed": "[1, 2]"}), recipe__order_seed="7"), rows=rows)
        said = " ".join(doubts_of(told))

        assert "Only 1 seed: it has neither bands nor p values. 5 or more would help." in said
        assert "spread between seeds" not in said


class TestJoules:
    def test_runs_without_joules_are_named(self) -> None:
        """An interval without joules takes its run out of what rests on joules, by name and by arm."""

        def changes(trial: Trial) -> Mapping[str, Any]:
            lacks = (trial.recipe.init_seed, trial.recipe.unique_tokens) == (2, 1_000)
            return {**run(trial), **({"interval_energies": ()} if lacks else {})}

        (said,) = [text for text in doubts(dynamics(**ARMS), changes) if "joules of an interval" in text]

        assert said.startswith("1 of 3 runs at unique_tokens 1,000 lack the joules of an interval (init 2), so prices")

    def test_no_interval_has_joules(self) -> None:
        """Trials with joules and intervals without any: why prices and stops are missing is said, once."""
        said = doubts(dynamics(**ARMS), lambda trial: {**run(trial), "interval_energies": ()})

        assert 1 == sum(text.startswith("Trials have joules, yet no run has them at every interval") for text in said)

    def test_no_trial_has_joules(self) -> None:
        """Where trials have none either, that is said of the trials."""
        said = doubts(dynamics(), lambda trial: {**run(trial), "interval_energies": (), "energy_j": None})

        assert not any("joules of an interval" in text or "Trials have joules" in text for text in said)


def test_a_doubt_of_any_trials_is_one_of_trajectories() -> None:
    """One list serves both kinds: what is not asked here, or asked of full lengths alone, is an entry of it."""
    assert COMPARING | NOT_ASKED < set(CAVEATS)


def test_doubts_of_any_trials_are_told_too() -> None:
    """Few held-out tokens, synthetic text, a changed machine: a dynamics study is made of trials."""
    said = " ".join(
        caveats(found(dynamics(), lambda t: {**run(t), "heldout_tokens": 2_048, "host_hash": f"n{t.recipe.init_seed}"}))
    )

    assert "Held-out losses rest on 2,048 tokens" in said
    assert "These trials ran with 3 nodes" in said


def test_what_makes_no_sense_for_trajectories_is_not_asked() -> None:
    """Parameter efficiency has no place here, and repetition has a verdict instead of a doubt."""
    said = " ".join(caveats(found(dynamics(recipe__unique_tokens="1_000"))))

    assert "arameter efficiency" not in said
    assert "Training text was repeated" not in said
