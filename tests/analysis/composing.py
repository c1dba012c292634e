"""Compositions and findings made of observations that nobody measured; each is made once for all tests."""

from functools import cache
from typing import Any

from raystudy.analysis import KINDS
from raystudy.analysis.compositions import Compositions, compositions_of
from raystudy.analysis.findings import Findings, Table
from raystudy.analysis.trials import trials_of
from tests.composed import composed, composed_table


@cache
def found_of(*, effect: float = 0.0, **keys: Any) -> Compositions:
    """Return the compositions of a study, by default of 3 samplers x 2 models x 3 fractions x 3 seeds."""
    study = composed(**keys)
    return compositions_of(trials_of(study, composed_table(study, effect=effect)))


@cache
def findings_of(*, effect: float = 0.0, **keys: Any) -> Findings:
    """Return what is found in such a study."""
    study = composed(**keys)
    return KINDS["composition"].analyse(study, composed_table(study, effect=effect))


def table_named(name: str, findings: Findings) -> Table:
    """Return the one table of that name."""
    (table,) = [table for table in findings.tables if table.name == name]
    return table
