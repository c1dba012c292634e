"""A scaling law fitted to a table: constants with intervals, what speaks against them, and what rivals do as well.

columns, y ──fit──▶ minimum ──checks──▶ identified or not ──bootstrap──▶ intervals ──compare──▶ Law
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from raystudy.errors import AnalysisError
from raystudy.stats.powerlaw.checks import Note, comparison_notes, decisive, extrapolated, repeated_rows, resample_notes
from raystudy.stats.powerlaw.compare import Holdout, Rival, VolumeTest, compare, hold_out, volume_test
from raystudy.stats.powerlaw.constants import Constant, constants
from raystudy.stats.powerlaw.fit import Fit, fit
from raystudy.stats.powerlaw.forms import FORMS, Form, configurations, form_named, refuse
from raystudy.stats.powerlaw.identify import Identification, WholeTest, identify
from raystudy.stats.powerlaw.intervals import resampled
from raystudy.stats.powerlaw.losses import Loss
from raystudy.stats.powerlaw.model import Columns, Labels, Scale, Vector
from raystudy.stats.powerlaw.problem import Problem

LEAST_RESAMPLES = 100
"""Fewer have no 2.5 % at either end to speak of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How a law is fitted."""

    loss: Loss | None = None
    """None: Huber for losses, least squares for accuracies"""
    delta: float | None = None
    """Huber's delta; None: 1.345 robust standard deviations of the residuals, in two steps"""
    bootstrap: int = 1000
    """Resamples; 0 gives profile likelihood intervals instead"""
    seed: int = 0
    tell: Callable[[int], None] = field(default=lambda _: None)
    """Hears how many more resamples are done"""

    def __post_init__(self) -> None:
        if self.delta is not None and self.loss not in (None, Loss.HUBER):
            raise AnalysisError(f"delta belongs to the loss huber; with {self.loss} leave it out.")
        if self.delta is not None and not 0 < self.delta < np.inf:
            raise AnalysisError(f"delta must be above 0 and finite; {self.delta} is not.")
        if self.bootstrap < 0 or 0 < self.bootstrap < LEAST_RESAMPLES:
            raise AnalysisError(
                f"{self.bootstrap} resamples give no 95 % interval: take {LEAST_RESAMPLES} or more, or 0 for profiles."
            )

    def loss_on(self, scale: Scale) -> Loss:
        """Return the loss: what was chosen, else Huber's for laws of losses, and where a delta is given."""
        return self.loss or (Loss.HUBER if scale is Scale.LOG or self.delta is not None else Loss.SQUARES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Law:
    """A fitted law, and what to know before trusting it."""

    form: str
    formula: str
    n: int
    configurations: int
    loss: Loss
    delta: float | None
    """Huber's delta; None for other losses"""
    scale: Scale
    constants: Mapping[str, Constant]
    interval: str | None
    """`bootstrap` or `profile`; None where no constant is told"""
    objective: float
    """What was minimised: the sum of Huber's loss, of absolute residuals, or of half their squares"""
    rss: float
    """Sum of squared residuals, on the scale of the fit"""
    condition_number: float | None
    """Of the slopes at the minimum; None where it is infinite"""
    correlations: Mapping[str, float]
    """Of the constants, by `a,b`; to first order"""
    notes: tuple[Note, ...]
    whole_test: WholeTest | None
    """None where there are too few rows for it"""
    domain: Mapping[str, tuple[float, float]]
    """Least and greatest value of each input"""
    holdout: Holdout
    compare: tuple[Rival, ...]
    volume_test: VolumeTest | None
    """None where the law is none of volume, is not identified, or N and L are not given"""
    minimum: Vector
    """The constants as the fit has them, amplitudes where inputs are 1: what `predict` needs"""

    @property
    def identified(self) -> bool:
        """Whether the data tell what the exponents are."""
        return not decisive(self.notes)

    def predict(self, columns: Columns) -> Vector:
        """Return the law's y at these inputs; within the domain it may be right though no constant is identified."""
        model = FORMS[self.form].build(columns)
        rows = next(iter(columns.values())).size
        predicted: Vector = Problem(model=model, y=np.ones(rows), middle=False).predicted(self.minimum[None])[0]
        return predicted


def fit_law(
    columns: Columns, y: Vector, *, form: str, group: Labels | None = None, options: Options | None = None
) -> Law:
    """
    Fit a form to rows whose inputs are `columns` (N, D, ...; all positive) and whose outcome is y.

    `group` names each row's configuration, which the bootstrap draws as one; without it, equal inputs are one.
    Raises AnalysisError where the form cannot be fitted at all; where it can and its exponents are not identified, the
    law says so, and its constants are None.
    """
    chosen, law = options or Options(), form_named(form)
    refuse(law, columns, y)
    problem = Problem(model=law.build(columns), y=y)
    loss = chosen.loss_on(problem.model.scale)
    best = fit(problem, loss, delta=chosen.delta)
    labels = configurations(columns, group)
    found = identify(best, configurations=int(labels.max()) + 1)
    resamples = None
    if found.identified and chosen.bootstrap:
        resamples = resampled(best, labels, chosen.bootstrap, seed=chosen.seed, tell=chosen.tell)
    drawn = [] if resamples is None else resample_notes(problem, resamples)
    held_out = hold_out(problem, loss, delta=chosen.delta)
    rivals = compare(columns, problem, _labels(columns, group))
    outside = extrapolated(problem) if found.identified else []
    others = [*repeated_rows(columns, y), *outside, *comparison_notes(law.name, held_out, rivals)]
    return Law(
        form=law.name,
        formula=law.formula,
        n=y.size,
        configurations=int(labels.max()) + 1,
        loss=loss,
        delta=best.delta if loss is Loss.HUBER else None,
        scale=problem.model.scale,
        constants=constants(best, found.curved, found.ends, resamples) if found.identified else _unknown(best),
        interval=("bootstrap" if chosen.bootstrap else "profile") if found.identified else None,
        objective=float(np.abs(best.residuals).sum()) if loss is Loss.ABSOLUTE else best.objective,
        rss=float((best.residuals**2).sum()),
        condition_number=found.condition_number,
        correlations=_correlations(best, found),
        notes=(*found.notes, *drawn, *others),
        whole_test=found.whole_test,
        domain={name: (float(column.min()), float(column.max())) for name, column in columns.items()},
        holdout=held_out,
        compare=rivals,
        volume_test=_volume_test(law, columns, y) if found.identified else None,
        minimum=problem.at_one(best.values[None])[1][0],
    )


def _unknown(best: Fit) -> dict[str, Constant]:
    """Return the constants without values."""
    nothing = Constant(value=None, ci_low=None, ci_high=None, se=None)
    return dict.fromkeys(best.problem.constants(best.values[None]), nothing)


def _correlations(best: Fit, found: Identification) -> dict[str, float]:
    """Return the correlation of each pair of constants, where they are identified."""
    if not found.identified:
        return {}
    names, table = list(best.problem.constants(best.values[None])), found.curved.correlations
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    return {f"{names[i]},{names[j]}": float(table[i, j]) for i, j in pairs}


def _labels(columns: Columns, group: Labels | None) -> dict[str, Labels]:
    """Return by what rows can be averaged instead of explained."""
    return ({"M": columns["M"]} if "M" in columns else {}) | ({} if group is None else {"group": group})


def _volume_test(law: Form, columns: Columns, y: Vector) -> VolumeTest | None:
    """Test whether only the volume counts, where the law says so and its factors are given."""
    apart = law.name == "volume" and {"N", "L"} <= set(columns)
    if not apart or y.size - FORMS["split"].build(columns).k < 1:
        return None
    return volume_test(columns, y)
