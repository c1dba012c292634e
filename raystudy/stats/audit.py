"""What a ratio metric is mostly made of: the logarithm of its change, split among its factors.

A metric that is a product of powers, m = x1^p1 x2^p2 ..., changes between two conditions by
ln m(a)/m(b) = p1 ln x1(a)/x1(b) + ..., exactly, where x is the geometric mean of a condition. In P1 nine tenths of the
parameter efficiency's change is its own divisor, the tokens, which the study sets and nobody measures.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What one factor contributes."""

    name: str
    log_ratio: float
    share: float | None
    """Of the whole change; null where the metric does not change. Negative where the factor works against it."""


def decompose(a: pl.DataFrame, b: pl.DataFrame, *, powers: Mapping[str, float]) -> tuple[Part, ...]:
    """Split ln m(a)/m(b) among the columns of `powers`; empty where a value is missing or not positive."""
    logs = {name: _mean_log(a[name], b[name], power) for name, power in powers.items()}
    known = {name: log for name, log in logs.items() if log is not None}
    if len(known) < len(logs):
        return ()
    total = sum(known.values())
    vanishes = abs(total) <= 1e-12 * max(map(abs, known.values()), default=0)
    return tuple(Part(name=name, log_ratio=log, share=None if vanishes else log / total) for name, log in known.items())


def _mean_log(a: pl.Series, b: pl.Series, power: float) -> float | None:
    if any(values.is_empty() or values.has_nulls() or (values <= 0).any() for values in (a, b)):
        return None
    first, last = a.log().mean(), b.log().mean()
    assert isinstance(first, float), "a column of positive numbers has a mean"
    assert isinstance(last, float), "a column of positive numbers has a mean"
    return power * (first - last) + 0.0  # no -0.0
