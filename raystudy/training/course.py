"""A training advanced from evaluation to evaluation: what each interval gave, when it ends, when its state is kept.

train ... │ eval │ save? │ train ... │ eval      one interval each; the first one, before any token, only evaluates
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from raystudy.record.checkpoints import Course
from raystudy.record.outcome import Interval, SpanName, Stop
from raystudy.study import Recipe
from raystudy.training.checkpoint import save
from raystudy.training.clock import Clock
from raystudy.training.early import EarlyStop
from raystudy.training.evaluate import Score
from raystudy.training.hooks import Hooks
from raystudy.training.loaded import Loaded
from raystudy.training.steps import Stretch

INTERVALS = 20
"""Points of the trajectory where the recipe does not say how often to evaluate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A training at its end."""

    course: Course
    score: Score
    """The last evaluation."""
    cause: Stop


class Advance:
    """One training under way."""

    def __init__(self, recipe: Recipe, loaded: Loaded, clock: Clock, hooks: Hooks, *, since: Course) -> None:
        """Take what is loaded; the clock is in its first span."""
        self._recipe, self._loaded, self._clock, self._hooks = recipe, loaded, clock, hooks
        self._early = EarlyStop(recipe, hooks.spent_j, dear=since.dear)
        self._every = recipe.eval_every_tokens or loaded.steps.budget_tokens / INTERVALS
        self._intervals, self._losses = list(since.intervals), list(since.step_losses)
        self._zero_shot = since.zero_shot
        self._start_s = 0.0
        """When the training of the next interval begins."""

    def to_the_end(self) -> Ended:
        """Train until the budget is spent, or a rule ends it."""
        if self._intervals:
            self._start_s = self._clock.switch("train")
        else:
            self._start_s = self._clock.switch("eval")
            self._evaluate(None, self._start_s)
        while True:
            ended = self._interval()
            if ended:
                return ended

    def _interval(self) -> Ended | None:
        """Train one interval; returns the end where it was the last one."""
        steps = self._loaded.steps
        stretch = steps.until((steps.tokens_seen // self._every + 1) * self._every, self._hooks.tell)
        if steps.finished or self._recipe.eval_every_tokens is not None:
            return self._evaluate(stretch, self._clock.switch("eval"))
        at_s = time.monotonic()
        self._add(stretch, None, at_s=at_s)
        self._start_s = at_s
        return None

    def _evaluate(self, stretch: Stretch | None, at_s: float) -> Ended | None:
        """Evaluate; then end, or keep the state where that is due, and let the next interval begin."""
        reached = self._loaded.evaluate()
        if stretch is None:
            self._zero_shot = reached.answers
        self._add(stretch, reached, at_s=at_s)
        if stretch and self._recipe.stop == "energy":
            self._next("save")  # the meters are asked, which is no part of the evaluation
        cause = self._cause() if stretch else None
        if cause:
            self._next("save")
            return Ended(course=self._course, score=reached, cause=cause)
        if stretch and self._hooks.due():
            self._next("save")
            self._hooks.keep(self._course, self._write)
        self._next("train")
        return None

    def _next(self, name: SpanName) -> None:
        """End the running span and begin the next; if it was the evaluation, note when it ended."""
        ended_s = self._clock.switch(name)
        if self._intervals[-1].evaluated_s is None:
            self._intervals[-1] = replace(self._intervals[-1], evaluated_s=ended_s)
        self._start_s = ended_s

    def _cause(self) -> Stop | None:
        """Return what ends the training here, if anything does."""
        return "budget" if self._loaded.steps.finished else self._early.over(self._intervals)

    @property
    def _course(self) -> Course:
        return Course(
            spans=self._clock.spans,
            intervals=tuple(self._intervals),
            step_losses=tuple(self._losses),
            dear=self._early.dear,
            zero_shot=self._zero_shot,
        )

    def _write(self, path: Path) -> None:
        """Write the state into a file."""
        save(self._loaded.steps.state, path, fingerprint=self._loaded.material.fingerprint)

    def _add(self, stretch: Stretch | None, reached: Score | None, *, at_s: float) -> None:
        """Add an interval, whose evaluation has not ended yet."""
        steps, in_set = self._loaded.steps, self._loaded.sequences.tokens_in_set
        interval = Interval(
            start_s=self._start_s,
            at_s=at_s,
            evaluated_s=None,
            steps=steps.taken,
            tokens_seen=steps.tokens_seen,
            tokens_unique=min(steps.tokens_seen, in_set),
            epochs_seen=steps.tokens_seen / in_set,
            loss_train=stretch.loss if stretch else None,
            loss_heldout=reached.loss if reached else None,
            loss_heldout_low=reached.low if reached else None,
            loss_heldout_high=reached.high if reached else None,
            learning_rate=stretch.learning_rate if stretch else None,
            gradient_norm=stretch.gradient_norm if stretch else None,
            suspended_s=self._clock.slept_s(),
        )
        self._intervals.append(interval)
        self._losses += stretch.losses if stretch else ()
