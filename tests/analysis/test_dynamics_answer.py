"""The answer of a dynamics study: sentences on each arm, on pairs of arms, and on repeated text."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from raystudy.analysis.findings import Findings
from raystudy.study import Trial
from tests.analysis.curves import ARMS, FALLING, RISING, analysed, dynamics, losses, run, table_named
from tests.observations import estimated, trajectory


@pytest.fixture(scope="module")
def arms() -> Findings:
    """Return the findings of a repeated and a fresh arm, three seeds each."""
    return analysed(dynamics(**ARMS))


@pytest.fixture(scope="module")
def seeds() -> Findings:
    """Return the findings of three seeds that repeat nothing, and rise."""
    return analysed(dynamics())


def as_estimates(trial: Trial) -> Mapping[str, Any]:
    """Return the changes of a trial whose joules are the nameplate's."""
    energies = tuple(
        dataclasses.replace(each, energy_j=None, energy_u_j=None, energy_eval_j=None, energy_estimated_j=each.energy_j)
        for each in trajectory(losses(trial))["interval_energies"]
    )
    return trajectory(losses(trial)) | estimated(trial) | {"interval_energies": energies}


def test_where_it_is_least_and_what_it_does_then(seeds: Findings) -> None:
    """The means add up, from the least to the last; the rise stands apart, for others chose where it begins."""
    assert seeds.answer[0].startswith(
        "The held-out loss is least at 3,000 tokens (1.00 epochs): 2.40 nats per token, the mean of 3 seeds; "
        "then it rises to 2.79 at 5,000 tokens, first shown at 4,000; with each seed's best interval chosen by the "
        "other seeds, the rise is 0.39"
    )


def test_what_was_spent_after_it(seeds: Findings) -> None:
    """The second sentence tells the joules past the minimum with both uncertainties, and their share."""
    assert (
        "After each seed's own minimum the training spent 200 J (95 % between seeds: 200 to 200; "
        "± 1.00 from readings), 40.0 % of its joules."
    ) == seeds.answer[1]


def test_an_arm_that_falls_to_the_end(arms: Findings) -> None:
    """No rise is made of a loss that is least at the end, and no joules came too late."""
    assert (
        "The held-out loss at unique_tokens 50,000 is least at 5,000 tokens (1.00 epochs): 2.30 nats per token, "
        "the mean of 3 seeds; that is the last interval, so it has not risen again."
    ) == arms.answer[2]


def test_arms_meet_at_equal_tokens(arms: Findings) -> None:
    """Arms are compared where all have seen as many tokens, paired by seed; then comes the verdict."""
    between, verdict = arms.answer[3:]

    assert between.startswith("At 5,000 tokens the loss with unique_tokens 50,000 is 0.505 nats below that with")
    assert "The loss rises where text is repeated, and is not shown to rise where it is not: it overfits." == verdict


def test_a_rise_that_is_not_shown() -> None:
    """Where the interval of the rise holds zero, no rise is told, above or below it."""

    def level(trial: Trial) -> Mapping[str, Any]:
        return trajectory(losses(trial, (5.0, 3.0, 2.4, 2.39, 2.401, 2.4)))

    (said,) = analysed(dynamics(), level).answer

    assert "at 5,000 tokens, and no rise is shown (95 %: " in said
    assert "chance" not in said


def test_joules_of_an_arm_that_was_cut_say_where() -> None:
    """Where every run stopped early, joules and their share are those up to the last interval of all."""
    findings = analysed(dynamics(), lambda trial: trajectory(losses(trial)[:5], stopped="patience"))

    assert findings.answer[1].startswith("After each seed's own minimum and up to 4,000 tokens the training spent")
    assert findings.answer[1].endswith("25.0 % of its joules up to there.")
    assert table_named(findings, "seeds").frame["up to"].to_list() == [4_000] * 3


def test_seeds_without_joules_are_counted() -> None:
    """Joules that are those of some runs alone say of how many."""
    findings = analysed(dynamics(), lambda t: run(t) | ({"interval_energies": ()} if t.recipe.init_seed == 1 else {}))

    assert "2 of 3 runs have joules), 40.0 %" in findings.answer[1]


def test_arms_are_compared_over_the_seeds_of_both() -> None:
    """The sentence says over how many seeds, which may be fewer than either arm has."""
    missing = (pl.col("unique_tokens") == 50_000) & (pl.col("init_seed") == 3)
    findings = analysed(dynamics(**ARMS), rows=~missing)

    assert "nats below that with 1,000 over 2 seeds (95 %: " in findings.answer[3]


def test_arms_that_cannot_be_compared_are_named() -> None:
    """Without a seed in both arms, the factor and both levels are named, and the reason."""
    rows = (pl.col("unique_tokens") == 50_000) == (pl.col("init_seed") == 3)
    findings = analysed(dynamics(**ARMS), rows=rows)

    assert (
        "At 5,000 tokens the loss with unique_tokens 50,000 cannot be compared with that with 1,000 (no seed has a "
        "value at every level)."
    ) in findings.answer


@pytest.mark.parametrize(
    ("rising", "said"),
    [
        ({1_000}, "at unique_tokens 1,000 (repeated text), NOT 2,500 (repeated text) and 50,000 (fresh text)."),
        (
            {1_000, 50_000},
            "at unique_tokens 1,000 (repeated text) and 50,000 (fresh text), NOT 2,500 (repeated text).",
        ),
        ({1_000, 2_500}, "where text is repeated, and is not shown to rise where it is not: it overfits."),
    ],
)
def test_repetition_is_blamed_of_all_arms_or_none(rising: set[int], said: str) -> None:
    """A sentence on all arms is said where it holds of all; else those that rise are named."""

    def changes(trial: Trial) -> Mapping[str, Any]:
        unique = trial.recipe.unique_tokens or 0
        return trajectory(losses(trial, RISING if unique in rising else FALLING), unique=unique)

    findings = analysed(dynamics(**(ARMS | {"levels": "[1_000, 2_500, 50_000]"})), changes)

    assert f"The loss rises {said.replace('NOT', 'and is not shown to rise at')}" == findings.answer[-1]


def test_estimated_joules_are_called_so() -> None:
    """The word stands wherever joules rest on the nameplate."""
    findings = analysed(dynamics(), as_estimates)

    assert "the training spent an estimated 200 J (95 %" in findings.answer[1]
    assert "past the minimum (estimate), J" in table_named(findings, "stops").frame.columns
    assert "held-out loss over the joules spent (estimate)" in [each.title.lower() for each in findings.figures]


def test_one_seed() -> None:
    """One finished seed has a trajectory and no test; the sentence says why."""
    findings = analysed(dynamics(), rows=pl.col("init_seed") == 2)

    assert findings.answer[0].endswith("and its rise has no test (fewer than two complete seeds).")


def test_what_a_rule_stopped_has_not_been_seen_to_the_end() -> None:
    """Where every run stopped while it still fell, neither the answer nor the verdict says that it does not rise."""
    findings = analysed(dynamics(), lambda _: trajectory([6.0, 5.0, 4.0], stopped="energy"))
    verdict = table_named(findings, "overfitting").frame

    assert "before a rule stopped them, so what would have followed is not known" in " ".join(findings.answer)
    assert ([2_000], ["not told: a rule stopped it"]) == (verdict["up to"].to_list(), verdict["verdict"].to_list())


def test_arms_that_are_equal_are_said_to_be() -> None:
    """Two arms whose losses are equal in every seed have no test, and need none."""
    findings = analysed(
        dynamics(**ARMS), lambda trial: trajectory([6.0, 5.0, 4.0 + (trial.recipe.init_seed or 0) / 10])
    )

    assert "is the same in every seed" in " ".join(findings.answer)
