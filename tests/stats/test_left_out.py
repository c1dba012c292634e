"""Leaving each configuration out in turn: what a law foretells of one that it has not seen."""

import numpy as np
import pytest
from numpy.typing import NDArray

from raystudy.stats.powerlaw.compare import compare
from raystudy.stats.powerlaw.fit import fit
from raystudy.stats.powerlaw.forms import FORMS
from raystudy.stats.powerlaw.left_out import left_out
from raystudy.stats.powerlaw.losses import Loss
from raystudy.stats.powerlaw.problem import Problem

Vector = NDArray[np.float64]


def losses(noise: float = 0.0) -> tuple[dict[str, Vector], Problem]:
    """Return 12 losses of the law E + A / N^alpha + B / D^beta, of 3 models with 4 budgets each."""
    n, d = (axis.ravel() for axis in np.meshgrid([1e5, 3e5, 1e6], [1e4, 3e4, 1e5, 3e5], indexing="ij"))
    loss = 0.5 + 20 / n**0.3 + 30 / d**0.4
    y = loss * np.exp(noise * np.random.default_rng(2).normal(size=n.size))
    return {"N": n, "D": d}, Problem(model=FORMS["chinchilla"].build({"N": n, "D": d}), y=y)


def test_a_true_law_foretells_what_was_left_out() -> None:
    """Without noise the law that is true misses nothing, and a mean misses much."""
    inputs, problem = losses()

    errors = left_out(inputs, problem, {"model": inputs["N"]})

    assert pytest.approx(0.0, abs=1e-6) == errors["chinchilla"]
    assert (errors["mean per model"] or 0.0) > 0.1


def test_a_mean_is_that_of_the_others() -> None:
    """Of 1, 2 and 6 each is foretold by the mean of the others: 4, 3.5 and 1.5."""
    inputs = {"V": np.array([10.0, 20.0, 30.0])}
    problem = Problem(model=FORMS["volume"].build(inputs), y=np.array([1.0, 2.0, 6.0]))

    errors = left_out(inputs, problem, {"model": np.array(["one", "one", "one"])})

    assert pytest.approx(np.sqrt((3.0**2 + 1.5**2 + 4.5**2) / 3)) == errors["mean per model"]


def test_a_label_of_one_row_has_no_error() -> None:
    """A model with a single configuration cannot be foretold from its others."""
    inputs, problem = losses()
    labels = np.array(["alone", *["other"] * 11])

    assert left_out(inputs, problem, {"model": labels})["mean per model"] is None


def test_too_few_rows_have_no_error() -> None:
    """A law of three constants needs five rows besides the one that is left out."""
    inputs = {"D": np.array([1.0, 2.0, 3.0, 4.0, 5.0])}
    problem = Problem(model=FORMS["chinchilla"].build(inputs), y=np.array([5.0, 4.0, 3.5, 3.2, 3.1]))

    assert left_out(inputs, problem, {})["chinchilla"] is None


def test_refits_from_the_minimum_are_those_from_the_grid() -> None:
    """Going on from the fit of all rows finds what a whole new fit without one row finds."""
    inputs, problem = losses(noise=0.02)
    missed = []
    for kept in 1.0 - np.eye(problem.y.size):
        law = fit(problem, Loss.SQUARES, weights=kept)
        missed.append((problem.predicted(law.values[None])[0] - problem.y)[kept == 0].item())

    errors = left_out(inputs, problem, {})

    assert pytest.approx(np.sqrt(np.mean(np.square(missed))), rel=1e-3) == errors["chinchilla"]


def test_every_rival_has_an_error() -> None:
    """The names are those of the comparison."""
    inputs, problem = losses(noise=0.02)
    labels = {"model": inputs["N"]}

    assert {rival.form for rival in compare(inputs, problem, labels)} == set(left_out(inputs, problem, labels))
