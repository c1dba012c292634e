"""The machinery of scaling laws: slopes, losses, batches and profiles."""

import numpy as np
import pytest
from numpy.typing import NDArray

from raystudy.stats.powerlaw.fit import fit
from raystudy.stats.powerlaw.forms import FORMS
from raystudy.stats.powerlaw.intervals import curvature, profile, resampled
from raystudy.stats.powerlaw.losses import Loss, huber, influence
from raystudy.stats.powerlaw.problem import Problem

Vector = NDArray[np.float64]


def columns() -> dict[str, Vector]:
    """Return 36 rows of every input, none in step with another."""
    draw = np.random.default_rng(5)
    tokens = np.exp(draw.uniform(18, 25, 36))
    return {
        "N": np.exp(draw.uniform(16, 22, 36)),
        "D": tokens,
        "U": tokens / np.exp(np.maximum(draw.uniform(-1, 4, 36), 0.0)),
        "L": np.exp(draw.uniform(3, 7, 36)),
        "M": np.exp(draw.uniform(18, 23, 36)),
    }


def problem(form: str) -> Problem:
    """Return a form over the rows."""
    x = columns()
    y = np.random.default_rng(1).uniform(2.0, 4.0, 36)
    return Problem(model=FORMS[form].build(x), y=y)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("middle", [True, False])
def test_slopes_are_those_of_the_residuals(form: str, *, middle: bool) -> None:
    """Each analytic slope agrees with a central difference."""
    one = problem(form)
    exponents = np.array([[np.quantile(e.grid, 0.6) for e in one.model.exponents]])
    values = one.linear_part(exponents, np.ones((1, 36)))
    if not middle:
        one, values = one.at_one(values)
    steps = np.eye(one.k) * 1e-6

    _, slopes = one.sloped(values)
    found = (one.residuals(values + steps) - one.residuals(values - steps)).T / 2e-6

    assert pytest.approx(found, rel=1e-5, abs=1e-5 * np.abs(found).max()) == slopes[0]


@pytest.mark.parametrize("form", FORMS)
def test_the_middle_of_the_data_is_another_writing_of_the_same_law(form: str) -> None:
    """Dividing terms by their geometric means changes amplitudes, not what is foretold."""
    one = problem(form)
    values = one.linear_part(np.array([[np.median(e.grid) for e in one.model.exponents]]), np.ones((1, 36)))

    other, moved = one.at_one(values)

    assert pytest.approx(one.predicted(values)) == other.predicted(moved)


def test_hubers_loss_joins_a_parabola_and_two_lines() -> None:
    """At delta 2: r^2 / 2 up to 2, then 2 (|r| - 1); an infinite delta is least squares."""
    residuals = np.array([-3.0, -2.0, 0.5, 4.0])

    assert [4.0, 2.0, 0.125, 6.0] == huber(residuals, 2.0).tolist()
    assert [-2.0, -2.0, 0.5, 2.0] == influence(residuals, 2.0).tolist()
    assert [4.5, 2.0, 0.125, 8.0] == huber(residuals, np.inf).tolist()


def test_repeated_tokens_lose_their_worth() -> None:
    """R* = 15.39: four repetitions are worth 3.52, and 44 are worth 14.5 (arXiv 2305.16264)."""
    from raystudy.stats.powerlaw.repeated import worth

    log_gain, _ = worth(np.array([0.0, 4.0, 44.0]), np.array([[np.log(15.387756)]]))

    assert pytest.approx([1.0, 4.5222, 15.506], rel=1e-3) == np.exp(log_gain[0])


@pytest.mark.parametrize(
    ("form", "truth"),
    [
        (
            "data-constrained",
            {"alpha": 0.35, "beta": 0.36, "R_D_star": 15.4, "R_N_star": 5.3, "A": 521.0, "B": 1488.0, "E": 1.87},
        ),
        ("repeated-tokens", {"alpha": 0.35, "beta": 0.36, "R_D_star": 15.4, "A": 521.0, "B": 1488.0, "E": 1.87}),
        (
            "repetition-penalty",
            {"alpha": 0.35, "beta": 0.36, "delta": 0.8, "kappa": 0.3, "A": 521.0, "B": 1488.0, "P": 0.02, "E": 1.87},
        ),
    ],
)
def test_laws_of_repetition_are_found_again(form: str, truth: dict[str, float]) -> None:
    """Losses written out by the formula of the paper give its constants back."""
    n, d, u = (
        axis.ravel()
        for axis in np.meshgrid([1e8, 1e9, 8.7e9], np.geomspace(1e9, 1e12, 7), [1e8, 1e9, 2.5e10], indexing="ij")
    )
    u = np.minimum(u, d)
    y = written_out(form, truth, n, d, u)

    found = fit(Problem(model=FORMS[form].build({"N": n, "D": d, "U": u}), y=y), Loss.HUBER, delta=1e-3)

    told = found.problem.constants(found.values[None])
    assert pytest.approx(truth, rel=1e-6) == {name: float(value[0]) for name, value in told.items()}


def written_out(form: str, c: dict[str, float], n: Vector, d: Vector, u: Vector) -> Vector:
    """Return losses by the formulas of arXiv 2305.16264 and 2605.01640, R = D / U - 1."""
    r = d / u - 1
    if form == "repetition-penalty":
        rise = c["P"] * r ** c["delta"] * (n / u) ** c["kappa"]
        return c["E"] + c["A"] / n ** c["alpha"] + c["B"] / d ** c["beta"] + rise
    d_worth = u + u * c["R_D_star"] * (1 - np.exp(-r / c["R_D_star"]))
    if form == "data-constrained":
        a, b = c["alpha"], c["beta"]
        g = (a * c["A"] / (b * c["B"])) ** (1 / (a + b))
        best = np.minimum(n, u ** (b / a) * g ** ((a + b) / a))
        n = best + best * c["R_N_star"] * (1 - np.exp(-(n / best - 1) / c["R_N_star"]))
    return c["E"] + c["A"] / n ** c["alpha"] + c["B"] / d_worth ** c["beta"]


def test_resamples_at_once_are_resamples_one_by_one() -> None:
    """A batch of refits gives what each gives alone."""
    x = columns()
    y = 2.0 + 300 / x["N"] ** 0.33 + 900 / x["D"] ** 0.34 + 0.01 * np.random.default_rng(0).normal(size=36)
    one = fit(Problem(model=FORMS["chinchilla"].build({"N": x["N"], "D": x["D"]}), y=y), Loss.HUBER)

    batch = resampled(one, np.arange(36), 5, seed=11, tell=lambda _: None)

    counts = np.random.default_rng(11).multinomial(36, np.full(36, 1 / 36), size=5)
    alone = np.concatenate([one.again(one.values[None], row[None].astype(float)).values for row in counts])
    assert pytest.approx(alone, rel=1e-6) == batch


def test_huber_does_not_follow_an_outlier() -> None:
    """One loss that is a third too high moves least squares by more than ten times as much as the other losses."""
    n, d = (axis.ravel() for axis in np.meshgrid(np.geomspace(5e7, 1e10, 5), np.geomspace(1e9, 5e11, 6)))
    y = (1.8 + 480 / n**0.35 + 2000 / d**0.37) * np.exp(0.001 * np.random.default_rng(3).normal(size=30))
    y[7] *= 1.3
    one = Problem(model=FORMS["chinchilla"].build({"N": n, "D": d}), y=y)

    off = {loss: abs(float(np.exp(fit(one, loss).values[-1])) - 1.8) for loss in Loss}

    assert off[Loss.SQUARES] > 10 * off[Loss.HUBER]
    assert off[Loss.SQUARES] > 10 * off[Loss.ABSOLUTE]


def test_points_are_those_that_the_law_sees() -> None:
    """Of 4 x 4 cells of N x L whose products are 7, a law of volume sees 7 and one of both sees 16."""
    n, length = (axis.ravel() for axis in np.meshgrid([100.0, 200.0, 400.0, 800.0], [10.0, 20.0, 40.0, 80.0]))
    x, y = {"N": n, "L": length}, np.ones(16)

    seen = {form: Problem(model=FORMS[form].build(x), y=y).points() for form in ("volume", "split")}

    assert {"volume": 7, "split": 16} == seen


def test_profile_of_a_mean_is_students_interval() -> None:
    """E of accuracies that are on average .5 (n 4, s .1) beside a fixed rest: mean -+ t s / sqrt(n)."""
    from raystudy.stats.powerlaw.model import Scale, constant

    y = np.array([0.4, 0.45, 0.55, 0.6])
    mean = fit(Problem(model=constant(Scale.RAW, 4), y=y), Loss.SQUARES)

    ends = profile(mean, curvature(mean).covariance, [0])

    half = 3.182446 * np.std(y, ddof=1) / 2
    assert pytest.approx([0.5 - half, 0.5 + half], rel=1e-3) == ends[0]


def test_standard_errors_are_those_of_the_slopes() -> None:
    """Errors are those of linear least squares on the slopes at the minimum."""
    x = columns()
    y = 0.6 + 0.05 * np.random.default_rng(2).normal(size=36)
    one = fit(Problem(model=FORMS["volume"].build({"V": x["D"]}), y=y), Loss.SQUARES)

    _, slopes = one.problem.sloped(one.values[None])
    variance = 2 * one.objective / (36 - 3)
    expected = np.sqrt(np.diag(np.linalg.inv(slopes[0].T @ slopes[0])) * variance)

    assert pytest.approx(expected, rel=1e-6) == np.sqrt(np.diag(curvature(one).covariance))
