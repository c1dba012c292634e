"""Trajectories: arms, seeds and runs, early stops, and joules that are null where they are not known."""

import dataclasses
import math

import numpy as np
import polars as pl
import pytest

from raystudy.study import Trial
from tests.analysis.curves import ARMS, dynamics, found, losses, run
from tests.observations import Changes, trajectory


def early(*seeds: int, at: int = 4) -> Changes:
    """Return the changes that have some seeds stop at a place before the end."""
    return lambda trial: (
        trajectory(losses(trial)[:at], stopped="patience") if trial.recipe.init_seed in seeds else run(trial)
    )


def test_a_level_is_an_arm() -> None:
    """The factor that is no seed makes the arms; seeds name the subjects."""
    told = found(dynamics(**ARMS))

    assert ("unique_tokens", ["1,000", "50,000"]) == (told.factor, [arm.level for arm in told.arms])
    assert {("init 1", "init 2", "init 3")} == {arm.data.subjects for arm in told.arms}


def test_seeds_alone_are_one_arm() -> None:
    """Where nothing but seeds varies, there is one arm, named by the budget, and tables name none."""
    told = found(dynamics())
    (arm,) = told.arms

    assert (None, "5,000", {}) == (told.factor, arm.level, told.key(arm))
    assert ("0", "1000", "2000", "3000", "4000", "5000") == arm.data.levels


def test_repetitions_are_seeds() -> None:
    """Without a seed in the factors, each repetition is one."""
    (arm, _) = found(dynamics("unique_tokens", "[1_000, 50_000]", repetitions="2")).arms

    assert ("r01", "r02") == arm.data.subjects


def test_runs_that_share_their_weights_are_one_seed() -> None:
    """Seeds of the weights crossed with those of the order: tests count weights, each averaged over the orders."""
    told = found(dynamics(factors__order_seed="[7, 8]"))
    (arm,) = told.arms

    assert (True, ("init 1", "init 2", "init 3"), 6) == (told.crossed, arm.data.subjects, len(arm.runs.subjects))
    assert arm.data.values[0] == pytest.approx(arm.runs.values[:2].mean(axis=0))
    assert ("init 1, order 7", "init 1, order 8") == arm.runs.subjects[:2]


def test_repetitions_cross_the_seeds_that_are_named() -> None:
    """With init_seed alone in the factors, the repetition's seed is that of the order."""
    told = found(dynamics(repetitions="2"))

    assert (True, 3) == (told.crossed, len(told.arms[0].data.subjects))


def test_one_seed_for_both_is_not_crossed() -> None:
    """A repetition's seed is that of the weights and of the order: runs are independent."""
    assert not found(dynamics("unique_tokens", "[1_000, 50_000]", repetitions="3")).crossed


def test_early_stops_are_not_pooled() -> None:
    """Beside runs of full length, a run that stopped early is in no mean; it is told apart."""
    told = found(dynamics(levels="[1, 2, 3, 4]"), early(4))
    (arm,) = told.arms

    assert (("init 1", "init 2", "init 3"), False) == (arm.data.subjects, arm.shortened)
    assert ["init 4"] == told.early["block"].to_list()


def test_an_arm_that_stopped_early_ends_where_its_first_run_did() -> None:
    """Where all runs stopped early, they are told as far as all of them got."""
    (arm,) = found(dynamics(), lambda trial: early(1, 2, 3, at=5 if trial.recipe.init_seed == 1 else 4)(trial)).arms

    assert (True, "3000", 3) == (arm.shortened, arm.data.levels[-1], len(arm.data.subjects))


def test_a_run_without_a_loss_is_dropped_by_name() -> None:
    """A loss that is no number takes its run out, and the design says which one and why."""
    (arm,) = found(
        dynamics(), lambda trial: trajectory([5, math.nan, 2, 2, 2, 2]) if trial.recipe.init_seed == 1 else run(trial)
    ).arms

    assert ["init 1 has a value that is not finite at 1000"] == [str(each) for each in arm.runs.dropped]
    assert {"init 2", "init 3"} == set(arm.rows["block"])


def test_a_missing_loss_is_named_at_its_own_interval() -> None:
    """A null in mid-run leaves the later losses where they are, and the tokens of the others as they were."""

    def null(trial: Trial) -> dict[str, object]:
        whole = trajectory(losses(trial))
        intervals = list(whole["intervals"])
        intervals[2] = dataclasses.replace(intervals[2], loss_heldout=None)
        return whole | ({"intervals": tuple(intervals)} if trial.recipe.init_seed == 1 else {})

    (arm,) = found(dynamics(), null).arms

    assert ["init 1 has no value at 2000"] == [str(each) for each in arm.runs.dropped]
    assert ("0", "1000", "2000", "3000", "4000", "5000") == arm.data.levels


def test_a_level_without_intervals_has_no_arm() -> None:
    """Trials that were not evaluated on the way leave nothing to tell, and no error."""
    assert () == found(dynamics(), lambda _: {}).arms


def test_joules_add_up_from_zero() -> None:
    """Zero tokens cost nothing; the sum so far adds the intervals."""
    (arm,) = found(dynamics(), lambda trial: trajectory(losses(trial), [10, 20, 30, 40, 50])).arms

    assert [0, 10, 30, 60, 100, 150] == arm.matrix("train_j_so_far")[0].tolist()


def test_joules_are_unknown_from_the_first_gap_on() -> None:
    """One interval without joules leaves every later sum unknown, and no other run's."""

    def gap(trial: Trial) -> dict[str, object]:
        whole = trajectory(losses(trial))
        energies = list(whole["interval_energies"])
        energies[2] = energies[0]
        return whole | ({"interval_energies": tuple(energies)} if trial.recipe.init_seed == 2 else {})

    (arm,) = found(dynamics(), gap).arms

    assert [False, False, True, True, True, True] == np.isnan(arm.matrix("train_j_so_far")[1]).tolist()
    assert not np.isnan(arm.matrix("train_j_so_far")[[0, 2]]).any()


def test_observations_without_joules_of_intervals_keep_their_losses() -> None:
    """Where an observation has no interval energies at all, they are null."""
    (arm,) = found(dynamics(), lambda trial: {**run(trial), "interval_energies": ()}).arms

    assert (3, True) == (len(arm.data.subjects), arm.rows.filter(pl.col("place") > 0)["train_j"].is_null().all())


def test_values_of_runs_are_averaged_by_seed() -> None:
    """What is missing stays out of the mean of its seed."""
    (arm,) = found(dynamics(factors__order_seed="[7, 8]")).arms

    assert [1.5, 3.0, None] == arm.by_seed([1.0, 2.0, None, 3.0, None, None])
