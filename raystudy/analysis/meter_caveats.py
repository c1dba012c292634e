"""Doubts about what the instruments read: trials that failed an expectation, sharing, idle power, gaps, errors."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace

import polars as pl

from raystudy.analysis.certainty import half_widths, held_against
from raystudy.analysis.trials import Trials
from raystudy.analysis.whole import used
from raystudy.analysis.words import counted, equals, listing, number
from raystudy.record.archive import Baseline
from raystudy.stats.decision import Decision, decided
from raystudy.stats.probability import ALPHA
from raystudy.stats.uncertainty import Difference, Measured, Verdict

_MISSING = "power"
"""Reasons of an outcome whose name begins so tell what is missing of its readings."""
_NOT_ON_DISK = "power on disk"
"""This one tells that readings were kept in memory only: they are missing where memory did not hold them all."""


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
    """Readings that a monitor lost, or could keep in memory only."""
    told = trials.rows.select("trial_id", "energy_j", "reasons").explode("reasons").drop_nulls("reasons")
    told = told.unnest("reasons").filter(pl.col("key").str.starts_with(_MISSING))
    lost, measured = told.filter(pl.col("key") != _NOT_ON_DISK), pl.col("energy_j").is_not_null()
    if shown := _because(lost.filter(measured)):
        yield (
            f"Readings of power are missing in {shown}. Counters count on meanwhile, and the figures have wider "
            "intervals; the gaps are listed with each figure (energies.quality.gaps)."
        )
    if shown := _because(lost.filter(~measured)):
        yield f"Readings of power are missing in {shown}; none of these has a measured figure of its own."
    if shown := _because(told.filter(pl.col("key") == _NOT_ON_DISK)):
        yield (
            f"Readings of power could not be kept on disk in {shown}; nothing is missing unless a gap is listed "
            "(energies.quality.gaps)."
        )


def within_uncertainty(trials: Trials) -> Iterator[str]:
    """Differences that a test calls real, and that the errors of the readings could make."""
    if trials.joules.estimated or not trials.joules.known:
        return
    for column, (name, _) in half_widths(trials).items():
        _, decision = decided(trials.design(column))
        if decision.p is None or decision.p >= ALPHA:
            continue
        found = held_against(trials, column, draws=1)  # the verdict rests on the pairs, not on the draws
        if found.verdict in (Verdict.WITHIN, Verdict.IF_INDEPENDENT):
            yield _within(name, decision, found)


def _within(name: str, decision: Decision, found: Measured) -> str:
    """Show the difference that comes closest to the uncertainty at worst."""
    assert decision.p is not None, "only what was tested can be significant"
    quantity, _, unit = name.partition(", ")
    pair, size, alone, together = max(_sized(found.pairs), key=lambda sized: sized[1] - sized[3])
    limit = "the measurement's own uncertainty"
    if found.verdict is Verdict.IF_INDEPENDENT:
        limit = "errors of reading that all act together could make it"
    return (
        f"The levels differ in {quantity} by the test ({decision.test}, {equals(decision.p)}), yet no difference is "
        f"larger than {limit}: {pair} is {number(size)} {unit}, which the readings leave open by "
        f"± {number(alone, digits=2)} if each errs by itself, ± {number(together, digits=2)} at worst. "
        "Longer trials, or a higher metering.rate_hz, would help."
    )


def _sized(pairs: Iterable[Difference]) -> Iterator[tuple[str, float, float, float]]:
    """Yield the name of a pair, the size of its difference, and both half-widths."""
    for pair in pairs:
        if pair.difference is not None and pair.u_independent is not None and pair.u_together is not None:
            yield f"{pair.a} − {pair.b}", abs(pair.difference), pair.u_independent, pair.u_together


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
        apart = "" if trials.joules.estimated else "stand in a column of their own, are in no other figure, and "
        yield (
            f"Others may have used {listing(sums, longest=4)} at the same time: the joules of a trial there hold what "
            f"the others used. They {apart}are counted once in the total of the study. Nothing is shared out by CPU "
            "time. resources.exclusive = true keeps a node for one trial."
        )


def negative_net(trials: Trials) -> Iterator[str]:
    """Joules less idle that come to less than nothing."""
    below = trials.rows.filter(pl.col("energy_net_j") < 0)
    surely = (pl.col("energy_net_j") + pl.col("energy_net_u_j").fill_null(0)) < 0
    negative, unclear = below.filter(surely), below.filter(~surely)
    if negative.height:
        yield (
            f"Less the idle power, {counted(negative.height, 'trial')} took less than nothing: {_net(negative)}. The "
            "node was not idle while its baseline was measured, or its idle power has changed since."
        )
    if unclear.height:
        yield (
            f"Less the idle power, the joules of {counted(unclear.height, 'trial')} do not differ from nothing within "
            f"their interval: {_net(unclear)}."
        )


def idle_drift(trials: Trials) -> Iterator[str]:
    """Idle power that was another one after the trials, of the devices that net joules rest on."""
    used = trials.added_figures().filter(pl.col("energy_net_j").is_not_null())
    devices = set(used.select("node", "scope", "device").iter_rows())
    runs: dict[tuple[str, str], dict[str, Baseline]] = {}
    for each in trials.baselines:
        kept = tuple(idle for idle in each.idle if (each.node, idle.scope, idle.device) in devices)
        runs.setdefault((each.node, each.run), {})[each.when] = replace(each, idle=kept)
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
                f"{one.device} on node {before.node[:8]} {_with(one.power_w, one.u_w, 'W')} before the run of "
                f"{before.run}, {_with(other.power_w, other.u_w, 'W')} after it"
            )


def _with(value: float, half_width: float | None, unit: str) -> str:
    """Write a value with its interval, where it has one."""
    return f"{number(value)}{'' if half_width is None else f' ± {number(half_width, digits=2)}'} {unit}"


def _because(told: pl.DataFrame) -> str:
    """List trials, each with a reason."""
    return listing([f"{trial} ({why})" for trial, why in told.select("trial_id", "value").iter_rows()], longest=4)


def _net(rows: pl.DataFrame) -> str:
    """List trials with their net joules, and the half-width of these where it is known."""
    net = rows.select("trial_id", "energy_net_j", "energy_net_u_j").iter_rows()
    return listing([f"{trial} ({_with(net_j, u_j, 'J')})" for trial, net_j, u_j in net], longest=4)
