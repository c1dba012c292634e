"""Doubts about trajectories: seeds, early stops, schedule, interruptions, rules that cannot fire; and those of trials.

To add a doubt, write the function and name it in DYNAMICS_CAVEATS, in the order in which a reader should meet it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from raystudy.analysis import board_caveats, design_caveats, energy_caveats, meter_caveats, text_caveats
from raystudy.analysis.caveats import CAVEATS, Caveat
from raystudy.analysis.dynamics_energy import known_joules
from raystudy.analysis.dynamics_verdict import at_equal_tokens
from raystudy.analysis.tested_caveats import few_for_levels
from raystudy.analysis.trajectories import FULL, SEED, Arm, Trajectories
from raystudy.analysis.trials import Trials
from raystudy.analysis.words import counted, listing, number
from raystudy.stats.spikes import PUBLISHED, cannot_fire

ENOUGH_SEEDS = 5

Doubt = Callable[[Trajectories], Iterator[str]]

COMPARING: frozenset[Caveat] = frozenset(
    {board_caveats.several_boards, energy_caveats.unsteady, meter_caveats.within_uncertainty}
)
"""Doubts that compare the joules of trials, or test them: of those of full length alone."""
NOT_ASKED: frozenset[Caveat] = frozenset(
    {
        design_caveats.few_repetitions,
        design_caveats.same_order,
        design_caveats.mixed_seeds,
        text_caveats.overlapping_losses,
        text_caveats.repeated_data,
        text_caveats.nominal_tokens,
        text_caveats.one_sentence,
        energy_caveats.mostly_denominator,
        energy_caveats.constant_speed,
    }
)
"""Doubts of levels that make no sense for trajectories, or that these tell in another way."""


def caveats(found: Trajectories) -> tuple[str, ...]:
    """Return every doubt that these trajectories raise."""
    return tuple(text for doubt in CAVEATS for text in _in_turn(doubt, found))


def _in_turn(doubt: Caveat, found: Trajectories) -> Iterator[str]:
    """Yield what a doubt of any trials says of these; those of trajectories stand where blocks would be doubted."""
    if doubt is design_caveats.incomplete_blocks:
        yield from design_caveats.not_finished(found.trials)
        for own in DYNAMICS_CAVEATS:
            yield from own(found)
    elif doubt in COMPARING:
        full = _of_full_length(found.trials)
        yield from doubt(full) if full.levels else ()
    elif doubt not in NOT_ASKED:
        yield from doubt(found.trials)


def _of_full_length(trials: Trials) -> Trials:
    rows = trials.rows.filter(pl.col("stopped") == FULL)
    return replace(trials, rows=rows, levels=tuple(level for level in trials.levels if level in rows["level"]))


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
        unequal = any(len(arm.data.subjects) > n for arm in found.arms)
        which = found.name(fewest, counted(n, SEED)) if unequal else counted(n, SEED)
        rest = "bands and p values rest on very few" if n > 1 else "it has neither bands nor p values"
        yield f"Only {which}: {rest}. {ENOUGH_SEEDS} or more would help."
    yield from few_for_levels(fewest.data, subjects="seeds", levels="intervals")


def unequal_arms(found: Trajectories) -> Iterator[str]:
    """Arms that do not hold the same runs."""
    equal = at_equal_tokens(found)
    if equal is None or all(set(arm.runs.subjects) == set(equal.runs) for arm in found.arms):
        return
    runs = listing([_spoken(run) for run in equal.runs], longest=12)
    compared = f"The arms hold different runs, and are compared over {runs}" if runs else "The arms share no run"
    yield f"{compared}. What is told of one arm alone (means, bands, rise, joules) is that of all its own runs."


def what_seeds_vary(found: Trajectories) -> Iterator[str]:
    """Seeds that vary one thing, or two things together."""
    inits, orders = (found.rows[column].n_unique() for column in ("init", "order"))
    if found.crossed:
        yield (
            f"{inits} seeds of the weights are crossed with {orders} of the order. Runs that share their weights are "
            "not independent, so a seed of tests and bands is one of the weights, averaged over its orders; they hold "
            "for these orders."
        )
        for arm in found.arms:
            yield from _lacking(found, arm)
    elif found.together:
        yield (
            "Weights and data order vary together from run to run, so what each contributes cannot be told apart. "
            "Levels of factors.init_seed and factors.order_seed would."
        )
    elif orders == 1 and _spreads(found):
        yield (
            "All runs see the data in one order, so the spread between seeds is that of the initial weights alone. "
            "Several levels of factors.order_seed would tell what the order adds."
        )
    elif inits == 1 and _spreads(found):
        yield (
            "All runs start from the same weights, so the spread between seeds is that of the data order alone. "
            "Several levels of factors.init_seed would tell what the weights add."
        )


def _lacking(found: Trajectories, arm: Arm) -> Iterator[str]:
    """Say which orders the seeds of an arm lack, so that their averages differ."""
    there = set(arm.rows.select("init", "order").iter_rows())
    inits, orders = sorted({init for init, _ in there}), found.rows["order"].unique().sort().to_list()
    lacking = [(init, order) for init in inits for order in orders if (init, order) not in there]
    if lacking:
        what = found.name(arm, "averages")
        without = listing([f"init {init} with order {order}" for init, order in lacking], longest=4)
        yield f"The {what} are not all over the same orders, for these runs are missing: {without}."


def _spreads(found: Trajectories) -> bool:
    """Whether any arm has a spread between seeds."""
    return any(len(arm.data.subjects) > 1 for arm in found.arms)


def without_joules(found: Trajectories) -> Iterator[str]:
    """Runs that lack the joules of an interval, where trials have joules."""
    if not found.joules.known or not found.arms:
        return
    if not any(known_joules(arm) for arm in found.arms):
        yield (
            "Trials have joules, yet no run has them at every interval, so there are no prices, no stops, and no "
            "joules past the minimum."
        )
        return
    for arm in found.arms:
        at = pl.col("train_j").is_null().any().over("block")
        lacking = arm.rows.filter(at)["block"].unique(maintain_order=True).to_list()
        if lacking:
            yield (
                f"{len(lacking)} of {found.name(arm, counted(len(arm.runs.subjects), 'run'))} lack the joules of an "
                f"interval ({listing([_spoken(run) for run in lacking], longest=4)}), so prices, stops and joules "
                "past the minimum are those of the others."
            )


def _spoken(run: str) -> str:
    """Name a run so that it can stand in a list: `init 1 with order 2`."""
    return run.replace(", ", " with ")


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
    unequal_arms,
    what_seeds_vary,
    without_joules,
    published_rule,
    schedule,
    slept,
    interrupted,
)
