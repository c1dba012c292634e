"""Doubts about what the instruments read: trials that failed an expectation, boards, sharing, idle power, gaps."""

import itertools
from collections.abc import Iterator

import polars as pl

from raystudy.analysis.trials import Trials
from raystudy.analysis.whole import used
from raystudy.analysis.words import counted, listing, number
from raystudy.record.archive import Baseline

_MISSING = "power"
"""Reasons of an outcome whose name begins so tell what is missing of its readings."""


def failed_expectations(trials: Trials) -> Iterator[str]:
    """Trials whose readings are not as those of a sound trial are."""
    if trials.failed.is_empty():
        return
    named = trials.failed.select("trial_id", "expectations").explode("expectations").unnest("expectations")
    flaws = [
        f"{trial_id} ({', '.join(f'{name}: {found}' for name, found in zip(names, said, strict=True))})"
        for trial_id, names, said in named.filter(~pl.col("met"))
        .group_by("trial_id", maintain_order=True)
        .agg("name", "found")
        .iter_rows()
    ]
    shown = listing(flaws, longest=4)
    if trials.study.analysis.leave_out_failed:
        n = counted(trials.rows.height, "trial")
        yield f"Left out, for their readings failed an expectation: {shown}. All numbers rest on the other {n}."
    else:
        yield (
            f"The readings of {counted(trials.failed.height, 'trial')} failed an expectation: {shown}. "
            "analysis.leave_out_failed = true leaves them out."
        )


def missing_readings(trials: Trials) -> Iterator[str]:
    """Readings that a monitor lost."""
    told = trials.rows.select("trial_id", "reasons").explode("reasons").drop_nulls("reasons").unnest("reasons")
    lost = told.filter(pl.col("key").str.starts_with(_MISSING))
    if lost.height:
        shown = listing([f"{trial} ({why})" for trial, why in lost.select("trial_id", "value").iter_rows()], longest=4)
        yield (
            f"Readings of power are missing in {shown}. Counters count on meanwhile, and the figures have wider "
            "intervals; the gaps are listed with each figure (energies.quality.gaps)."
        )


def several_boards(trials: Trials) -> Iterator[str]:
    """Joules of different boards, each with a gain of its own."""
    boards = trials.rows.filter(pl.col("device") != "cpu")
    names = boards["device"].unique().sort().to_list()
    if len(names) < 2 or not trials.joules.known or trials.joules.estimated:
        return
    apart = boards.group_by("block").agg(n=pl.col("device").n_unique()).filter(pl.col("n") > 1).height
    gain = boards["energy_rel_gain"].drop_nulls()
    size = f"up to ±{number(100 * gain.to_numpy().max(), digits=2)} %" if gain.len() else "not specified"
    blocks = boards["block"].n_unique()
    if apart:
        where = (
            f"{apart} of {counted(blocks, 'block')} ran on more than one: a difference within them may be the boards'"
        )
    else:
        where = (
            "each block ran on one, so comparisons within blocks stand, while means over blocks hold the boards' gains"
        )
    yield (
        f"The joules are those of {len(names)} boards ({listing(names, longest=4)}), each with a gain of its own "
        f"({size}), which cancels only on one board; {where}. One board a study, or a board a block, would help."
    )


def shared_devices(trials: Trials) -> Iterator[str]:
    """Devices that several used at the same time."""
    shared = [each for each in used(trials) if each.shared]
    if shared:
        sums = [
            f"{each.device} ({number(each.energy_j)} J, where the trials' figures add up to {number(each.summed_j)} J)"
            if each.energy_j is not None and each.summed_j is not None
            else each.device
            for each in shared
        ]
        yield (
            f"Others may have used {listing(sums, longest=4)} at the same time: the joules of a trial there hold what "
            "the others used. They stand in a column of their own, are in no other figure, and are counted once "
            "in the total of the study. Nothing is shared out by CPU time. resources.exclusive = true keeps a node "
            "for one trial."
        )


def negative_net(trials: Trials) -> Iterator[str]:
    """Joules less idle that come to less than nothing."""
    below = trials.rows.filter(pl.col("energy_net_j") < 0)
    if below.height and not trials.joules.estimated:
        shown = listing([f"{trial} ({number(net_j)} J)" for trial, net_j in _net(below)], longest=4)
        yield (
            f"Less the idle power, {counted(below.height, 'trial')} took less than nothing: {shown}. The node was not "
            "idle while its baseline was measured, or its idle power has changed since."
        )


def idle_drift(trials: Trials) -> Iterator[str]:
    """Idle power that was another one after the trials."""
    runs: dict[tuple[str, str], dict[str, Baseline]] = {}
    for each in trials.baselines:
        runs.setdefault((each.node, each.run), {})[each.when] = each
    moved = [text for run in runs.values() if len(run) == 2 for text in _moved(run["before"], run["after"])]
    if moved:
        yield (
            f"Idle power drifted by more than its interval: {'; '.join(moved)}. Net joules rest on the one before, and "
            "may be off by the difference for each second of training."
        )


def _moved(before: Baseline, after: Baseline) -> Iterator[str]:
    for one, other in itertools.product(before.idle, after.idle):
        apart_w = abs(other.power_w - one.power_w)
        same = (one.scope, one.device) == (other.scope, other.device)
        if same and apart_w > (one.u_w or 0.0) + (other.u_w or 0.0):
            yield (
                f"{one.device} on node {before.node[:8]} {_watts(one.power_w, one.u_w)} before the run of "
                f"{before.run}, {_watts(other.power_w, other.u_w)} after it"
            )


def _watts(power_w: float, u_w: float | None) -> str:
    return f"{number(power_w)} W" if u_w is None else f"{number(power_w)} ± {number(u_w, digits=2)} W"


def _net(rows: pl.DataFrame) -> Iterator[tuple[str, float]]:
    yield from rows.select("trial_id", "energy_net_j").iter_rows()
