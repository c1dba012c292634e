"""The answer in two sentences: what it cost, and what it bought or that the data cannot tell."""

import polars as pl

from raystudy.analysis.apa import statistic
from raystudy.analysis.trials import Trials
from raystudy.analysis.words import because, counted, equals, in_unit, listing, number
from raystudy.stats.decision import decided
from raystudy.stats.probability import ALPHA


def answer(trials: Trials) -> tuple[str, str]:
    """Return both sentences."""
    return _cost(trials), _bought(trials)


def _cost(trials: Trials) -> str:
    energy = trials.by_level(
        mean=pl.col(trials.joules.train_j).mean(),
        sd=pl.col(trials.joules.train_j).std(),
        train_s=pl.col("train_s").mean(),
    )
    seconds = listing([number(train_s) for train_s in energy["train_s"]])
    if energy["mean"].has_nulls():
        return f"{_what(trials)} took {seconds} s; what it cost in joules is not known at every level."
    divisor, unit = in_unit(energy["mean"].to_list())
    figures = _spreads(energy.with_columns(pl.col("mean", "sd") / divisor))
    spread = "" if energy["sd"].is_null().all() else " (mean ± standard deviation)"
    estimated = "an estimated " if trials.joules.estimated else ""
    return (
        f"{_what(trials)} cost {estimated}{figures} {unit}{spread}, "
        f"or {_per_token(trials)} J per token, in {seconds} s."
    )


def _what(trials: Trials) -> str:
    levels = listing(trials.levels)
    seen = trials.by_level(tokens=pl.col("tokens_seen").mean())["tokens"].to_list()
    processed = listing([f"{tokens:,.0f}" for tokens in seen])
    if trials.factor != "tokens":
        same = max(seen) <= 1.01 * min(seen)
        return f"Training with {trials.factor} {levels}, on {f'{seen[0]:,.0f}' if same else processed} tokens,"
    nominal = trials.by_level(tokens=pl.col("x").first())["tokens"].to_list()
    close = all(abs(real - label) <= 0.05 * label for real, label in zip(seen, nominal, strict=True))
    return f"Training on {levels} tokens" if close else f"Training on {processed} tokens, nominally {levels},"


def _per_token(trials: Trials) -> str:
    """Return one number where all levels agree within a hundredth, else each."""
    values = trials.by_level(mean=pl.col("energy_j_per_token").mean())["mean"].to_list()
    return number(values[0]) if max(values) <= 1.01 * min(values) else listing([number(value) for value in values])


def _bought(trials: Trials) -> str:
    loss = trials.by_level(
        before=pl.col("loss_initial").mean(), mean=pl.col("loss_heldout").mean(), sd=pl.col("loss_heldout").std()
    )
    before, after = loss["before"].to_list(), _spreads(loss)
    start = number(before[0]) if max(before) <= 1.01 * min(before) else listing([number(value) for value in before])
    moved = "fell" if (loss["mean"] < loss["before"]).all() else "went"
    return f"From {start} nats per token before training, the held-out loss {moved} to {after}; {_verdict(trials)}."


def _verdict(trials: Trials) -> str:
    """Say in plain words what the test of the held-out loss says."""
    effect, decision = decided(trials.design("loss_heldout"))
    if decision.p is None:
        return f"the data cannot tell whether the levels differ ({because(effect.reason)})"
    evidence = f"{decision.test}: {statistic(decision)}, {equals(decision.p)}, {counted(effect.n, 'block')}"
    if decision.p < ALPHA:
        return f"differences this large between the levels are hardly chance ({evidence})"
    if decision.omnibus_p is not None and decision.omnibus_p < ALPHA:
        return f"the levels differ, but not along a line ({evidence}; {decision.omnibus}, {equals(decision.omnibus_p)})"
    return f"the data cannot tell the levels apart ({evidence})"


def _spreads(statistics: pl.DataFrame) -> str:
    """List means with their spreads."""
    return listing([_spread(mean, sd) for mean, sd in statistics.select("mean", "sd").iter_rows()])


def _spread(mean: float, sd: float | None) -> str:
    """Write a mean to about the digit that its spread reaches: 2.413 ± 0.021; alone where it has none."""
    value = number(mean, digits=4 if sd is not None and sd < 0.01 * abs(mean) else 3)
    return value if sd is None else f"{value} ± {number(sd, digits=2)}"
