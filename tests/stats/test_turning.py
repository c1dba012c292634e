"""Turning points: the rise that other seeds chose the place of, and the increment where it shows first."""

import os
from pathlib import Path

import numpy as np
import pytest

from raystudy.stats.design import Design, Matrix, one_way
from raystudy.stats.reason import Reason
from raystudy.stats.turning import NO_RISE, turning

FOLDER = os.environ.get("RAYSTUDY_REFERENCE")


def valley(seeds: int = 4, *, rise: float = 1.0, noise: float = 0.01) -> Design:
    """Return losses that fall for three intervals and rise for three, by `rise` each."""
    mean = np.array([5.0, 3.0, 2.0, 1.0, 1.0 + rise, 1.0 + 2 * rise, 1.0 + 3 * rise])
    return one_way(mean + noise * np.random.default_rng(0).normal(size=(seeds, mean.size)))


def flat(seeds: int, *, seed: int) -> Matrix:
    """Return losses that fall once, and noise for six intervals."""
    mean = np.concatenate([[90.0], np.zeros(6)])
    return mean + np.random.default_rng(seed).normal(size=(seeds, mean.size))


def test_by_hand() -> None:
    """Finals 2, 3 and 5 above a best of 1: mean 7/3, s sqrt(7/3), error s sqrt(1/3 + 1/2), t(2) of 4.3027."""
    values = np.array([[9.0, 1.0, 3.0], [9.0, 1.0, 4.0], [9.0, 1.0, 6.0]])
    found = turning(one_way(values)).rise
    error = (7 / 3) ** 0.5 * (1 / 3 + 1 / 2) ** 0.5

    assert (2, pytest.approx((10 / 3, 10 / 3 / error, 10 / 3 - 4.30265273 * error, 10 / 3 + 4.30265273 * error))) == (
        found.df,
        (found.estimate, found.t, found.ci_low, found.ci_high),
    )


def test_each_seed_measures_where_the_other_ones_chose() -> None:
    """A seed's own dip at interval 2 moves the choice of the others, and not its own."""
    values = np.array([[9.0, 1.0, 1.5, 4.0], [9.0, 1.0, 1.5, 4.1], [9.0, 1.0, -3.0, 4.2]])

    assert ("2", ("2", "2", "1")) == (turning(one_way(values)).best, turning(one_way(values)).chosen)


def test_the_first_rise_of_a_valley() -> None:
    """After the best interval 3, the loss rises at once."""
    found = turning(valley())

    assert ("3", "4", True) == (found.best, found.first_rise, found.rise.ci_low is not None and found.rise.ci_low > 2.9)


def test_a_rise_lost_in_noise_is_not_established() -> None:
    """The least p of the increments is told, above .05."""
    found = turning(valley(rise=0.001))

    assert (None, True) == (found.first_rise, found.first_rise_p is not None and found.first_rise_p > 0.05)


def test_a_loss_that_only_falls_has_no_rise() -> None:
    """Where the final interval is best for all, that is the answer, and no test."""
    found = turning(one_way(np.array([[5.0, 3.0, 1.0], [5.1, 3.2, 1.3], [5.2, 2.9, 1.1]])))

    assert (0.0, None, NO_RISE, None, None, 0.0) == (
        found.rise.estimate,
        found.rise.p,
        found.rise.reason,
        found.first_rise,
        found.first_rise_p,
        found.naive,
    )


def test_noise_is_no_rise() -> None:
    """Of 40 flat tails few have a rise, and in all of them finals lie above each seed's own minimum."""
    found = [turning(one_way(flat(6, seed=seed))) for seed in range(40)]
    rises = sum(each.rise.p is not None and each.rise.p < 0.05 for each in found)

    assert (True, True) == (rises <= 3, min(each.naive for each in found) > 0)


def test_the_rise_is_never_below_nothing() -> None:
    """Where the estimate is below 0 by chance, the interval still holds 0, and p is 1."""
    rises = [turning(one_way(flat(6, seed=seed))).rise for seed in range(20)]
    below = [each for each in rises if each.t is not None and each.t < 0]

    assert (True, {1.0}, True) == (
        bool(below),
        {each.p for each in below},
        all(each.ci_high is not None and each.ci_high >= 0 for each in below),
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.array([[3.0, 1.0, 2.0]]), Reason.FEW_SUBJECTS),
        (np.array([[3.0], [2.0]]), Reason.ONE_LEVEL),
        (np.array([[3.0, 1.0, 2.0], [4.0, 2.0, 3.0]]), Reason.ZERO_ERROR),
    ],
)
def test_reasons(values: Matrix, reason: Reason) -> None:
    """What cannot be tested says why."""
    found = turning(one_way(values))

    assert (None, reason, None) == (found.rise.p, found.rise.reason, found.first_rise)


def test_an_increment_that_never_varies_leaves_the_other_ones_tested() -> None:
    """All seeds fall by the same amount first; the rise after it is found all the same."""
    rest = valley(rise=3.0).values
    values = np.hstack([rest[:, :1] + 2, rest])

    assert ("4", "5") == (turning(one_way(values)).best, turning(one_way(values)).first_rise)


@pytest.mark.skipif(FOLDER is None, reason="RAYSTUDY_REFERENCE names no folder with the reference data")
def test_p2_turns_at_four_million() -> None:
    """Of arXiv 2606.13370: lowest at 4M, 1.10 above it at 20M, established from 6M on; each seed's own lowest, 1.10."""
    assert FOLDER is not None
    table = np.loadtxt(Path(FOLDER) / "p2" / "p2_val_loss.csv", delimiter=",", skiprows=1)
    found = turning(one_way(table[:, 1:]))

    assert ("4", ("4",) * 6, "6") == (found.best, found.chosen, found.first_rise)
    assert pytest.approx((1.1014, 1.0361, 1.1667, 1.1026), abs=6e-5) == (
        found.rise.estimate,
        found.rise.ci_low,
        found.rise.ci_high,
        found.naive,
    )
