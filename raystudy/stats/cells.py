"""From a long table to a design, every cell of it filled.

    subject, within, between, value ──cells──▶ mean of each cell ──grid──▶ Design, without the subjects that lack one

Balance is checked cell by cell. statsmodels' own check only compares how many rows each level holds in all, so it lets
subjects pass that each lack a different level, and gives F 5.26, p .008 where the complete ones give F 3.40, p .053.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import numpy as np
import polars as pl

from raystudy.errors import AnalysisError
from raystudy.stats.design import Codes, Design, Dropped, Factor, Fault, Matrix, as_number

_SOUND, _MISSING, _NOT_FINITE = range(3)
LARGEST = 1e150
"""Squares of larger values are not finite, so these are not either."""


def design(
    table: pl.DataFrame | pl.LazyFrame,
    *,
    subject: str,
    within: Sequence[str],
    value: str,
    between: Sequence[str] = (),
    levels: Mapping[str, Sequence[str]] | None = None,
) -> Design:
    """
    Make the matrix, leaving out every subject that lacks a cell; replicates in a cell are averaged.

    The levels of a factor stand in the order of `levels`, else of their size, else of their first appearance. Raises
    AnalysisError where a row has no subject or no level, or a subject is in two groups.
    """
    names = {f"w{place}": name for place, name in enumerate(within)}
    names |= {f"b{place}": name for place, name in enumerate(between)}
    cells = _cells(table, {"subject": subject, **names}, value)
    if levels:
        cells = cells.filter(pl.col(key).is_in(levels[name]) for key, name in names.items() if name in levels)
    found = {key: cells[key].to_list() for key in ("subject", *names)}
    factors = {key: _factor(found[key], name, (levels or {}).get(name)) for key, name in names.items()}
    inner, outer = (tuple(factors[key] for key in names if key[0] == kind) for kind in "wb")
    subjects = sorted(dict.fromkeys(found["subject"]), key=_by_size)
    rows = _codes(found["subject"], subjects)
    values, faults = _grid(cells, len(subjects), rows, _combination(found, "w", inner), inner)
    whole = (faults == _SOUND).all(axis=1)
    return Design(
        values=values[whole],
        subjects=tuple(np.array(subjects, dtype=object)[whole]),
        within=inner,
        between=outer,
        groups=_groups(subjects, rows, _combination(found, "b", outer), outer)[whole],
        dropped=_dropped(subjects, faults, inner),
        n_given=len(subjects),
        replicates=int(cells["rows"].to_numpy().max(initial=1)),
    )


def _cells(table: pl.DataFrame | pl.LazyFrame, names: Mapping[str, str], value: str) -> pl.DataFrame:
    """Return one row for each combination that occurs, in order of appearance: its mean, its rows, its fault."""
    keyed = table.lazy().select(*(pl.col(name).cast(pl.String).alias(key) for key, name in names.items()), value=value)
    measured = pl.col("value").cast(pl.Float64)
    fault = (
        pl.when(pl.col("value").is_null()).then(_MISSING).when(~pl.col("finite")).then(_NOT_FINITE).otherwise(_SOUND)
    )
    cells = (
        keyed.with_row_index("row")
        .group_by(*names)
        .agg(
            pl.col("row").min(),
            rows=pl.col("value").count(),
            value=measured.mean(),
            finite=(measured.abs() < LARGEST).all(),
        )
        .sort("row")
        .with_columns(fault=fault)
        .collect(engine="streaming" if isinstance(table, pl.LazyFrame) else "in-memory")
    )
    for key, name in names.items():
        if cells[key].null_count():
            raise AnalysisError(f"Some rows have no {name}; every value needs one. Fill it in, or leave the rows out.")
    return cells


def _factor(found: Sequence[str], name: str, levels: Sequence[str] | None) -> Factor:
    ordered = _in_order(list(dict.fromkeys(found))) if levels is None else list(levels)
    for one, other in pairwise(ordered):
        if as_number(one) is not None and as_number(one) == as_number(other):
            raise AnalysisError(
                f"{name} holds both {one!r} and {other!r}, which are one number. One spelling is expected."
            )
    return Factor(name=name, levels=tuple(ordered))


def _in_order(names: Sequence[str]) -> list[str]:
    """Sort by size where all are numbers, else leave the order of appearance."""
    numbers = {name: number for name in names if (number := as_number(name)) is not None}
    return sorted(names, key=numbers.__getitem__) if len(numbers) == len(names) else list(names)


def _by_size(name: str) -> tuple[float, str]:
    """Sort numbers before names, so that nothing depends on the order of rows."""
    number = as_number(name)
    return (math.inf if number is None else number, name)


def _codes(names: Sequence[str], known: Sequence[str]) -> Codes:
    """Return the place of each name among the known ones; for these sizes a dict is faster than a query."""
    places = {name: place for place, name in enumerate(known)}
    return np.fromiter(map(places.__getitem__, names), dtype=np.intp, count=len(names))


def _combination(found: Mapping[str, Sequence[str]], kind: str, factors: Sequence[Factor]) -> Codes:
    """Return the combination of the factors' levels that each row belongs to, the last factor varying fastest."""
    place = np.zeros(len(found["subject"]), dtype=np.intp)
    for number, factor in enumerate(factors):
        place = place * len(factor.levels) + _codes(found[f"{kind}{number}"], factor.levels)
    return place


def _grid(
    cells: pl.DataFrame, subjects: int, rows: Codes, columns: Codes, within: Sequence[Factor]
) -> tuple[Matrix, Codes]:
    """Return values and the codes of their faults, (subjects, cells)."""
    shape = (subjects, math.prod(len(factor.levels) for factor in within))
    values, faults = np.full(shape, np.nan), np.full(shape, _MISSING, dtype=np.intp)
    values[rows, columns] = cells["value"].to_numpy()
    faults[rows, columns] = cells["fault"].to_numpy()
    return values, faults


def _groups(subjects: Sequence[str], rows: Codes, found: Codes, between: Sequence[Factor]) -> Codes:
    """Return the group of each subject, which must be one."""
    groups = np.zeros(len(subjects), dtype=np.intp)
    groups[rows] = found
    if (torn := rows[groups[rows] != found]).size:
        factors = " and ".join(factor.name for factor in between)
        raise AnalysisError(
            f"Subject {subjects[int(torn[0])]} stands at several levels of {factors}, as {len(np.unique(torn))} of "
            f"{len(subjects)} subjects do. A factor between subjects has one level for each; give one that varies "
            "within subjects as a within factor, or tell subjects of the same name apart."
        )
    return groups


def _dropped(subjects: Sequence[str], faults: Codes, within: Sequence[Factor]) -> tuple[Dropped, ...]:
    cells = [":".join(levels) for levels in product(*(factor.levels for factor in within))]
    return tuple(
        Dropped(subject=subjects[row], fault=fault, levels=tuple(cells[cell] for cell in np.flatnonzero(at)))
        for row in np.flatnonzero((faults != _SOUND).any(axis=1)).tolist()
        for code, fault in ((_MISSING, Fault.MISSING), (_NOT_FINITE, Fault.NOT_FINITE))
        if (at := faults[row] == code).any()
    )
