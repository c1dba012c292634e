"""Many tables at once give the F and epsilon that each gives alone."""

import numpy as np
import pytest

from raystudy.stats.draws import chunks, epsilons, f_ratios, refusal
from raystudy.stats.reason import Reason
from tests.stats.textbook import WINER


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_winer(scale: float) -> None:
    """F = 24.7589 and Greenhouse-Geisser's epsilon .604874, at any scale, in each draw."""
    draws = np.stack([WINER, WINER + 7]) * scale

    assert (pytest.approx([24.758865248] * 2), pytest.approx([0.604874042] * 2)) == (
        f_ratios(draws).tolist(),
        epsilons(draws).tolist(),
    )


def test_more_levels_than_subjects() -> None:
    """Epsilon is the same from the products of subjects as from those of levels."""
    wide = np.random.default_rng(0).normal(size=(3, 5))
    inner = wide - wide.mean(axis=0) - wide.mean(axis=1, keepdims=True) + wide.mean()
    covariance = inner.T @ inner

    assert pytest.approx(np.trace(covariance) ** 2 / (4 * (covariance**2).sum())) == float(epsilons(wide[None])[0])


def test_draw_without_error() -> None:
    """A draw without error has a great F, one without an effect none; both are finite."""
    additive, none = np.array([[1.0, 2.0], [3.0, 4.0]]), np.ones((2, 2))
    great, small = f_ratios(np.stack([additive, none]))

    assert (True, True, 0.0) == (great > 1e20, bool(np.isfinite(great)), small)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (WINER, None),
        (WINER[:1], Reason.FEW_SUBJECTS),
        (WINER[:0], Reason.NO_SUBJECT),
        (WINER[:, :1], Reason.ONE_LEVEL),
        (WINER[:, :1] + [0.0, 0.1, 0.3], Reason.ZERO_ERROR),
        (WINER[:, :1] + [0.0, 0.0], Reason.CONSTANT),
    ],
)
def test_untestable(values: np.ndarray, reason: Reason | None) -> None:
    """A table without an F says why."""
    assert reason == refusal(values)


def test_chunks_add_up() -> None:
    """All draws are made, few at a time where tables are large."""
    assert [2, 2, 1] == list(chunks(5, cells=2**19))
