"""What the whole study used, device by device: what trials shared is counted once, however many of them saw it.

own devices     the trials' figures, added up
shared ones     the union of the trials' spans: of each trial only the time that no earlier one has covered
What attempts took that came to nothing before a trial came through is told beside it, and in no sum.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.readings import traces_of
from raystudy.analysis.trials import Trials, figures_of
from raystudy.analysis.words import counted, number
from raystudy.record.energy import energies
from raystudy.record.outcome import Span

SLIVER_S = 1.0
"""Where so short a rest of a trial has no figure of its own, its mean power stands for it, give or take all of it."""

WORTH = 0.05
"""Share of the trials' training from which it is worth a caveat what came to nothing."""

Stretch = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """What one device used for a study."""

    host: str
    device: str
    scope: str
    trials: int
    used_s: float
    energy_j: float | None
    u_j: float | None
    shared: bool
    summed_j: float | None
    """Added up over trials: more than energy_j where several saw the same joules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """What attempts took that came to nothing, of trials that were finished later."""

    attempts: int
    trials: int
    lost_s: float
    energy_j: float
    unmeasured: int
    """Attempts whose joules are not known."""

    @property
    def sentence(self) -> str:
        """Say it."""
        whose = f"{counted(self.attempts, 'attempt')} at {counted(self.trials, 'trial')} came to nothing"
        joules = f", {number(self.energy_j)} J" if self.unmeasured < self.attempts else ""
        unknown = f" (the joules of {self.unmeasured} are not known)" if self.unmeasured else ""
        return f"{whose} before one came through: {number(self.lost_s)} s{joules}{unknown}, which are in no figure."


def table(trials: Trials) -> tuple[Table, ...]:
    """Return the table of devices; none where no joule is known."""
    joules, devices = trials.joules, used(trials)
    if not devices:
        return ()
    columns: dict[str, list[Any]] = {
        "device": [each.device for each in devices],
        "node": [each.host for each in devices],
        "covers": [each.scope for each in devices],
        "trials": [each.trials for each in devices],
        "time, s": [each.used_s for each in devices],
        joules.title("energy", "J"): [each.energy_j for each in devices],
    }
    if not joules.estimated:
        columns["± from readings, J"] = [each.u_j for each in devices]
    if any(each.shared for each in devices):
        columns["shared"] = [each.shared for each in devices]
        columns[joules.title("added up over trials", "J")] = [each.summed_j for each in devices]
    floats = {name: pl.Float64 for name in columns if name.endswith((", s", ", J"))}
    return (
        Table(
            name="whole",
            title="What the whole study used",
            frame=pl.DataFrame(columns, schema_overrides=floats),
            note=_note(trials, devices),
        ),
    )


def _note(trials: Trials, devices: Iterable[Used]) -> str:
    """Say what is counted; that no trial has a joule of its own says nothing of what devices used."""
    left_out = " those that are left out elsewhere, too," if trials.finished.height > trials.rows.height else ""
    known = any(each.energy_j is not None for each in devices)
    before = "" if trials.pretrainings.is_empty() else "The pretrainings are not in it. "
    came_to_nothing = lost(trials)
    before += f"{came_to_nothing.sentence} " if came_to_nothing else ""
    return (
        f"All finished trials,{left_out} loading and evaluation included; what several trials saw at once is counted "
        "once. A module or a board contains other devices, so its line must not be added to theirs. "
        f"{before}{trials.joules.note if trials.joules.estimated or not known else ''}"
    ).strip()


def lost(trials: Trials) -> Lost | None:
    """Return what came to nothing before the finished trials came through; null where nothing did."""
    attempts = trials.finished.select("trial_id", "attempts").explode("attempts").drop_nulls("attempts")
    if attempts.is_empty():
        return None
    told = attempts.unnest("attempts")
    joules = told["lost_estimated_j" if trials.joules.estimated else "lost_j"]
    return Lost(
        attempts=told.height,
        trials=told["trial_id"].n_unique(),
        lost_s=math.fsum(told["lost_s"].drop_nulls()),
        energy_j=math.fsum(joules.drop_nulls()),
        unmeasured=joules.null_count(),
    )


def much_lost(trials: Trials) -> Iterator[str]:
    """Attempts that came to nothing and took much, which no cost of a level shows."""
    found = lost(trials)
    train_s = float(trials.finished["train_s"].sum())
    if found and found.lost_s >= WORTH * train_s:
        yield (
            f"{found.sentence} That is {found.lost_s / train_s:.0%} of the time that the finished trials trained. "
            "The folder `failures` of the archive says why."
        )


def used(trials: Trials) -> tuple[Used, ...]:
    """Return what each device used in all finished trials, in order of node and device."""
    told = figures_of(trials.finished).filter((pl.col("method") == "estimated") == trials.joules.estimated)
    # Keeping a state may take less than an instrument's step.
    figures = told.filter((pl.col("span") != "save") | pl.col("energy_j").is_not_null())
    by_device = figures.sort("host_hash", "scope", "device").partition_by(
        "host_hash", "scope", "device", maintain_order=True
    )
    return tuple(_used(trials, device) for device in by_device)


def _used(trials: Trials, figures: pl.DataFrame) -> Used:
    first = figures.row(0, named=True)
    ids = figures["trial_id"].unique(maintain_order=True).to_list()
    summed_j, summed_u_j = (_sum(figures[column]) for column in ("energy_j", "u_j"))
    shared = bool(figures["shared"].any())
    seen = trials.finished.filter(pl.col("trial_id").is_in(ids))
    used_s, energy_j, u_j = seen.select(_span_s().sum()).item(), summed_j, summed_u_j
    if shared:
        used_s, energy_j, u_j = _once(seen, first["scope"], first["device"])
    return Used(
        host=first["host_hash"],
        device=first["device"],
        scope=first["scope"],
        trials=len(ids),
        used_s=used_s,
        energy_j=energy_j,
        u_j=u_j,
        shared=shared,
        summed_j=summed_j,
    )


def _once(rows: pl.DataFrame, scope: str, device: str) -> tuple[float, float | None, float | None]:
    """Return seconds, joules and half-width of the union of the trials' spans; clocks start anew with each boot."""
    parts = [
        part for boot in rows.partition_by("boot_hash", maintain_order=True) for part in _parts(boot, scope, device)
    ]
    seconds, energy_j, u_j = zip(*parts, strict=True)
    return math.fsum(seconds), _sum(energy_j), _sum(u_j)


def _parts(rows: pl.DataFrame, scope: str, device: str) -> Iterator[tuple[float, float | None, float | None]]:
    """Yield what each trial adds: the time that no trial before it has covered."""
    covered: list[Stretch] = []
    for trial in rows.select("spans", "traces").with_columns(first=_start_s()).sort("first").iter_slices(1):
        whole = [(span["start_s"], span["end_s"]) for span in trial["spans"].item()]
        rest = [part for stretch in whole for part in uncovered(stretch, covered)]
        covered += rest
        if rest:
            yield _part(trial["traces"], rest, whole, (scope, device))


def _part(
    traces: pl.Series, rest: Sequence[Stretch], whole: Sequence[Stretch], device: tuple[str, str]
) -> tuple[float, float | None, float | None]:
    """Return seconds, joules and half-width of what is left of a trial."""
    told = [t for t in traces_of(traces, devices=[device[1]]) if t.channel.scope == device[0]]
    seconds = math.fsum(end_s - start_s for start_s, end_s in rest)
    figure, around = (next(iter(energies(told, _spans(part))), None) for part in (rest, whole))
    if figure is not None and figure.energy_j is not None:
        return seconds, figure.energy_j, figure.u_j
    if around is None or around.power_mean_w is None or seconds > SLIVER_S:
        return seconds, None, None
    return seconds, around.power_mean_w * seconds, around.power_mean_w * seconds


def uncovered(stretch: Stretch, covered: Iterable[Stretch]) -> list[Stretch]:
    """Return what is left of a stretch of time without those that are covered."""
    left = [stretch]
    for start_s, end_s in covered:
        cut = [piece for a, b in left for piece in ((a, min(b, start_s)), (max(a, end_s), b))]
        left = [(a, b) for a, b in cut if b > a]
    return left


def _spans(stretches: Iterable[Stretch]) -> list[Span]:
    return [Span(name="train", start_s=start_s, end_s=end_s) for start_s, end_s in stretches]


def _start_s() -> pl.Expr:
    return pl.col("spans").list.eval(pl.element().struct.field("start_s").min()).list.first()


def _span_s() -> pl.Expr:
    span = pl.element().struct
    return pl.col("spans").list.eval(span.field("end_s") - span.field("start_s")).list.sum()


def _sum(parts: Iterable[float | None]) -> float | None:
    """Return the sum; null where a part is."""
    known = list(parts)
    return None if None in known else math.fsum(part for part in known if part is not None)
