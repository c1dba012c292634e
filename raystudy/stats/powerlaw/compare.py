"""A law beside its rivals, by what each explains and by what each foretells of the largest configurations.

    rows ──largest quarter left out──▶ fit ──▶ error on what was left out

Comparisons are by least squares on the scale of the law (of the logarithm for losses), whatever loss the law itself is
fitted by: AICc needs a likelihood, here that of normal errors (C. M. Hurvich & C.-L. Tsai, Biometrika 76, 297 (1989)).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.powerlaw.fit import fit
from raystudy.stats.powerlaw.forms import FORMS
from raystudy.stats.powerlaw.losses import ROUNDING, Loss
from raystudy.stats.powerlaw.model import Columns, Labels, Mask, Vector, constant
from raystudy.stats.powerlaw.problem import Problem
from raystudy.stats.probability import f_tail

HELD_OUT = 0.25
"""Share of the rows that the ordered hold-out leaves out, the largest ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdout:
    """How well the law foretells the largest configurations from the others; no error where too few are left."""

    rmse: float | None
    """In the unit of y"""
    relative_error: float | None
    """Mean of the error's size over y; None where some y is 0, too"""
    n_train: int
    n_test: int
    by: str
    """What the rows were ordered by"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rival:
    """One law of the comparison."""

    form: str
    k: int
    aicc: float | None
    delta_aicc: float | None
    weight: float | None
    """Akaike's weight among those compared"""
    holdout_rmse: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeTest:
    """Whether examples and their length count only by their product: one exponent for both, against two."""

    f: float
    df: tuple[int, int]
    p: float


def largest(problem: Problem) -> Mask:
    """Return which rows are among the largest quarter by the product of the inputs; equal ones stay together."""
    size = np.round(np.sum(list(problem.model.drivers.values()), axis=0), 9)
    first = min(int(np.ceil((1 - HELD_OUT) * size.size)), size.size - 1)
    last: Mask = size >= np.sort(size)[first]
    return last


def hold_out(problem: Problem, loss: Loss, *, delta: float | None) -> Holdout:
    """Fit without the largest quarter, and look at the error there."""
    test, by = largest(problem), " x ".join(problem.model.drivers)
    counts = {"n_train": int((~test).sum()), "n_test": int(test.sum())}
    missed = _missed(problem, test, loss, delta=delta)
    if missed is None:
        return Holdout(rmse=None, relative_error=None, by=by, **counts)
    return Holdout(
        rmse=rmse_of(missed),
        relative_error=float(np.abs(missed / problem.y[test]).mean()) if problem.y[test].all() else None,
        by=by,
        **counts,
    )


def compare(columns: Columns, problem: Problem, labels: Mapping[str, Labels]) -> tuple[Rival, ...]:
    """Return every form that the inputs allow on this scale, a constant, and a mean for each of some labels."""
    test = largest(problem)
    found: list[tuple[str, int, float, float | None]] = []
    for name, rival in rivals_of(columns, problem):
        if rival.enough():
            missed = _missed(rival, test, Loss.SQUARES)
            found.append(
                (name, rival.k, 2 * fit(rival, Loss.SQUARES).objective, None if missed is None else rmse_of(missed))
            )
    found += [(f"mean per {name}", *_means(problem, label, test)) for name, label in labels.items()]
    least = ROUNDING * problem.unit**2 * problem.y.size
    scores = [_aicc(problem.y.size, k, max(rss, least)) for _, k, rss, _ in found]
    best = min((score for score in scores if score is not None), default=0.0)
    total = sum(np.exp((best - score) / 2) for score in scores if score is not None)
    rivals = (
        Rival(
            form=name,
            k=k,
            aicc=score,
            delta_aicc=None if score is None else score - best,
            weight=None if score is None else float(np.exp((best - score) / 2) / total),
            holdout_rmse=rmse,
        )
        for (name, k, _, rmse), score in zip(found, scores, strict=True)
    )
    return tuple(sorted(rivals, key=lambda rival: np.inf if rival.aicc is None else rival.aicc))


def volume_test(columns: Columns, y: Vector) -> VolumeTest:
    """Test by least squares whether one exponent of N x L does as well as one of N and one of L."""
    given = {name: column for name, column in columns.items() if name != "V"}
    one, two = (Problem(model=FORMS[name].build(given), y=y) for name in ("volume", "split"))
    same = fit(one, Loss.SQUARES)
    together = 2 * same.objective
    beta, *gamma = same.values[: one.searched]
    apart = 2 * fit(two, Loss.SQUARES, also=np.array([[beta, beta, *gamma]])).objective  # never above `together`
    df = (1, y.size - two.k)
    f = max(together - apart, 0.0) / max(apart / df[1], ROUNDING * two.unit**2)
    return VolumeTest(f=f, df=df, p=f_tail(f, df_effect=df[0], df_error=df[1]).p)


def rivals_of(columns: Columns, problem: Problem) -> Iterator[tuple[str, Problem]]:
    """Yield the forms that these inputs allow, and a constant."""
    scale = problem.model.scale
    for form in FORMS.values():
        if form.fits(tuple(columns)):
            rival = replace(problem, model=form.build(columns))
            if rival.model.scale is scale:
                yield form.name, rival
    yield "constant", replace(problem, model=constant(scale, problem.y.size))


def _missed(problem: Problem, test: Mask, loss: Loss, *, delta: float | None = None) -> Vector | None:
    """Return how far a fit to the other rows is above y in those held out; None where too few are left to fit."""
    if not problem.enough(~test):
        return None
    trained = fit(problem, loss, delta=delta, weights=(~test).astype(float))
    missed: Vector = problem.predicted(trained.values[None])[0, test] - problem.y[test]
    return missed


def rmse_of(missed: Vector) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt((missed**2).mean()))


def _means(problem: Problem, label: Labels, test: Mask) -> tuple[int, float, float | None]:
    """Return k, the sum of squares, and the held-out error of a mean for each label, None where a label is new."""
    told = problem.told
    names, at = np.unique(label, return_inverse=True)

    def means(rows: Mask) -> Vector:
        counts = np.bincount(at[rows], minlength=names.size)
        return np.bincount(at[rows], weights=told[rows], minlength=names.size) / np.maximum(counts, 1)

    rss = float(((told - means(np.ones(told.size, dtype=bool))[at]) ** 2).sum())
    if set(at[test]) - set(at[~test]):
        return names.size, rss, None
    foretold = means(~test)[at[test]]
    missed = (np.exp(foretold) if problem.logarithmic else foretold) - problem.y[test]
    return names.size, rss, rmse_of(missed)


def _aicc(n: int, k: int, rss: float) -> float | None:
    """Return AICc of normal errors, whose variance counts as a constant; None where rows do not suffice."""
    constants = k + 1
    if n - constants - 1 <= 0:
        return None
    return float(n * np.log(rss / n) + 2 * constants + 2 * constants * (constants + 1) / (n - constants - 1))
