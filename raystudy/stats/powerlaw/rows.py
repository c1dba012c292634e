"""The rows of a fit: which are refused, and which are one configuration."""

import numpy as np

from raystudy.errors import AnalysisError
from raystudy.stats.powerlaw.forms import Form
from raystudy.stats.powerlaw.model import Columns, Index, Labels, Scale, Vector

LEAST_ROWS = 3


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
    if form.choice(names) is None:
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
