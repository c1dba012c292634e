"""Spikes of a trajectory: which rules can never find one, and what the lagged window finds."""

import numpy as np
import pytest

from raystudy.errors import AnalysisError
from raystudy.stats.spikes import PUBLISHED, Rule, cannot_fire, false_alarms, spikes_of

JUMP = np.array([[3.0, 2.9, 2.81, 2.7, 2.62, 2.5, 2.41, 3.4, 2.2]])
"""Falls by about 0.1 an interval, and jumps at interval 7."""


def marked(losses: np.ndarray, rule: Rule, *, lagged: bool) -> list[int]:
    """Return the intervals of spikes of one seed."""
    return np.flatnonzero(spikes_of(losses, rule, lagged=lagged)[0]).tolist()


def test_the_published_rule_cannot_fire() -> None:
    """Of 5 values none lies further than sqrt(5 - 1) = 2 SDs above their mean, and the message says what would do."""
    why = cannot_fire(PUBLISHED)

    assert why is not None
    assert "at most sqrt(5 - 1) = 2 population SDs" in why
    assert "a window of 6 differences or more" in why


@pytest.mark.parametrize(("window", "z", "fires"), [(5, 1.99, True), (6, 2, True), (10, 3, False), (11, 3, True)])
def test_which_pairs_can_fire(window: int, z: float, *, fires: bool) -> None:
    """A window of n with the value inside fires for z below sqrt(n - 1), and for no other."""
    assert fires is (cannot_fire(Rule(window=window, z=z)) is None)


def test_the_bound_is_reached() -> None:
    """The least window that the message names does find the greatest jump there can be, the one below does not."""
    step = np.concatenate([np.zeros(6), np.ones(1)])[None, :]

    assert ([6], []) == tuple(marked(step, Rule(window=window), lagged=False) for window in (6, 5))


def test_rounding_makes_no_spike() -> None:
    """Four equal differences and a greater one lie at the bound itself, whatever their last digits."""
    random = np.random.default_rng(0)
    losses = np.cumsum(np.tile([0.1, 0.1, 0.1, 0.1, 0.9], (500, 2)) * random.uniform(size=(500, 1)), axis=1)

    assert not spikes_of(losses, PUBLISHED, lagged=False).any()


def test_fewer_differences_than_the_window() -> None:
    """A trajectory of 20 differences has no window of 40, so the bound is that of 20."""
    rule = Rule(window=40, z=5)

    assert cannot_fire(rule) is None
    assert "among the 20 that there are lies at most sqrt(20 - 1) = 4.359" in (cannot_fire(rule, 20) or "")


def test_the_lagged_window_finds_a_jump() -> None:
    """What the published window cannot see stands out of the differences before it."""
    assert ([], [7]) == tuple(marked(JUMP, PUBLISHED, lagged=each) for each in (False, True))


def test_the_floor() -> None:
    """A jump of less than the floor is none, however still the differences before."""
    assert [] == marked(JUMP / 200, PUBLISHED, lagged=True)


def test_an_even_rise_has_no_spike() -> None:
    """Differences that only their last digits tell apart have no spread to stand out of."""
    assert [] == marked(np.linspace(2.0, 3.0, 21)[None, :], PUBLISHED, lagged=True)


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_false_alarms(n: int) -> None:
    """The formula agrees with 200,000 draws of normal noise."""
    drawn = np.random.default_rng(n).normal(size=(200_000, n + 1))
    before = drawn[:, :-1]

    assert pytest.approx(false_alarms(n, 2.0), abs=0.003) == (
        (drawn[:, -1] > before.mean(axis=1) + 2 * before.std(axis=1)).mean()
    )


@pytest.mark.parametrize("rule", [{"window": 1}, {"z": 0.0}, {"z": -1.0}, {"z": float("nan")}, {"z": float("inf")}])
def test_rules_that_are_none(rule: dict[str, float]) -> None:
    """One difference has no spread, and a spike lies above the mean."""
    with pytest.raises(AnalysisError, match=r"give (2|a number)"):
        Rule(**rule)  # type: ignore[arg-type] # one of the two fields
