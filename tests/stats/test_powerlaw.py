"""Scaling laws: what is found, what is refused, and what is said besides."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from raystudy.errors import AnalysisError
from raystudy.stats.powerlaw.checks import Flag, Note
from raystudy.stats.powerlaw.fit import fit
from raystudy.stats.powerlaw.forms import FORMS
from raystudy.stats.powerlaw.law import Law, Options, fit_law
from raystudy.stats.powerlaw.losses import Loss
from raystudy.stats.powerlaw.problem import Problem

Vector = NDArray[np.float64]
PROFILE = Options(bootstrap=0)
TRUTH = {"A": 482.01, "B": 2085.43, "E": 1.8172, "alpha": 0.3478, "beta": 0.3658}
"""The constants of arXiv 2404.10102."""


def runs(noise: float = 0.0) -> tuple[dict[str, Vector], Vector]:
    """Return 30 models and token counts, and their losses by the law of arXiv 2404.10102."""
    n, d = (axis.ravel() for axis in np.meshgrid(np.geomspace(5e7, 1e10, 5), np.geomspace(1e9, 5e11, 6)))
    loss = TRUTH["E"] + TRUTH["A"] / n ** TRUTH["alpha"] + TRUTH["B"] / d ** TRUTH["beta"]
    return {"N": n, "D": d}, loss * np.exp(noise * np.random.default_rng(3).normal(size=n.size))


def budgets(
    *, beta_examples: float = -0.25, beta_length: float = -0.25, a: float = -20.0, seed: int = 1
) -> tuple[dict[str, Vector], Vector]:
    """Return the design of arXiv 2505.06150 with three seeds a cell: accuracies with noise of a hundredth."""
    grid = np.meshgrid([50.0, 200.0, 800.0, 3200.0], [50.0, 150.0, 450.0], [1.25e8, 3.5e8, 1.3e9, 7e9], range(3))
    n, length, m = (axis.ravel() for axis in grid[:3])
    noise = 0.01 * np.random.default_rng(seed).normal(size=n.size)
    return {"N": n, "L": length, "M": m}, 0.85 + a * n**beta_examples * length**beta_length * m**-0.15 + noise


@cache
def exact() -> Law:
    """Return the law of the runs without noise."""
    return fit_law(*runs(), form="chinchilla", options=PROFILE)


@cache
def volume(*, alike: bool) -> Law:
    """Return a law of volume, where examples and their length count alike, or not."""
    made = budgets() if alike else budgets(beta_examples=-0.375, beta_length=-0.125)
    return fit_law(*made, form="volume", options=PROFILE)


def flags(law: Law) -> set[Flag]:
    """Return the flags of a law."""
    return {note.flag for note in law.notes}


@pytest.mark.parametrize("loss", list(Loss))
def test_constants_are_exact_without_noise(loss: Loss) -> None:
    """Whatever is minimised, a law without noise is found to the tenth digit."""
    x, y = runs()

    law = fit_law(x, y, form="chinchilla", options=Options(loss=loss, bootstrap=0))

    assert pytest.approx(TRUTH, rel=1e-9) == {name: constant.value for name, constant in law.constants.items()}


def test_objective_is_a_sum_over_rows() -> None:
    """The rows taken twice have twice the objective: it is a sum, not a mean."""
    x, y = runs(noise=0.01)
    doubled = {name: np.tile(column, 2) for name, column in x.items()}

    once, twice = (
        fit(Problem(model=FORMS["chinchilla"].build(inputs), y=outcome), Loss.HUBER, delta=1e-3)
        for inputs, outcome in ((x, y), (doubled, np.tile(y, 2)))
    )

    assert pytest.approx(2 * once.objective, rel=1e-9) == twice.objective


def test_huber_says_which_delta_it_used() -> None:
    """Without a delta it is 1.345 robust standard deviations of the residuals; a given one is kept."""
    x, y = runs(noise=0.01)

    found = fit_law(x, y, form="chinchilla", options=PROFILE).delta
    kept = fit_law(x, y, form="chinchilla", options=Options(delta=1e-3, bootstrap=0)).delta

    assert found is not None
    assert 0.5 < found / 0.01345 < 1.5
    assert kept == 0.001


def test_tokens_in_step_with_parameters_are_refused() -> None:
    """At 20 tokens a parameter, alpha and beta cannot be told apart: none is told, and the flag says why."""
    n = np.geomspace(5e7, 5e9, 12)
    y = 1.8 + 480 / n**0.35 + 2000 / (20 * n) ** 0.37

    law = fit_law({"N": n, "D": 20 * n}, y, form="chinchilla")

    assert not law.identified
    assert Flag.COLLINEAR in flags(law)
    assert {None} == {constant.value for constant in law.constants.values()}


def test_one_model_says_nothing_about_models() -> None:
    """With one N there is no exponent of N; the flag names it."""
    d = np.geomspace(1e9, 1e11, 12)

    law = fit_law({"N": np.full(12, 1e8), "D": d}, 2 + 2000 / d**0.37, form="chinchilla")

    assert [("N",)] == [note.about for note in law.notes if note.flag is Flag.ONE_VALUE]


def test_no_effect_is_no_law() -> None:
    """Accuracies that depend on nothing have no exponents."""
    x, y = budgets(a=0.0)

    law = fit_law(x, y, form="volume")

    assert not law.identified
    assert Flag.NO_EFFECT in flags(law)
    assert law.whole_test is not None
    assert law.whole_test.decisive_p > 0.05
    assert (None, None) == (law.interval, law.volume_test)


def test_nearly_flat_data_are_refused() -> None:
    """A range of tokens of a tenth does not tell an exponent: its profile does not close."""
    d = np.linspace(1.0e9, 1.1e9, 20)
    y = (2 + 2000 / d**0.37) * np.exp(1e-3 * np.random.default_rng(0).normal(size=20))

    law = fit_law({"D": d}, y, form="chinchilla")

    assert not law.identified
    assert Flag.FLAT_PROFILE in flags(law)


def test_volume_test_keeps_what_is_true() -> None:
    """Where examples and length count alike, the test does not say otherwise; where not, it does."""
    alike = volume(alike=True).volume_test
    apart = volume(alike=False).volume_test

    assert alike is not None
    assert apart is not None
    assert (1, 139) == alike.df == apart.df
    assert alike.p > 0.05
    assert apart.p < 1e-6


def test_the_better_rival_is_named() -> None:
    """A law of volume whose factors do not count alike is told that the split form does better."""
    law = volume(alike=False)

    assert law.compare[0].form == "split"
    assert [("split",)] == [note.about for note in law.notes if note.flag is Flag.BETTER_RIVAL]
    assert {"volume", "split", "saturating", "constant", "mean per M"} == {rival.form for rival in law.compare}
    assert pytest.approx(1.0) == sum(rival.weight or 0.0 for rival in law.compare)


def test_saturating_is_volume_with_its_signs_told() -> None:
    """Where accuracy rises towards E, the bounded form is the same law."""
    free = volume(alike=True)

    bounded = fit_law(*budgets(), form="saturating", options=PROFILE)

    assert pytest.approx(free.rss, rel=1e-9) == bounded.rss
    assert pytest.approx(-(free.constants["beta"].value or 0), rel=1e-5) == bounded.constants["beta"].value
    assert pytest.approx(-(free.constants["A"].value or 0), rel=1e-4) == bounded.constants["A"].value


@pytest.mark.parametrize("unit", [1e-11, 1e9])
def test_the_unit_of_the_outcome_does_not_matter(unit: float) -> None:
    """Exponents are the same for an outcome of order 1e-11, as P1's metric has it."""
    x, y = budgets()

    other = fit_law(x, y * unit, form="volume", options=PROFILE)

    one = volume(alike=True)
    assert pytest.approx(one.constants["gamma"].value, rel=1e-6) == other.constants["gamma"].value
    assert pytest.approx(one.constants["gamma"].ci_low, rel=1e-3) == other.constants["gamma"].ci_low


def test_intervals_come_from_the_seed() -> None:
    """The same seed draws the same resamples; each interval holds its value."""
    x, y = budgets()
    options = Options(bootstrap=100, seed=7)

    first, second = (fit_law(x, y, form="volume", options=options).constants for _ in range(2))

    assert first == second
    assert all((c.ci_low or 0.0) < (c.value or 0.0) < (c.ci_high or 0.0) for c in first.values())


def test_resamples_draw_configurations() -> None:
    """The same rows twice over are no new configurations: the interval stays as wide."""
    x, y = budgets()
    double = {name: np.tile(column, 2) for name, column in x.items()}

    def width(law: Law) -> float:
        return (law.constants["gamma"].ci_high or 0.0) - (law.constants["gamma"].ci_low or 0.0)

    once = fit_law(x, y, form="volume", options=Options(bootstrap=100))
    copied = fit_law(double, np.tile(y, 2), form="volume", options=Options(bootstrap=100))

    assert pytest.approx(width(once), rel=1e-3) == width(copied)
    assert Flag.REPEATED_ROWS in flags(copied)


def test_a_group_is_drawn_as_one() -> None:
    """The bootstrap counts groups where they are given."""
    x, y = budgets()

    law = fit_law(x, y, form="volume", group=np.array([f"task {row // 36}" for row in range(144)]), options=PROFILE)

    assert law.configurations == 4
    assert Flag.FEW_CONFIGURATIONS in flags(law)


def test_the_largest_quarter_is_held_out() -> None:
    """A law without noise foretells the rows it has not seen."""
    held = exact().holdout

    assert (30, "N x D") == (held.n_train + held.n_test, held.by)
    assert held.n_test >= 7
    assert held.rmse is not None
    assert held.rmse < 1e-9


def test_a_law_foretells() -> None:
    """Predictions at the rows are what the constants say."""
    x, y = runs()

    assert pytest.approx(y, rel=1e-9) == exact().predict(x)


def test_domain_is_that_of_the_inputs() -> None:
    """The least and the greatest value of each input say what is interpolation."""
    assert (5e7, pytest.approx(1e10)) == exact().domain["N"]


@pytest.mark.parametrize(
    ("form", "names", "message"),
    [
        ("chincilla", ("N", "D"), "No law is called 'chincilla'"),
        ("chinchilla", ("N", "Q"), "no input called Q"),
        ("chinchilla", ("N",), "takes N and D, or D; given is N"),
    ],
)
def test_wrong_names_are_told(form: str, names: tuple[str, ...], message: str) -> None:
    """A form, or an input, that does not exist is answered by those that do."""
    with pytest.raises(AnalysisError, match=message):
        fit_law(dict.fromkeys(names, np.arange(1.0, 20.0)), np.ones(19), form=form)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_powers_of_what_is_not_positive_are_refused(bad: float) -> None:
    """Neither inputs nor losses may be zero, negative or no number."""
    x, y = runs()

    with pytest.raises(AnalysisError, match="Input D is not positive in 1 of 30 rows"):
        fit_law({"N": x["N"], "D": np.where(np.arange(30) == 4, bad, x["D"])}, y, form="chinchilla")
    with pytest.raises(AnalysisError, match="a loss, is not positive in 1 of 30 rows"):
        fit_law(x, np.where(np.arange(30) == 4, bad, y), form="chinchilla")


def test_too_few_rows() -> None:
    """Two rows raise; fewer than two more than constants have none of these told."""
    x, y = runs(noise=0.001)
    six = {name: column[:6] for name, column in x.items()}

    law = fit_law(six, y[:6], form="chinchilla")

    assert Flag.FEW_ROWS in flags(law)
    assert not law.identified
    with pytest.raises(AnalysisError, match="2 rows are too few"):
        fit_law({name: column[:2] for name, column in x.items()}, y[:2], form="chinchilla")


@pytest.mark.parametrize("resamples", [50, -1])
def test_too_few_resamples_are_refused(resamples: int) -> None:
    """Fewer than a hundred resamples have no ends of 2.5 %."""
    with pytest.raises(AnalysisError, match="resamples give no 95 % interval: take 100 or more, or 0"):
        Options(bootstrap=resamples)


@pytest.mark.parametrize("delta", [0.0, -1.0, np.inf])
def test_a_delta_is_above_zero(delta: float) -> None:
    """Huber's loss has a delta that is positive and finite."""
    with pytest.raises(AnalysisError, match=f"delta must be above 0 and finite; {delta} is not"):
        Options(delta=delta)


def test_a_delta_is_hubers() -> None:
    """The other losses have no delta."""
    with pytest.raises(AnalysisError, match="delta belongs to the loss huber; with squares leave it out"):
        Options(loss=Loss.SQUARES, delta=1.0)


@pytest.mark.parametrize(
    ("flag", "about", "sentence"),
    [
        (Flag.FEW_CONFIGURATIONS, ("8 configurations",), "8 configurations are few: a bootstrap over less than ten "),
        (Flag.COLLINEAR, ("N", "D"), "N and D move together, so their exponents cannot be told apart"),
        (Flag.FLAT_PROFILE, ("alpha", "beta", "delta"), "No 95 % interval of alpha, beta and delta closes"),
    ],
)
def test_a_note_is_a_sentence(flag: Flag, about: tuple[str, ...], sentence: str) -> None:
    """What a doubt is about stands within its sentence."""
    assert str(Note(flag=flag, about=about)).startswith(sentence)


def test_every_flag_names_what_it_is_about() -> None:
    """No sentence leaves its subject out, and none ends twice."""
    assert set() == {flag for flag in Flag if flag.count("{about}") != 1 or flag.endswith(".")}
