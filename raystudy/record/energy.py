"""An energy figure: joules of one device over some spans, with how they were had and how far they can be trusted.

    Trace + spans ──energy──▶ Energy ──totals──▶ EnergyTotals (the columns of a trial)

Energy is the integral of power, mean x T, never RMS x T. A counter is interpolated at both edges of each span; sampled
power is integrated by trapezoids with its edges interpolated. A window that no reading brackets has no figure: null.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from raystudy.record.outcome import SpanName
from raystudy.record.trace import Scope

Method = Literal["counter", "integrated", "estimated"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Energy:
    """Joules of one device over the spans of one name."""

    span: Annotated[SpanName, "which spans of the trial"]
    device: Annotated[str, "identity: UUID of a GPU, name of a powercap zone"]
    scope: Annotated[Scope, "what part of the machine"]
    method: Annotated[Method, "hardware counter, integral of sampled power, or nameplate estimate"]
    energy_j: Annotated[float | None, "null where it cannot be told"]
    u_j: Annotated[float | None, "half-width of its interval, from time and counter steps; the +-5 % gain not included"]
    power_mean_w: Annotated[float | None, "energy_j / duration"]
    power_rms_w: Annotated[float | None, "root mean square of the sampled power; null for a counter alone"]
    power_idle_w: Annotated[float | None, "of the same device before the sweep; null where no baseline was measured"]
    n_readings: Annotated[int, "readings that have a value, edges included"]
    n_errors: Annotated[int, "readings that failed"]
    rate_hz: Annotated[float | None, "readings per second achieved"]
    reason: Annotated[str | None, "why energy_j is null"] = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyTotals:
    """The joules of a trial, devices added up; measured and estimated figures never meet in one sum."""

    energy_j: Annotated[float | None, "measured, training spans only, all devices of the trial; null if one is null"]
    energy_u_j: Annotated[float | None, "half-width of its interval"]
    energy_net_j: Annotated[float | None, "energy_j less the idle baseline; null without one; may be negative"]
    energy_eval_j: Annotated[float | None, "measured, evaluation spans"]
    energy_scopes: Annotated[str | None, "what energy_j covers, as `gpu+package+dram`"]
    power_rms_w: Annotated[float | None, "root mean square of the sampled power while training, measured"]
    energy_estimated_j: Annotated[float | None, "nameplate estimate, training spans; null where anything is measured"]
    energy_eval_estimated_j: Annotated[float | None, "nameplate estimate, evaluation spans"]
    power_rms_estimated_w: Annotated[float | None, "nameplate estimate, while training"]
