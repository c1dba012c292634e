"""The doubt that joules are those of several boards, each with its own gain: what blocks do about it, and what not.

boards of each trial ──adjusted──▶ "p = 0.031 ... differ by 2.4 %"
"""

from collections.abc import Collection, Iterator

import polars as pl

from raystudy.analysis.boards import adjusted, boards_of, groups, percent
from raystudy.analysis.trials import Trials
from raystudy.analysis.words import because, counted, equals, listing, number
from raystudy.stats.blocks import Blocked


def several_boards(trials: Trials) -> Iterator[str]:
    """Joules of different boards, each with a gain of its own."""
    if trials.joules.estimated or not trials.joules.known:
        return
    rows = trials.rows.drop_nulls("energy_j").join(boards_of(trials), on="trial_id")
    names = rows["boards"].unique().sort().to_list()
    if len(names) < 2:
        return
    gain = rows["energy_rel_gain"].drop_nulls()
    size = f"up to ±{number(100 * gain.to_numpy().max(), digits=2)} %" if gain.len() else "not specified"
    kind = "sets of boards" if any("+" in name for name in names) else "boards"
    yield (
        f"The joules are those of {len(names)} {kind} ({listing(names, longest=4)}), each with a gain of its own "
        f"({size}), which cancels only on one board; {_blocking(trials, rows)} One board a study, or a board a block, "
        "would help."
    )


def _blocking(trials: Trials, rows: pl.DataFrame) -> str:
    """Say what blocks do about the boards, and what they cannot do."""
    found = adjusted(trials, "energy_j")
    if found.within_one_board:
        return (
            "each block ran on one, so comparisons within blocks stand as they are, while means over blocks hold the "
            "boards' gains."
        )
    apart = rows.group_by("block").agg(n=pl.col("boards").n_unique()).filter(pl.col("n") > 1).height
    text = (
        f"{apart} of {counted(rows['block'].n_unique(), 'block')} ran on more than one: a difference within them may "
        "be the boards'."
    )
    return " ".join((text, *_adjustment(trials, found)))


def _adjustment(trials: Trials, found: Blocked) -> Iterator[str]:
    if found.p is None or found.p_lower_bound is None:
        yield f"Nothing adjusts for that: {because(found.reason)}."
        return
    spread = "" if found.gain_spread is None else f", which differ by {number(percent(found.gain_spread), digits=2)} %"
    careful = f", or {equals(found.p_lower_bound)} where sphericity is not assumed" if found.df_effect > 1 else ""
    yield f"Adjusted for boards{spread}, the test of the training energy gives {equals(found.p)}{careful}."
    comparable = groups(found.levels)
    if found.confounded:
        alone = listing(_ordered(trials, found.confounded))
        yield f"No board of {alone} ran another level, so nothing tells what the level adds from what the board does."
    if len(comparable) > 1:
        together = "; ".join(listing(_ordered(trials, names)) for names in comparable)
        yield f"Levels can be compared only within these groups: {together}."


def _ordered(trials: Trials, names: Collection[str]) -> list[str]:
    return [level for level in trials.levels if level in names]
