"""The joules of a trial, devices added up: the columns of its row.

What was measured, what was shared and what was estimated never meet in one sum.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from raystudy.record.energy import Energy
from raystudy.record.outcome import Span

ADDED_SCOPES = ("gpu", "package", "dram")
"""Scopes that have no joule in common. A module or a board contains others, and is never added to them; the board, as
a laptop on battery, speaks where none of them does."""


_SUMMED = (
    "energy_j",
    "energy_u_j",
    "energy_net_j",
    "energy_net_u_j",
    "energy_eval_j",
    "energy_shared_j",
    "energy_estimated_j",
    "energy_eval_estimated_j",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyTotals:
    """The joules of a trial, devices added up."""

    energy_j: Annotated[float | None, "measured, training spans only, all devices of the trial; null if one is null"]
    energy_u_j: Annotated[float | None, "half-width of its interval, the gain not included"]
    energy_rel_gain: Annotated[float | None, "relative uncertainty of its scale; null where a device specifies none"]
    energy_net_j: Annotated[float | None, "energy_j less the idle baseline; null without one; may be negative"]
    energy_net_u_j: Annotated[float | None, "half-width of its interval: that of energy_j, and of the baseline"]
    energy_eval_j: Annotated[float | None, "measured, evaluation spans"]
    energy_scopes: Annotated[str | None, "what energy_j covers, as `gpu+package+dram`"]
    energy_shared_j: Annotated[float | None, "measured on devices that others may have used, too; not in energy_j"]
    power_rms_w: Annotated[float | None, "root mean square of the power while training, measured; devices added up"]
    energy_estimated_j: Annotated[float | None, "nameplate estimate, training spans; null where anything is measured"]
    energy_eval_estimated_j: Annotated[float | None, "nameplate estimate, evaluation spans"]
    power_rms_estimated_w: Annotated[float | None, "nameplate estimate, while training"]


def totals(energies: Sequence[Energy], spans: Iterable[Span]) -> EnergyTotals:
    """
    Add up the devices of a trial.

    A sum that lacks a part is no sum: null. Half-widths are added, for all devices share the edges; gains of different
    devices are independent, and add as squares. RMS powers are added too: exact where the devices rise and fall
    together, else an upper bound.
    """
    train_s = sum(span.duration_s for span in spans if span.name == "train")
    told = [energy for energy in energies if energy.method != "estimated"]
    whole = [e for e in told if e.scope == "board" and e.energy_j is not None]
    measured = [e for e in told if e.scope in ADDED_SCOPES] or whole
    own, shared = [e for e in measured if not e.shared], [e for e in measured if e.shared]
    estimated = [] if measured else [energy for energy in energies if energy.method == "estimated"]
    train, train_estimated = of("train", own), of("train", estimated)
    energy_j, idle_w = _sum(energy.energy_j for energy in train), _sum(energy.power_idle_w for energy in train)
    u_j, idle_u_w = _sum(energy.u_j for energy in train), _sum(energy.power_idle_u_w for energy in train)
    return EnergyTotals(
        energy_j=energy_j,
        energy_u_j=u_j,
        energy_rel_gain=relative_gain(train),
        energy_net_j=None if energy_j is None or idle_w is None else energy_j - idle_w * train_s,
        energy_net_u_j=None if u_j is None or idle_u_w is None else u_j + idle_u_w * train_s,
        energy_eval_j=_sum(energy.energy_j for energy in of("eval", own)),
        energy_scopes="+".join(scope for scope in (*ADDED_SCOPES, "board") if scope in {e.scope for e in own}) or None,
        energy_shared_j=_sum(energy.energy_j for energy in of("train", shared)),
        power_rms_w=_sum(energy.power_rms_w for energy in train),
        energy_estimated_j=_sum(energy.energy_j for energy in train_estimated),
        energy_eval_estimated_j=_sum(energy.energy_j for energy in of("eval", estimated)),
        power_rms_estimated_w=_sum(energy.power_rms_w for energy in train_estimated),
    )


def added(parts: Sequence[tuple[EnergyTotals, float]]) -> EnergyTotals:
    """Add up what a trial took at several places, each with the seconds it trained there."""
    if len(parts) == 1:
        return parts[0][0]
    each = [total for total, _ in parts]
    sums = {name: _sum(getattr(total, name) for total in each) for name in _SUMMED}
    return EnergyTotals(
        **sums,
        energy_rel_gain=_relative((total.energy_rel_gain, total.energy_j) for total in each),
        energy_scopes=each[0].energy_scopes if len({total.energy_scopes for total in each}) == 1 else None,
        power_rms_w=_rms((total.power_rms_w, train_s) for total, train_s in parts),
        power_rms_estimated_w=_rms((total.power_rms_estimated_w, train_s) for total, train_s in parts),
    )


def _rms(parts: Iterable[tuple[float | None, float]]) -> float | None:
    """Return the root mean square over several durations."""
    told = list(parts)
    squares = _sum(None if rms_w is None else rms_w**2 * train_s for rms_w, train_s in told)
    return None if squares is None else math.sqrt(squares / math.fsum(train_s for _, train_s in told))


def relative_gain(energies: Sequence[Energy]) -> float | None:
    """Return the relative uncertainty of a sum from the gains of its parts; null where one of them is not known."""
    return _relative((energy.rel_gain, energy.energy_j) for energy in energies)


def _relative(parts: Iterable[tuple[float | None, float | None]]) -> float | None:
    """Return the relative uncertainty of a sum of independent gains and their joules; null where one is not known."""
    told = list(parts)
    known = [gain * energy_j for gain, energy_j in told if gain is not None and energy_j is not None]
    total_j = _sum(energy_j for _, energy_j in told)
    return math.hypot(*known) / total_j if total_j and len(known) == len(told) else None


def of(name: str, energies: Iterable[Energy]) -> list[Energy]:
    """Return the figures of one name of a span."""
    return [energy for energy in energies if energy.span == name]


def _sum(parts: Iterable[float | None]) -> float | None:
    """Return the sum; null where there is no part, or one is null."""
    known = list(parts)
    return None if not known or None in known else math.fsum(part for part in known if part is not None)
