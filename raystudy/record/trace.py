"""What instruments said, and when: readings of channels, on the monotonic clock of their node."""

from dataclasses import dataclass
from typing import Annotated, Literal

Quantity = Literal["energy_j", "power_w", "temperature_c"]
Scope = Literal["gpu", "module", "package", "dram", "board"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """One line of one instrument."""

    name: Annotated[str, "unique on its node, as `nvml/GPU-5f3a.../energy`"]
    quantity: Annotated[Quantity, "what is read; its unit is in its name. energy_j counts up from an arbitrary start"]
    scope: Annotated[Scope, "what part of the machine it covers"]
    device: Annotated[str, "identity of the device: UUID of a GPU, name of a powercap zone"]
    estimated: Annotated[bool, "computed from a nameplate, not measured"] = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One answer of one channel: a value, or the reason why there is none."""

    at_s: Annotated[float, "midpoint of the call, monotonic clock of the node"]
    half_width_s: Annotated[float, "half the duration of the call: the uncertainty of at_s"]
    value: Annotated[float | None, "in the channel's unit; null where the read failed"]
    error: Annotated[str | None, "why there is no value"] = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What one channel read from the last reading before a span to the first one after it."""

    channel: Annotated[Channel, "where it was read"]
    readings: Annotated[tuple[Reading, ...], "in order of time; one on each side of the span where there is one"]
    sampler_started_s: Annotated[float, "when the sampler started; inside the span, if it was restarted within"]
