"""A kind of study: how one is checked before it burns energy, and what it finds afterwards."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from raystudy.analysis.findings import Findings
from raystudy.study import Study


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """Two functions: one for the study alone, one for the study with its observations."""

    check: Callable[[Study], None]
    """Raises AnalysisError with one sentence where the study cannot be analysed."""
    analyse: Callable[[Study, pl.DataFrame], Findings]
    """Concludes from the table of observations; raises AnalysisError where it must not."""
