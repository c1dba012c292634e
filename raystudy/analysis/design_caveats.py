"""Doubts about the design: blocks, order, seeds, and whether all trials ran on one machine with one software."""

from collections.abc import Iterator, Mapping

import polars as pl

from raystudy.analysis.trials import Trials
from raystudy.analysis.words import counted, listing

ENOUGH_REPETITIONS = 5

MACHINE: Mapping[str, str] = {
    "host_hash": "nodes",
    "cpu_name": "processor models",
    "cpu_count": "core counts",
    "cpu_governor": "frequency governors",
    "gpu_name": "GPU models",
    "device": "devices",
    "threads": "thread counts",
}
"""What makes trials of one level cost different joules, and how people call several of it."""

SOFTWARE: Mapping[str, str] = {
    "git_commit": "git commits",
    "versions": "sets of package versions",
    "study_sha256": "versions of the study file",
}


def incomplete_blocks(trials: Trials) -> Iterator[str]:
    """Trials that are not finished, and the blocks they take out of the tests."""
    dropped = listing([str(each) for each in trials.design("loss_heldout").dropped], longest=4)
    yield from not_finished(trials, lost=f" Incomplete blocks are left out of the tests: {dropped}." if dropped else "")


def not_finished(trials: Trials, *, lost: str = "") -> Iterator[str]:
    """Trials that are not finished, and what is lost by that."""
    planned = trials.study.repetitions * len(trials.study.conditions)
    if missing := planned - trials.finished.height:
        yield f"Not finished: {missing} of {counted(planned, 'trial')}.{lost} `raystudy run` adds what is missing."


def few_repetitions(trials: Trials) -> Iterator[str]:
    """Spreads that rest on few repetitions."""
    complete = len(trials.design("loss_heldout").subjects)
    if complete < ENOUGH_REPETITIONS:
        yield (
            f"Only {counted(complete, 'complete block')}: standard deviations and p values rest on very "
            f"few repetitions. {ENOUGH_REPETITIONS} or more would help."
        )


def mixed_machines(trials: Trials) -> Iterator[str]:
    """Trials of one table that ran on different machines."""
    yield from _mixed(trials, MACHINE, "joules and seconds differ between machines; pin the study to one.")


def mixed_software(trials: Trials) -> Iterator[str]:
    """Trials of one table that ran with different software."""
    yield from _mixed(trials, SOFTWARE, "speed and losses may differ between them; run all trials with one.")


def same_order(trials: Trials) -> Iterator[str]:
    """Blocks all planned in one order: whatever drifts (temperature, clocks, other jobs) looks like an effect."""
    orders = trials.rows.sort("position").group_by("repetition").agg("level")["level"].to_list()
    full = [order for order in orders if len(order) == len(trials.levels)]
    if len(full) > 1 and len(trials.levels) > 1 and all(order == full[0] for order in full):
        chance = "" if trials.study.order == "as_written" else "by chance "
        yield (
            f"All {len(full)} blocks {chance}have the same planned order ({listing(full[0])}), so drift of temperature "
            'or clocks cannot be told from the effect. order = "latin_square" would help.'
        )


def mixed_seeds(trials: Trials) -> Iterator[str]:
    """Blocks whose trials do not share what a block stands for."""
    seeds = trials.rows.group_by("block").agg(pl.col("seed").n_unique()).filter(pl.col("seed") > 1).sort("block")
    if seeds.height:
        yield (
            f"Blocks {listing(seeds['block'].to_list())} hold trials of different seeds: they share nothing but a "
            "number, and pairing them buys nothing. Run the study with one seed a block."
        )


def shared_node(trials: Trials) -> Iterator[str]:
    """Trials that may have run beside each other."""
    if not trials.study.resources.exclusive:
        yield (
            "Trials may have shared a node (exclusive = false), so speed and, where it is estimated, energy may hold "
            "what another trial did. Set resources.exclusive = true."
        )


def left_out(trials: Trials) -> Iterator[str]:
    """Observations in the folder that the study file does not ask for."""
    if trials.n_left_out:
        yield (
            f"{counted(trials.n_left_out, 'finished trial')} in the same folder are left out: the study file does not "
            "ask for their level or repetition."
        )


def _mixed(trials: Trials, columns: Mapping[str, str], consequence: str) -> Iterator[str]:
    several = [
        f"{trials.rows[column].n_unique()} {name} ({_differing(trials.rows[column])})"
        for column, name in columns.items()
        if trials.rows[column].n_unique() > 1 and column != trials.factor
    ]
    if several:
        yield f"These trials ran with {listing(several)}: {consequence}"


def _differing(values: pl.Series) -> str:
    """List the values; of mappings (lists of key and value) only the entries that are not in all of them."""
    if isinstance(values.dtype, pl.List):
        kinds = [{f"{entry['key']} {entry['value']}" for entry in value} for value in values]
        names = set[str]().union(*kinds) - kinds[0].intersection(*kinds)
    else:
        names = {str(value)[:40] for value in values}
    return listing(sorted(names), longest=4)
