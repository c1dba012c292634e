"""A study becomes trials: conditions x repetitions, in blocks, each block in an order of its own.

    factors ──conditions──▶ Condition ... ──ordered blocks──▶ Trial ...

A block is one repetition: its trials share a seed (initial weights, data order), so that comparing conditions within
a block compares like with like. The order inside a block decides what drifts (temperature, clocks) can mimic.
"""

import itertools
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from raystudy.study.recipe import Recipe

Level = bool | int | Annotated[float, Field(allow_inf_nan=True)] | str
"""What it may be is for its recipe field to say."""
Order = Literal["shuffled", "latin_square", "as_written"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A level for each factor: a replacement of recipe fields."""

    levels: tuple[tuple[str, Level], ...]

    def __str__(self) -> str:
        return "-".join(f"{factor}-{re.sub(r'[^A-Za-z0-9.]+', '_', str(level))}" for factor, level in self.levels)

    def applied_to(self, recipe: Recipe) -> Recipe:
        """Return the recipe with these levels in place; raises pydantic's ValidationError where they do not fit."""
        return Recipe.model_validate(recipe.model_dump() | dict(self.levels))


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One condition, run once."""

    condition: Condition
    recipe: Recipe
    repetition: int
    """Counted from 1; the block this trial belongs to."""
    seed: int
    """Shared by all trials of the repetition."""
    position: int
    """Place in the order of the whole study, counted from 1."""

    @property
    def id(self) -> str:
        """Stable and readable: `tokens-50000--r03`."""
        return f"{self.condition}--r{self.repetition:02d}"


def conditions(factors: Mapping[str, Sequence[Level]]) -> tuple[Condition, ...]:
    """Cross all levels of all factors, in the order in which they are written."""
    levels = itertools.product(*([(factor, level) for level in levels] for factor, levels in factors.items()))
    return tuple(Condition(levels=chosen) for chosen in levels)


def block_order(n_conditions: int, *, repetition: int, order: Order, seed: int) -> list[int]:
    """Return the order in which one block runs its conditions, as indices into the written order."""
    if order == "as_written":
        return list(range(n_conditions))
    if order == "latin_square":
        rows = williams(n_conditions)
        return rows[(repetition - 1) % len(rows)]
    shuffled = list(range(n_conditions))
    random.Random(f"order {seed}").shuffle(shuffled)
    return shuffled


def williams(n: int) -> list[list[int]]:
    """
    Return the rows of a Williams design: every condition at every place, and after every other equally often.

    n rows where n is even, 2n where it is odd (E. J. Williams, Aust. J. Sci. Res. A 2, 149, 1949).
    """
    zigzag = [0]
    low, high = 1, n - 1
    while len(zigzag) < n:
        zigzag.append(low if len(zigzag) % 2 else high)
        low, high = (low + 1, high) if len(zigzag) % 2 == 0 else (low, high - 1)
    rows = [[(start + step) % n for step in zigzag] for start in range(n)]
    return rows if n % 2 == 0 else rows + [row[::-1] for row in rows]
