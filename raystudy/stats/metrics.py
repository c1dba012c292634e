"""What a study is judged by: each metric is one polars expression over a table of trials, with its unit in its name.

A metric that needs joules is told which column holds them, so that measured and estimated ones never meet. What cannot
be had is null, a ratio over nothing too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Which columns hold the energy, and the constants of P1's formula."""

    energy_j: str = "energy_j"
    energy_u_j: str | None = "energy_u_j"
    """Half-width of the interval of energy_j; null where it has none, as an estimate."""
    power_rms_w: str = "power_rms_w"
    pe_k: float = 1.0
    pe_cs_tflops: float | None = None
    """P1's computing speed, 68.16 there; where it is null, the ceiling measured once in each process that trains."""


Metric = Callable[[Inputs], pl.Expr]


def energy_j_per_token(inputs: Inputs) -> pl.Expr:
    """Joules spent for each token trained on."""
    return _ratio(pl.col(inputs.energy_j), pl.col("tokens_seen"))


def energy_u_j_per_token(inputs: Inputs) -> pl.Expr:
    """Half-width of its interval, from the readings alone: a gain, one factor a board, cancels in comparisons."""
    return _ratio(_u_j(inputs), pl.col("tokens_seen"))


def tokens_per_s(_: Inputs) -> pl.Expr:
    """Tokens trained on in a second, padding not counted."""
    return _ratio(pl.col("tokens_seen"), pl.col("train_s"))


def flops_per_s(_: Inputs) -> pl.Expr:
    """Floating-point operations of the training in a second."""
    return _ratio(pl.col("flops"), pl.col("train_s"))


def loss_drop_per_kj(inputs: Inputs) -> pl.Expr:
    """Nats per token of held-out loss that a kilojoule bought, counted from zero tokens."""
    return _ratio(pl.col("loss_initial") - pl.col("loss_heldout"), pl.col(inputs.energy_j) / 1e3)


def loss_drop_per_kj_low(inputs: Inputs) -> pl.Expr:
    """
    Lower bound of loss_drop_per_kj: the least drop for the most joules.

    Drop and joules are both taken at the ends of their intervals (bootstrap over held-out documents, 95 %; readings,
    99 %), as if both were off at once in the worst way. The bounds hold the truth wherever both intervals do: in 94 %
    of trials at least, since one misses it in 5 % and the other in 1 % (Bonferroni's inequality). The gain of the
    instrument is not included, and the loss before training is taken as it is.
    """
    least, energy_j, u_j = pl.col("loss_initial") - pl.col("loss_heldout_high"), pl.col(inputs.energy_j), _u_j(inputs)
    return _per_kj(least, pl.when(least >= 0).then(energy_j + u_j).otherwise(energy_j - u_j))


def loss_drop_per_kj_high(inputs: Inputs) -> pl.Expr:
    """Upper bound of loss_drop_per_kj: the greatest drop for the least joules; null where these may be none at all."""
    most, energy_j, u_j = pl.col("loss_initial") - pl.col("loss_heldout_low"), pl.col(inputs.energy_j), _u_j(inputs)
    return _per_kj(most, pl.when(most >= 0).then(energy_j - u_j).otherwise(energy_j + u_j))


def power_mean_w(inputs: Inputs) -> pl.Expr:
    """Mean power while training: joules over seconds."""
    return _ratio(pl.col(inputs.energy_j), pl.col("train_s"))


def parameter_efficiency_published(inputs: Inputs) -> pl.Expr:
    """
    P1's parameter efficiency with P1's labels, TFLOPS / (W x parameter x nominal Mtoken), divided by perplexity.

    K (invPPL (CS_TFLOPS / RMS_W)) / (params TT_norm), arXiv 2601.06649.
    """
    power, tokens = pl.col(inputs.power_rms_w), pl.col("nominal_tokens")
    return _parameter_efficiency(published_quality(), cs_tflops(inputs), power, tokens, k=inputs.pe_k)


def parameter_efficiency_recounted(inputs: Inputs) -> pl.Expr:
    """The same formula on what the trial did: achieved speed, mean power, tokens processed, held-out perplexity."""
    speed_tflops = flops_per_s(inputs) / 1e12
    quality = _ratio(pl.lit(1.0), pl.col("perplexity"))
    return _parameter_efficiency(quality, speed_tflops, power_mean_w(inputs), pl.col("tokens_seen"), k=inputs.pe_k)


def published_quality() -> pl.Expr:
    """P1's invPPL: one over the perplexity of its one sentence, else of the held-out text, to its four decimals."""
    return _ratio(pl.lit(1.0), pl.coalesce("perplexity_sentence", "perplexity")).round(4)


def cs_tflops(inputs: Inputs) -> pl.Expr:
    """P1's computing speed in TFLOPS: the constant given, else the measured ceiling."""
    return pl.col("flops_ceiling_per_s") / 1e12 if inputs.pe_cs_tflops is None else pl.lit(inputs.pe_cs_tflops)


def _parameter_efficiency(quality: pl.Expr, speed: pl.Expr, power: pl.Expr, tokens: pl.Expr, *, k: float) -> pl.Expr:
    """P1's formula; speed in TFLOPS, power in watts."""
    return _ratio(k * (quality * _ratio(speed, power)), pl.col("parameters") * (tokens / 1e6))


def _u_j(inputs: Inputs) -> pl.Expr:
    return pl.lit(None, dtype=pl.Float64) if inputs.energy_u_j is None else pl.col(inputs.energy_u_j)


def _per_kj(drop: pl.Expr, energy_j: pl.Expr) -> pl.Expr:
    return pl.when(energy_j > 0).then(drop / (energy_j / 1e3))


def _ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Divide; null where there is nothing to divide by."""
    return pl.when(denominator != 0).then(numerator / denominator)


METRICS: Mapping[str, Metric] = {
    metric.__name__: metric
    for metric in (
        energy_j_per_token,
        energy_u_j_per_token,
        tokens_per_s,
        flops_per_s,
        loss_drop_per_kj,
        loss_drop_per_kj_low,
        loss_drop_per_kj_high,
        power_mean_w,
        parameter_efficiency_published,
        parameter_efficiency_recounted,
    )
}
