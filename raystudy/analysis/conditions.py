"""Tables of what each level cost and bought, what the step to the next level did, and each trial.

Means with their standard deviations over repetitions; numbers stay numbers, the report writes them.
"""

import itertools
from collections.abc import Iterator

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.readings import states
from raystudy.analysis.trials import Trials, seeds_used
from raystudy.stats.intervals import Interval, mean_interval

_NO_GAIN = (
    "Joules per nat stands empty where the held-out loss did not fall, or nothing more was spent: nothing was bought."
)
_SHARED = (
    "Joules on shared devices hold what others used at the same time; they are in no other column, and must not be "
    "added up over trials."
)
_LOSS = "The interval of the held-out loss is a bootstrap over documents: what another sample of text would change."
_ANSWERED = (
    "The interval of a trial's accuracy is Wilson's, of a binomial share: it holds the luck of the examples, not that "
    "of the seed. Log-likelihood: of the right answer, nats per answer. What ran: the same where trials are copies."
)
_GAIN = (
    "Bounds of the loss drop per kilojoule: loss (95 %) and joules (99 %, from readings) at the ends of their "
    "intervals, both off in the worst way at once; if each interval holds what it says, the bounds hold the truth in "
    "94 % of trials at least. The instrument's gain is not included: on one board it scales every drop alike."
)


def tables(trials: Trials) -> tuple[Table, ...]:
    """Return the tables of levels: cost, quality, and the steps between neighbours."""
    return _cost(trials), _quality(trials), _marginal(trials)


def each_trial(trials: Trials) -> Table:
    """Return one row a trial, in the order in which they were planned."""
    joules = trials.joules
    columns = {
        "trial": pl.col("trial_id"),
        "planned order": pl.col("position"),
        **_seeds(trials),
        "tokens seen": pl.col("tokens_seen"),
        "training, s": pl.col("train_s"),
        joules.title("training energy", "J"): pl.col(joules.train_j),
        **_interval(trials),
        **_shared(trials, pl.col("energy_shared_j")),
        joules.title("energy per token", "J/token"): pl.col("energy_j_per_token"),
        **_reached(trials),
        **states(trials.rows),
        **_sound(trials),
    }
    of_loss = f"{_LOSS} {_GAIN if _gain(trials) else ''}".strip()
    parts = (_ANSWERED if trials.study.kind == "composition" else of_loss, joules.note)
    return Table(
        name="trials",
        title="Every trial",
        frame=trials.rows.select(**columns),
        note=" ".join(part for part in parts if part),
    )


def _seeds(trials: Trials) -> dict[str, pl.Expr]:
    """Show the seed of the repetition; in a study of dynamics those that weights and order had."""
    if trials.study.kind != "dynamics":
        return {"seed": pl.col("seed")}
    return dict(zip(("init seed", "order seed"), seeds_used(), strict=True))


def _reached(trials: Trials) -> dict[str, pl.Expr]:
    """Show the held-out loss with its bounds and price; in a study of composition how well examples are answered."""
    if trials.study.kind != "composition":
        named = {"held-out loss": "", "95 % low": "_low", "95 % high": "_high"}
        return {**{title: pl.col(f"loss_heldout{bound}") for title, bound in named.items()}, **_gain(trials)}
    named = {"accuracy, %": "", "95 % low": "_low", "95 % high": "_high"}
    accuracy = {title: 100 * pl.col(f"accuracy{bound}") for title, bound in named.items()}
    return {**accuracy, "log-likelihood": pl.col("answer_loglik"), "what ran": pl.col("ran_sha256").str.head(8)}


def _interval(trials: Trials) -> dict[str, pl.Expr]:
    """Show the half-width of each figure where figures have one."""
    u_j = trials.joules.train_u_j
    return {} if u_j is None or trials.rows[u_j].is_null().all() else {"± from readings, J": pl.col(u_j)}


def _gain(trials: Trials) -> dict[str, pl.Expr]:
    """Show what a kilojoule bought with its bounds, where the joules have an interval."""
    if not _interval(trials):
        return {}
    named = {"loss drop, nats/kJ": "", "drop low, nats/kJ": "_low", "drop high, nats/kJ": "_high"}
    return {title: pl.col(f"loss_drop_per_kj{bound}") for title, bound in named.items()}


def _shared(trials: Trials, value: pl.Expr) -> dict[str, pl.Expr]:
    """Show what was measured on devices that others used, too, where there is any."""
    return {} if trials.rows["energy_shared_j"].is_null().all() else {"on shared devices, J": value}


def _sound(trials: Trials) -> dict[str, pl.Expr]:
    """Show which trials met what is expected of readings, where that can be told."""
    met = pl.col("expectations_met")
    return {} if trials.rows["expectations_met"].is_null().all() else {"readings as expected": met}


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
        **_shared(trials, pl.col("energy_shared_j").mean()),
        joules.title("energy per token", "J/token"): pl.col("energy_j_per_token").mean(),
        "tokens/s": pl.col("tokens_per_s").mean(),
        "MFU, %": 100 * pl.col("mfu").mean(),
    }
    note = (
        "Means over repetitions. Training energy leaves loading and evaluation out. "
        "MFU: FLOP/s achieved, as a share of a matrix product's on the same device."
    )
    shared = _SHARED if _shared(trials, pl.lit(0)) else ""
    return Table(
        name="conditions",
        title="What each level cost",
        frame=_named(trials, trials.by_level(**columns)),
        note=" ".join(part for part in (note, shared, joules.note) if part),
    )


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
