"""The answer on one value of any table: whether it differs, which way, and the test that says so.

Comparison ──▶ sentences
"""

from collections.abc import Iterator, Mapping

import numpy as np

from raystudy.analysis.apa import sentence
from raystudy.analysis.words import equals, listing, number
from raystudy.stats.comparison import Along, Comparison
from raystudy.stats.decision import Decision
from raystudy.stats.mixed import Mixed
from raystudy.stats.probability import ALPHA


def answer(comparison: Comparison, *, value: str, mixed: Mixed | None) -> Iterator[str]:
    """Yield a verdict on each factor within subjects with its test, then what else differs, and why these tests."""
    tested = comparison.tested
    decisions = {name: decision for name, (_, decision) in tested.items()}
    along = {each.factor: each for each in comparison.along}
    for name, each in along.items():
        yield _verdict(each, decisions[name], value)
        yield sentence(*tested[name])
    others = [name for name in tested if name not in along]
    yield from (sentence(*tested[name]) for name in others if _differs(decisions[name]))
    if quiet := [name for name in others if not _differs(decisions[name])]:
        yield f"Not shown to matter: {listing(quiet)}."
    if mixed is not None and mixed.p is not None and mixed.f is not None:
        found = f"F({mixed.df_effect}, {mixed.df_error}) = {number(mixed.f)}"
        yield f"With every value, by a mixed model: {found}, {equals(mixed.p)}."
    yield from _reasons({name: decisions[name] for name in along if decisions[name].p is not None})


def _reasons(decisions: Mapping[str, Decision]) -> Iterator[str]:
    """Yield why each test was chosen, each reason once."""
    of: dict[str, list[str]] = {}
    for name, decision in decisions.items():
        of.setdefault(decision.reason, []).append(name)
    yield from (f"The design chose the test of {listing(names)}: {reason}." for reason, names in of.items())


def interactions(comparison: Comparison) -> Iterator[str]:
    """Yield a warning for each interaction that shows: what one factor does depends on another one."""
    for effect, decision in comparison.tested.values():
        if ":" in effect.name and decision.p is not None and decision.p < ALPHA:
            first, *others = reversed(effect.name.split(":"))
            yield (
                f"What {first} does depends on {listing(others)} ({effect.name}, {equals(decision.p)}): "
                f"means of {first} over all of {listing(others)} hide that."
            )


def _verdict(along: Along, decision: Decision, value: str) -> str:
    if decision.p is None:
        return f"Whether {value} differs by {along.factor} cannot be told."
    if not _differs(decision):
        return f"{value} was not shown to differ by {along.factor}."
    means = along.data.values.mean(axis=0)
    low, high = int(np.argmin(means)), int(np.argmax(means))
    levels = along.data.levels
    ends = f"from {number(means[low])} at {levels[low]} to {number(means[high])} at {levels[high]}"
    return f"{value} differs by {along.factor}: its means go {ends}."


def _differs(decision: Decision) -> bool:
    """Whether the test that decides, or the omnibus test beside a trend, finds a difference."""
    return any(p is not None and p < ALPHA for p in (decision.p, decision.omnibus_p))
