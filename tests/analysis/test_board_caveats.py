"""The doubt about several boards: what it knows of blocks, gains, and levels that cannot be compared."""

from typing import Any

import pytest

from tests.analysis.made import alternating, by_level, on_boards, said, trials


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (on_boards(lambda trial: f"GPU-{trial.repetition % 2}"), "2 boards (GPU-0 and GPU-1), each with a gain of its"),
        (on_boards(lambda trial: f"GPU-{trial.repetition % 2}"), "each block ran on one, so comparisons within blocks"),
        (on_boards(alternating), "5 of 5 blocks ran on more than one"),
        (
            on_boards(alternating, gain=1.2),
            "Adjusted for boards, which differ by 20 %, the test of the training energy gives p = ",
        ),
        (on_boards(alternating, energy_rel_gain=None), "(not specified)"),
        (on_boards(by_level(200_000)), "No board of 200,000 ran another level, so nothing tells what the level adds"),
        (on_boards(lambda trial: f"GPU-{trial.recipe.tokens}"), "Nothing adjusts for that: confounded: every level"),
    ],
)
def test_each_doubt_of_boards(changes: Any, text: str) -> None:
    """The figures hold the boards, and one caveat tells what blocks do about them."""
    assert said(text, trials(changes))


def test_levels_of_two_groups_are_told() -> None:
    """A reader must know which levels can be compared."""
    found = trials(on_boards(by_level(200_000, 400_000)), levels="[50_000, 100_000, 200_000, 400_000]")

    assert said("only within these groups: 50,000 and 100,000; 200,000 and 400,000.", found)
