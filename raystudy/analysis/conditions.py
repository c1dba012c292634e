"""Tables of what each level cost and bought, what the step to the next level did, and each trial.

Means with their standard deviations over repetitions; numbers stay numbers, the report writes them.
"""

import itertools
from collections.abc import Iterator

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.trials import Trials
from raystudy.stats.intervals import Interval, mean_interval

_NO_GAIN = (
    "Joules per nat stands empty where the held-out loss did not fall, or nothing more was spent: nothing was bought."
)


def tables(trials: Trials) -> tuple[Table, ...]:
    """Return the tables of levels: cost, quality, and the steps between neighbours."""
    return _cost(trials), _quality(trials), _marginal(trials)


def each_trial(trials: Trials) -> Table:
    """Return one row a trial, in the order in which they were planned."""
    joules = trials.joules
    frame = trials.rows.select(
        pl.col("trial_id").alias("trial"),
        pl.col("position").alias("planned order"),
        pl.col("seed"),
        pl.col("tokens_seen").alias("tokens seen"),
        pl.col("train_s").alias("training, s"),
        pl.col(joules.train_j).alias(joules.title("training energy", "J")),
        pl.col("energy_j_per_token").alias(joules.title("energy per token", "J/token")),
        pl.col("loss_heldout").alias("held-out loss"),
        pl.col("loss_heldout_low").alias("95 % low"),
        pl.col("loss_heldout_high").alias("95 % high"),
    )
    note = "The interval of the held-out loss is a bootstrap over documents: what another sample of text would change."
    return Table(name="trials", title="Every trial", frame=frame, note=f"{note} {joules.note}".strip())


def _cost(trials: Trials) -> Table:
    joules = trials.joules
    columns = {
        "n": pl.len(),
        "tokens seen": pl.col("tokens_seen").mean(),
        "padding": pl.col("tokens_padding").mean(),
        "epochs seen": pl.col("epochs_seen").mean(),
        joules.title("training energy", "J"): pl.col(joules.train_j).mean(),
        "± sd, J": pl.col(joules.train_j).std(),
        joules.title("evaluation energy", "J"): pl.col(joules.eval_j).mean(),
        **_net(trials),
        joules.title("energy per token", "J/token"): pl.col("energy_j_per_token").mean(),
        "tokens/s": pl.col("tokens_per_s").mean(),
        "MFU, %": 100 * pl.col("mfu").mean(),
    }
    note = (
        "Means over repetitions. Training energy leaves loading and evaluation out. "
        "MFU: FLOP/s achieved, as a share of a matrix product's on the same device."
    )
    frame = _named(trials, trials.by_level(**columns))
    return Table(name="conditions", title="What each level cost", frame=frame, note=f"{note} {joules.note}".strip())


def _net(trials: Trials) -> dict[str, pl.Expr]:
    """Show energy less the idle baseline only where a baseline was measured."""
    net_j = trials.joules.net_j
    if net_j is None or trials.rows[net_j].is_null().all():
        return {}
    return {"net of idle, J": pl.col(net_j).mean()}


def _quality(trials: Trials) -> Table:
    columns = {
        "n": pl.len(),
        "loss before training": pl.col("loss_initial").mean(),
        "held-out loss": pl.col("loss_heldout").mean(),
        "± sd": pl.col("loss_heldout").std(),
        "perplexity": pl.col("perplexity").mean(),
        "bits/byte": pl.col("bits_per_byte").mean(),
        "training loss": pl.col("loss_train").mean(),
        trials.joules.title("loss drop", "nats/kJ"): pl.col("loss_drop_per_kj").mean(),
    }
    note = "Losses in nats per token, means over repetitions; the drop is counted from the loss before training."
    frame = _named(trials, trials.by_level(**columns))
    return Table(
        name="quality", title="What each level bought", frame=frame, note=f"{note} {trials.joules.note}".strip()
    )


def _marginal(trials: Trials) -> Table:
    joules = trials.joules
    schema = {
        "from": pl.String,
        "to": pl.String,
        "blocks": pl.Int64,
        joules.title("extra energy", "J"): pl.Float64,
        "nats bought": pl.Float64,
        "95 % low": pl.Float64,
        "95 % high": pl.Float64,
        joules.title("price", "J/nat"): pl.Float64,
    }
    frame = pl.DataFrame(list(_steps(trials)), schema=schema, orient="row")
    vain = frame.select((pl.nth(-1).is_null() & pl.nth(3).is_not_null()).any()).item()
    parts = ("Within blocks, over the blocks that hold both levels.", _NO_GAIN if vain else "", joules.note)
    return Table(
        name="marginal",
        title="What the step to the next level cost and bought",
        frame=frame,
        note=" ".join(part for part in parts if part),
    )


def _steps(trials: Trials) -> Iterator[tuple[object, ...]]:
    for low, high in itertools.pairwise(trials.levels):
        pairs = trials.at(low).join(trials.at(high), on="block", suffix="_next")
        extra_j = _mean(pairs[f"{trials.joules.train_j}_next"] - pairs[trials.joules.train_j])
        nats = _mean(pairs["loss_heldout"] - pairs["loss_heldout_next"])
        yield low, high, pairs.height, extra_j.mean, nats.mean, nats.low, nats.high, _price(extra_j.mean, nats.mean)


def _mean(values: pl.Series) -> Interval:
    return mean_interval(values.drop_nulls().to_numpy())


def _price(extra_j: float | None, nats: float | None) -> float | None:
    """Return joules per nat; a loss that did not fall has no price, and nothing spent is none."""
    if extra_j is None or nats is None or extra_j <= 0 or nats <= 0:
        return None
    return extra_j / nats


def _named(trials: Trials, frame: pl.DataFrame) -> pl.DataFrame:
    """Put the factor first, under its own name."""
    return frame.select(pl.col("x").alias(trials.factor), pl.exclude("level", "x"))
