"""Which joules a study speaks of: measured ones, or the nameplate's estimate; the two never meet in one number."""

from dataclasses import dataclass, replace

import polars as pl


@dataclass(frozen=True, kw_only=True, slots=True)
class Joules:
    """The columns that hold the energy, and how every name of it must be marked."""

    train_j: str
    train_u_j: str | None
    """Half-width of its interval, from the readings; an estimate has none."""
    eval_j: str
    power_rms_w: str
    net_j: str | None
    """Less the idle baseline; an estimate has none, since it counts busy cores alone."""
    estimated: bool
    known: bool
    """Whether any trial has a figure of its own."""
    shared: bool = False
    """Whether what is known is all of devices that others used, too."""

    def title(self, quantity: str, unit: str) -> str:
        """Name a quantity that rests on joules, as `training energy (estimate), J`."""
        return f"{self.mark(quantity)}, {unit}"

    def mark(self, quantity: str) -> str:
        """Name a quantity that rests on joules and has no unit worth printing."""
        return f"{quantity} (estimate)" if self.estimated else quantity

    @property
    def note(self) -> str:
        """What a reader must know wherever joules are shown."""
        if self.estimated:
            return "Every joule here is an estimate: nameplate watts x CPU time, not a measurement."
        if self.shared:
            return "No joule belongs to one trial alone: the devices were shared."
        return "" if self.known else "No energy is known: no instrument gave a figure."


MEASURED = Joules(
    train_j="energy_j",
    train_u_j="energy_u_j",
    eval_j="energy_eval_j",
    power_rms_w="power_rms_w",
    net_j="energy_net_j",
    estimated=False,
    known=True,
)
ESTIMATED = Joules(
    train_j="energy_estimated_j",
    train_u_j=None,
    eval_j="energy_eval_estimated_j",
    power_rms_w="power_rms_estimated_w",
    net_j=None,
    estimated=True,
    known=True,
)
UNKNOWN = replace(MEASURED, net_j=None, known=False)
SHARED = replace(UNKNOWN, shared=True)


def joules_of(rows: pl.DataFrame) -> Joules:
    """Take what was measured where anything was, else the estimate; a trial without a measured figure stays null."""
    if rows["energy_j"].is_not_null().any():
        return MEASURED
    if rows["energy_estimated_j"].is_not_null().any():
        return ESTIMATED
    return SHARED if rows["energy_shared_j"].is_not_null().any() else UNKNOWN
