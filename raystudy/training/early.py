"""When a training ends before its budget is spent: rules that look at the evaluations so far."""

from collections.abc import Callable, Sequence

from raystudy.record.outcome import Interval, Stop
from raystudy.study import Recipe


class EarlyStop:
    """The rule of a recipe."""

    def __init__(self, recipe: Recipe, spent_j: Callable[[float, float], float | None], *, dear: int = 0) -> None:
        """Take what tells the joules between two times, and how many intervals in a row were dear until now."""
        self._recipe, self._spent_j = recipe, spent_j
        self.dear = dear

    def over(self, intervals: Sequence[Interval]) -> Stop | None:
        """Return the rule that ends the training after the last interval; null where it goes on."""
        if self._recipe.stop == "patience":
            losses = [interval.loss_heldout for interval in intervals if interval.loss_heldout is not None]
            since_best = len(losses) - 1 - losses.index(min(losses))
            return "patience" if since_best >= self._recipe.stop_patience else None
        if self._recipe.stop == "energy":
            self.dear = self.dear + 1 if self._is_dear(*intervals[-2:]) else 0
            return "energy" if self.dear >= self._recipe.stop_patience else None
        return None

    def _is_dear(self, before: Interval, last: Interval) -> bool:
        """Whether the nats that an interval bought cost too many joules; not where the joules are not known."""
        spent_j, limit_j_per_nat = self._spent_j(last.start_s, last.at_s), self._recipe.stop_j_per_nat
        if spent_j is None or limit_j_per_nat is None or before.loss_heldout is None or last.loss_heldout is None:
            return False
        return spent_j > limit_j_per_nat * (before.loss_heldout - last.loss_heldout)
