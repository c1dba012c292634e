"""Doubts about trajectories: each speaks when its reason is in the table, with numbers, and is silent otherwise."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from raystudy.analysis.dynamics_caveats import DYNAMICS_CAVEATS, caveats
from raystudy.study import Study, Trial
from tests.analysis.curves import ARMS, dynamics, found, losses, run
from tests.observations import Changes, segment, trajectory

SEVEN = "[1, 2, 3, 4, 5, 6, 7]"


def doubts(study: Study, changes: Changes = run) -> tuple[str, ...]:
    """Return the doubts about trajectories alone."""
    told = found(study, changes)
    return tuple(text for doubt in DYNAMICS_CAVEATS for text in doubt(told))


def early(trial: Trial) -> Mapping[str, Any]:
    """Return the changes that have the seeds up to 2 stop at 4,000 tokens."""
    short = trajectory(losses(trial)[:5], stopped="patience")
    return short if (trial.recipe.init_seed or 0) <= 2 else run(trial)


def test_only_the_published_rule_is_doubted_of_a_sound_study() -> None:
    """Seven repetitions, a constant schedule: the rule that can never fire is all that is left."""
    (said,) = doubts(dynamics("unique_tokens", "[50_000]", repetitions="7", recipe__schedule='"constant"'))

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
