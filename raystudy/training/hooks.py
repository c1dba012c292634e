"""What a training tells while it runs, and what it asks: nothing of it changes a loss."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raystudy.record.checkpoints import Course
from raystudy.training.steps import Steps


@dataclass(frozen=True, kw_only=True, slots=True)
class Hooks:
    """Functions that a training calls; each does nothing unless given."""

    tell: Callable[[Steps], None] = lambda _: None
    """After each step."""
    at_edge: Callable[[], None] = lambda: None
    """Right after each edge of a span."""
    due: Callable[[], bool] = lambda: False
    """At each evaluation: whether the state shall be kept now."""
    keep: Callable[[Course, Callable[[Path], None]], None] = lambda _course, _write: None
    """Keeps the course so far, and the state, which a function writes into a file."""
    spent_j: Callable[[float, float], float | None] = lambda _start_s, _end_s: None
    """Tells the joules between two times of the monotonic clock; null where they are not known."""
