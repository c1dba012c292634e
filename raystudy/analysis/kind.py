"""A kind of study: how one is checked before it burns energy, and what it finds afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from raystudy.analysis.findings import Findings
from raystudy.record.archive import Baseline
from raystudy.study import Study


class Analyse(Protocol):
    """Concludes from the table of observations, and from the idle power of the nodes where it was measured."""

    def __call__(self, study: Study, table: pl.DataFrame, baselines: Sequence[Baseline] = ()) -> Findings:
        """Return the findings; raises AnalysisError where there must be none."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """Two functions: one for the study alone, one for the study with its observations."""

    check: Callable[[Study], None]
    """Raises AnalysisError with one sentence where the study cannot be analysed."""
    analyse: Analyse
