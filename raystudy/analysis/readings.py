"""The readings of trials as the record's own values again, and the state of the boards at both ends of a trial."""

from collections.abc import Iterable

import polars as pl

from raystudy.record.trace import Trace, trace_of


def traces_of(traces: pl.Series, *, devices: Iterable[str] | None = None) -> tuple[Trace, ...]:
    """Return the traces of one trial, its cell of the column `traces`; those of some devices, or all."""
    each = traces.explode().drop_nulls()
    if devices is not None:
        each = each.filter(each.struct.field("channel").struct.field("device").is_in(list(devices)))
    return tuple(map(trace_of, each))


def states(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """Return what boards told at the start and the end of each trial, in the order of the rows; what none told: not."""
    told = _told(rows)
    columns = {
        "GPU at start, °C": ("temperature_c", "first"),
        "GPU at end, °C": ("temperature_c", "last"),
        "clock at start, MHz": ("clock_hz", "first"),
        "clock at end, MHz": ("clock_hz", "last"),
        "power limit, W": ("power_limit_w", "last"),
    }
    found = {}
    for title, (quantity, end) in columns.items():
        here = told.filter(pl.col("quantity") == quantity).group_by("trial_id").agg(value=pl.col(end).max())
        values = rows.select("trial_id").join(here, on="trial_id", how="left", maintain_order="left")["value"]
        found[title] = values / 1e6 if quantity == "clock_hz" else values
    throttled = rows.select(~verdict("throttling")).to_series()
    return {title: values for title, values in (found | {"throttled": throttled}).items() if not values.is_null().all()}


def verdict(name: str) -> pl.Expr:
    """Return whether each trial met one expectation; null where that cannot be told."""
    named = pl.element().struct.field("name") == name
    met = pl.col("expectations").list.eval(pl.element().filter(named).struct.field("met"))
    return met.list.first().alias(name)


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the first and the last value of each trace: trial_id, quantity, first, last."""
    good = pl.col("readings").list.eval(pl.element().struct.field("value").drop_nulls())
    return (
        rows.select("trial_id", "traces")
        .explode("traces")
        .drop_nulls("traces")
        .unnest("traces")
        .select(
            "trial_id",
            quantity=pl.col("channel").struct.field("quantity"),
            first=good.list.first(),
            last=good.list.last(),
        )
    )
