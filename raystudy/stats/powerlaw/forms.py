"""The forms of scaling laws by name, each with its formula and its inputs, and the rows that it cannot be fitted to.

    name ──FORMS──▶ Form ──refuse, build(columns)──▶ Model

Where an input in brackets is left out, so is what depends on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from raystudy.errors import AnalysisError
from raystudy.stats.powerlaw import accuracy, repeated, size
from raystudy.stats.powerlaw.model import Columns, Index, Labels, Model, Scale, Vector


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A scaling law: its formula as text, and what makes a model of it."""

    name: str
    formula: str
    inputs: tuple[tuple[str, ...], ...]
    """Each choice of inputs that it can be fitted on, the fullest first."""
    build: Callable[[Columns], Model]

    def fits(self, names: Sequence[str]) -> bool:
        """Whether these inputs suffice."""
        return any(set(inputs) <= set(names) for inputs in self.inputs)

    def taken(self, columns: Columns) -> Columns:
        """Return those columns that are its inputs, where these suffice."""
        names = next(inputs for inputs in self.inputs if set(inputs) <= set(columns))
        return {name: columns[name] for name in names}


LEAST_ROWS = 3
_VOLUME_INPUTS = (("V", "M"), ("N", "L", "M"), ("V",), ("N", "L"))

FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form(
            name="chinchilla",
            formula="loss = E + A / N^alpha + B / D^beta",
            inputs=(("N", "D"), ("D",)),
            build=size.chinchilla,
        ),
        Form(
            name="fine-tuning",
            formula="loss = E + A / (N^alpha D^beta)",
            inputs=(("N", "D"),),
            build=size.fine_tuning,
        ),
        Form(
            name="rectified",
            formula="loss = E + B / (D_l + D^beta)",
            inputs=(("D",),),
            build=size.rectified,
        ),
        Form(
            name="data-constrained",
            formula="loss = E + A / N'^alpha + B / D'^beta",
            inputs=(("N", "D", "U"),),
            build=repeated.both,
        ),
        Form(
            name="repeated-tokens",
            formula="loss = E + A / N^alpha + B / D'^beta, D' = U + U R* (1 - exp(-R / R*)), R = D / U - 1",
            inputs=(("N", "D", "U"), ("D", "U")),
            build=repeated.tokens,
        ),
        Form(
            name="repetition-penalty",
            formula="loss = E + A / N^alpha + B / D^beta + P R^delta (N / U)^kappa, R = D / U - 1",
            inputs=(("N", "D", "U"), ("D", "U")),
            build=repeated.penalty,
        ),
        Form(
            name="volume",
            formula="accuracy = A V^beta M^gamma + E, V = N L",
            inputs=_VOLUME_INPUTS,
            build=accuracy.volume,
        ),
        Form(
            name="split",
            formula="accuracy = A N^beta_examples L^beta_length M^gamma + E",
            inputs=(("N", "L", "M"), ("N", "L")),
            build=accuracy.split,
        ),
        Form(
            name="saturating",
            formula="accuracy = E - A V^-beta M^-gamma, with A, beta and gamma not negative",
            inputs=_VOLUME_INPUTS,
            build=accuracy.saturating,
        ),
    )
}


def form_named(name: str) -> Form:
    """Return a form by its name; `_` may stand for `-`."""
    form = FORMS.get(name.lower().replace("_", "-"))
    if form is None:
        raise AnalysisError(f"No law is called {name!r}. A form is one of: {', '.join(FORMS)}.")
    return form


def refuse(form: Form, columns: Columns, y: Vector) -> None:
    """Raise where the form cannot be fitted to these rows at all."""
    _names(form, tuple(columns))
    if y.size < LEAST_ROWS:
        raise AnalysisError(
            f"{y.size} rows are too few for a law: {LEAST_ROWS} are needed to fit one, and two more than it has "
            "constants before any is told. Measure more configurations."
        )
    for name, column in columns.items():
        _positive(f"Input {name}", column, y.size)
    if form.build(columns).scale is Scale.LOG:
        _positive("The outcome, a loss,", y, y.size)
    elif not np.isfinite(y).all():
        bad = (~np.isfinite(y)).sum()
        raise AnalysisError(f"The outcome is not finite in {bad} rows; leave these out with --where.")


def configurations(columns: Columns, group: Labels | None) -> Index:
    """Return the number of each row's configuration, from 0: rows of one group, or with equal inputs."""
    if group is not None:
        return np.unique(group, return_inverse=True)[1]
    rows = np.stack(list(columns.values()), axis=1)
    return np.unique(rows, axis=0, return_inverse=True)[1].ravel()


def _names(form: Form, names: tuple[str, ...]) -> None:
    known = {name for inputs in form.inputs for name in inputs}
    choices = ", or ".join(" and ".join(inputs) for inputs in form.inputs)
    unknown = sorted(set(names) - known)
    if unknown:
        raise AnalysisError(f"The form {form.name} has no input called {', '.join(unknown)}: it takes {choices}.")
    if not form.fits(names):
        given = ", ".join(names) or "none"
        raise AnalysisError(
            f"The form {form.name} takes {choices}; given is {given}. Name the columns by --x NAME=COLUMN."
        )


def _positive(what: str, column: Vector, rows: int) -> None:
    if column.shape != (rows,):
        raise AnalysisError(f"{what} has {column.size} values where the outcome has {rows}: as many are expected.")
    bad = ~(np.isfinite(column) & (column > 0))
    if bad.any():
        raise AnalysisError(
            f"{what} is not positive in {bad.sum()} of {rows} rows, first {column[bad][0]:g}, as a power law needs it. "
            "Leave these rows out with --where."
        )
