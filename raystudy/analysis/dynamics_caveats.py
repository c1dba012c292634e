"""Doubts about trajectories: seeds, early stops, schedule, interruptions, rules that cannot fire; and those of trials.

To add a doubt, write the function and name it in DYNAMICS_CAVEATS, in the order in which a reader should meet it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from raystudy.analysis import board_caveats, design_caveats, energy_caveats, meter_caveats, text_caveats
from raystudy.analysis.caveats import Caveat
from raystudy.analysis.tested_caveats import few_for_levels
from raystudy.analysis.trajectories import FULL, Trajectories
from raystudy.analysis.words import counted, listing, number
from raystudy.stats.spikes import PUBLISHED, cannot_fire

ENOUGH_SEEDS = 5

Doubt = Callable[[Trajectories], Iterator[str]]

FIRST: Sequence[Caveat] = (
    energy_caveats.nameplate,
    energy_caveats.not_measured,
    energy_caveats.mixed_methods,
    meter_caveats.failed_expectations,
    meter_caveats.missing_readings,
    board_caveats.several_boards,
    meter_caveats.shared_devices,
    text_caveats.synthetic_corpus,
    design_caveats.incomplete_blocks,
)
"""Doubts of any trials that a reader should meet first."""
LAST: Sequence[Caveat] = (
    design_caveats.mixed_machines,
    design_caveats.mixed_software,
    design_caveats.shared_node,
    design_caveats.left_out,
    energy_caveats.uncertain,
    meter_caveats.within_uncertainty,
    energy_caveats.no_idle_baseline,
    meter_caveats.negative_net,
    meter_caveats.idle_drift,
    energy_caveats.partial_scope,
    text_caveats.few_heldout_tokens,
    text_caveats.mixed_tokenizers,
    text_caveats.different_corpora,
    text_caveats.padding,
)
"""Those that come after what is special of trajectories."""


def caveats(found: Trajectories) -> tuple[str, ...]:
    """Return every doubt that these trajectories raise; energy is compared among trials of full length."""
    trials = found.trials
    full = replace(trials, rows=trials.rows.filter(pl.col("stopped") == FULL))
    return (
        *(text for doubt in FIRST for text in doubt(trials)),
        *(text for doubt in DYNAMICS_CAVEATS for text in doubt(found)),
        *(energy_caveats.unsteady(full) if full.rows.height else ()),
        *(text for doubt in LAST for text in doubt(trials)),
    )


def no_trajectory(found: Trajectories) -> Iterator[str]:
    """Levels of which nothing can be told over the tokens."""
    told = {arm.level for arm in found.arms}
    if missing := [level for level in found.trials.levels if level not in told]:
        what = "" if found.factor is None else f" at {found.factor} {listing(missing)}"
        yield (
            f"No trial{what} has a held-out loss at every interval, so there is no trajectory to tell. "
            "recipe.eval_every_tokens asks for evaluations during the training."
        )


def incomplete_runs(found: Trajectories) -> Iterator[str]:
    """Runs without a loss at every interval."""
    dropped = [f"{found.name(arm, each.subject)} ({each.reason})" for arm in found.arms for each in arm.runs.dropped]
    if dropped:
        yield f"Left out of every mean and test, since a loss is missing: {listing(dropped, longest=4)}."


def stopped_early(found: Trajectories) -> Iterator[str]:
    """Runs that a rule stopped."""
    shortened = [arm for arm in found.arms if arm.shortened]
    beside = found.early.filter(~pl.col("level").is_in([arm.level for arm in shortened]))
    if n := beside.height:
        yield (
            f"{counted(n, 'run')} of {found.trials.rows.height} stopped early, by {listing(_rules(beside))}; means, "
            "bands and tests are those of runs of full length, and the early ones stand in a table of their own. Those "
            "that ran on are the ones that the rule did not stop, so they are no fair sample of seeds: train with stop "
            '= "budget" to compare.'
        )
    for arm in shortened:
        runs = found.name(arm, "all runs")
        yield (
            f"{runs[0].upper()}{runs[1:]} stopped early, by {listing(_rules(arm.rows))}, so they are told up to the "
            f"last interval that all reached, {int(arm.data.levels[-1]):,} tokens. What would have followed is not "
            "known."
        )


def _rules(rows: pl.DataFrame) -> list[str]:
    return sorted(rows["stopped"].unique())


def few_seeds(found: Trajectories) -> Iterator[str]:
    """Bands and tests that rest on few seeds, and what so few cannot tell of so many intervals."""
    fewest = min(found.arms, key=lambda arm: len(arm.data.subjects), default=None)
    if fewest is None:
        return
    n = len(fewest.data.subjects)
    if n < ENOUGH_SEEDS:
        yield f"Only {counted(n, 'seed')}: bands and p values rest on very few. {ENOUGH_SEEDS} or more would help."
    yield from few_for_levels(fewest.data, subjects="seeds", levels="intervals")


def what_seeds_vary(found: Trajectories) -> Iterator[str]:
    """Seeds that vary one thing, or two things together."""
    pairs = found.rows.select("init", "order").unique()
    inits, orders = pairs["init"].n_unique(), pairs["order"].n_unique()
    if found.crossed:
        lacking = inits * orders - pairs.height
        without = (
            f" {lacking} of the {inits * orders} combinations are missing, so these averages differ." if lacking else ""
        )
        yield (
            f"{inits} seeds of the weights are crossed with {orders} of the order. Runs that share their weights are "
            f"not independent, so tests and bands count {inits} seeds, each averaged over its orders; they hold for "
            f"these orders.{without}"
        )
    elif orders == 1 and inits > 1:
        yield (
            "All runs see the data in one order, so the spread between seeds is that of the initial weights alone. "
            "Several levels of factors.order_seed would tell what the order adds."
        )
    elif inits == 1 and orders > 1:
        yield (
            "All runs start from the same weights, so the spread between seeds is that of the data order alone. "
            "Several levels of factors.init_seed would tell what the weights add."
        )


def published_rule(found: Trajectories) -> Iterator[str]:
    """A rule of the published telemetry that can never find what it looks for."""
    if found.arms and (why := cannot_fire(PUBLISHED)):
        yield f"The published rule of spikes says nothing here. {why} The tables show it beside the window before."


def schedule(found: Trajectories) -> Iterator[str]:
    """Points on the way that are not the ends of shorter trainings."""
    if "cosine" in found.trials.rows["schedule"].to_list():
        yield (
            "The cosine schedule falls over the whole budget, so a point on the way is not the end of a training that "
            'short: that one would have cooled down by then. schedule = "constant" or "wsd" would let them be compared.'
        )


def slept(found: Trajectories) -> Iterator[str]:
    """Machines that slept in the middle of a trial."""
    asleep = found.rows.filter(pl.col("suspended_s") > 1).group_by("trial_id", maintain_order=True)
    told = [f"{trial} ({number(s)} s)" for trial, s in asleep.agg(pl.col("suspended_s").sum()).iter_rows()]
    if told:
        yield (
            f"The machine slept during {listing(told, longest=4)}: speeds and joules of these intervals are those of "
            "the time awake, and clocks and temperature began anew. Keep it awake, or leave these trials out."
        )


def interrupted(found: Trajectories) -> Iterator[str]:
    """Trials that were continued."""
    several = found.trials.rows.filter(pl.col("segments").list.len() > 1)["trial_id"].to_list()
    if several:
        yield (
            f"Interrupted, and continued from the last kept state: {listing(several, longest=4)}. What was done after "
            "that was done twice; the joules of the first time are in no figure, so the study used more than it says."
        )


DYNAMICS_CAVEATS: Sequence[Doubt] = (
    no_trajectory,
    incomplete_runs,
    stopped_early,
    few_seeds,
    what_seeds_vary,
    published_rule,
    schedule,
    slept,
    interrupted,
)
