"""Doubts about the joules, and about the metrics that rest on them."""

from collections.abc import Iterator

import polars as pl

from raystudy.analysis.parameter_efficiency import audit, parts
from raystudy.analysis.ratios import published
from raystudy.analysis.trials import Trials
from raystudy.analysis.words import counted, listing, number
from raystudy.record.segment import REHEARSED
from raystudy.stats.audit import NullF

UNSTEADY = 0.10
"""Standard deviation over mean from which repetitions of one level disagree too much."""
UNCERTAIN = 0.05
"""Half-width of the instrument's interval over the joules, from which it limits what can be seen."""
_SHOWN = 0.0005
"""Shares below it would be printed as 0.0 %."""


def rehearsed(trials: Trials) -> Iterator[str]:
    """Joules of GPUs that did not train."""
    rehearsals = trials.rows.filter(pl.col("gpu_name") == REHEARSED).height
    if rehearsals:
        yield (
            f"{rehearsals} of {counted(trials.rows.height, 'trial')} were rehearsed on the CPU: the joules of their "
            "GPUs are not those of their work, nor are their times. Run the study on nodes without RAYSTUDY_REHEARSAL."
        )


def nameplate(trials: Trials) -> Iterator[str]:
    """Joules that no instrument measured."""
    if trials.joules.estimated:
        watts = trials.study.metering.nameplate_w_per_cpu
        yield (
            f"No instrument measured energy: every joule is an estimate, {watts:g} W for each busy core. It counts "
            "the busy seconds of every process on the node, and knows nothing of clock, memory or idle power; a "
            "machine with RAPL or NVML would measure."
        )


def not_measured(trials: Trials) -> Iterator[str]:
    """Trials without a figure."""
    missing = trials.rows.filter(pl.col(trials.joules.train_j).is_null() & pl.col("energy_shared_j").is_null())
    if missing.is_empty():
        return
    said = missing.select(pl.col("energies").explode().struct.field("reason")).to_series().drop_nulls().unique().sort()
    because = f": {'; '.join(reason.rstrip('.') for reason in said)}" if said.len() else ""
    yield (
        f"{missing.height} of {counted(trials.rows.height, 'trial')} have no energy figure{because}. "
        "They are left out wherever joules are shown; `raystudy meters` says which instruments can be read."
    )


def mixed_methods(trials: Trials) -> Iterator[str]:
    """Estimates beside measurements."""
    estimates = trials.rows["energy_estimated_j"].count()
    if not trials.joules.estimated and estimates:
        yield (
            f"{counted(estimates, 'trial')} hold a nameplate estimate where the others were measured; the two never "
            "mix, so these count as not measured. Run them again where the instrument can be read."
        )


def unsteady(trials: Trials) -> Iterator[str]:
    """Repetitions of one level whose energy varies by a tenth or more."""
    joules = pl.col(trials.joules.train_j)
    spread = trials.by_level(cv=joules.std() / joules.mean()).filter(pl.col("cv") >= UNSTEADY)
    if spread.height:
        shown = listing([f"{cv:.0%} at {level}" for level, cv in spread.select("level", "cv").iter_rows()])
        yield (
            f"Energy varies between trials of one level (standard deviation over mean) by {shown}. "
            "More of them, on a quiet machine, would help."
        )


def uncertain(trials: Trials) -> Iterator[str]:
    """Joules whose own interval is wide: spans too short for the instrument."""
    if trials.joules.estimated:
        return
    worst = trials.by_level(share=(pl.col("energy_u_j") / pl.col("energy_j")).max()).filter(pl.col("share") > UNCERTAIN)
    if worst.height:
        shown = listing([f"±{share:.0%} at {level}" for level, share in worst.select("level", "share").iter_rows()])
        yield (
            f"Readings are too few for the length of the training: single figures are certain to {shown}. "
            "Longer trials, or a higher metering.rate_hz, would help."
        )


def no_idle_baseline(trials: Trials) -> Iterator[str]:
    """Joules that the machine would have used anyway."""
    measured = trials.rows.filter(pl.col("energy_j").is_not_null())
    n = measured["energy_net_j"].null_count()
    if n:
        yield (
            f"There is no idle baseline for {n} of {counted(measured.height, 'measured trial')}, so their joules hold "
            "what the machine uses when it does nothing. Set metering.idle_s to measure one."
        )


def partial_scope(trials: Trials) -> Iterator[str]:
    """Parts of the machine that no instrument covers, and coverages that differ."""
    if trials.joules.estimated or not trials.joules.known:
        return
    scopes = trials.rows["energy_scopes"].drop_nulls().unique().sort().to_list()
    if len(scopes) > 1:
        yield (
            f"Trials differ in what their joules cover ({listing(scopes)}), so they cannot be compared as they stand. "
            "Run them again with the same instruments."
        )
    parts = [scope for scope in scopes if "board" not in scope]
    if parts:
        whose = "The joules" if parts == scopes else "The joules of some trials"
        yield (
            f"{whose} cover {listing(parts)}; memory, fans, disks and the losses of the power supply count only as "
            "far as these include them. A meter at the plug would tell the whole."
        )


def mostly_denominator(trials: Trials) -> Iterator[str]:
    """A ratio metric whose change is mostly its own divisor."""
    found = audit(trials)
    if not found.mostly_by_design:
        return
    yield (
        f"Parameter efficiency as published divides by {_divisor(trials)}.{_shuffled(found)} Its F mostly tests "
        "arithmetic; see held-out loss and joules."
    )


def _divisor(trials: Trials) -> str:
    """Say which divisor the study sets, what it makes of the change, and what else does, where all parts are known."""
    given = published(trials).given
    changed = [(part.name, part.share) for part in parts(trials) if part.share and abs(part.share) >= _SHOWN]
    set_there = [(name, share) for name, share in changed if name in given]
    if not set_there:
        return "what the study sets"
    others = [
        f"{name} {'makes' if share > 0 else 'works against it by'} {abs(share):.1%}"
        for name, share in changed
        if name not in given
    ]
    return (
        f"the {listing([name for name, _ in set_there])}, which the study sets: that divisor makes "
        f"{sum(share for _, share in set_there):.1%} of its change from {trials.levels[0]} to {trials.levels[-1]} "
        f"({listing(others) or 'nothing else changes'})"
    )


def _shuffled(found: NullF) -> str:
    """Say which F is left when nothing measured counts."""
    if found.f is None or found.median is None or found.low is None or found.high is None:
        return ""
    return (
        f" With all that was measured dealt out at random, its F is still about {number(found.median)} (95 %: "
        f"{number(found.low)} to {number(found.high)}); as seen it is {number(found.f)}."
    )


def constant_speed(trials: Trials) -> Iterator[str]:
    """A computing speed that is a constant, far from what was achieved."""
    constant = trials.study.analysis.pe_cs_tflops
    achieved = trials.rows["flops_per_s"].mean()
    if constant is None or not isinstance(achieved, float):
        return
    yield (
        f"CS_TFLOPS = {constant:g} is a constant: it cancels in every comparison, and the training achieved "
        f"{number(achieved / 1e12)} TFLOPS. The recounted efficiency uses the achieved speed."
    )
