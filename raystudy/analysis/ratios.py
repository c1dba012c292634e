"""Ratio metrics as products of powers: what each is mostly made of, and what it shows without any measurement.

factors, powers ──parts──▶ shares of its change        ──audit──▶ F with all that was measured shuffled ──▶ Table

Joules are taken as power x time and time as tokens / speed, so that what is shuffled are rates, which no study sets:
energy per token is then power / speed, and a loss drop per kilojoule is divided by the tokens, as P1's efficiency is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import REASON, Row, frame_of
from raystudy.analysis.trials import Trials
from raystudy.stats.audit import NullF, Part, decompose, null_f
from raystudy.stats.metrics import published_quality

_NOTE = (
    "F as seen, and with all that was measured dealt out to the trials at random, 1,000 times, while what the study "
    "sets stays where it is: tokens, parameters, and CS_TFLOPS where it is a constant. Powers, speeds and losses are "
    "measured. F assumes sphericity here. Log10 p is that of the median. A metric is mostly set by the study where "
    "that carries more than half of its change from the first to the last level, or is significant at .001 alone."
)
_BLOCKS = "blocks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """A metric that is a product of powers of its factors."""

    title: str
    factors: Mapping[str, tuple[int, pl.Expr]]
    """By name: the power, and the column."""
    given: frozenset[str]
    """The factors that the study sets; all others were measured."""

    @property
    def powers(self) -> dict[str, float]:
        """The power of each factor."""
        return {name: power for name, (power, _) in self.factors.items()}


def published(trials: Trials) -> Ratio:
    """Return P1's parameter efficiency with P1's labels; its constant, K, is left out."""
    constant = trials.study.analysis.pe_cs_tflops is not None
    return Ratio(
        title=trials.joules.mark("PE as published"),
        factors={
            "nominal tokens": (-1, pl.col("nominal_tokens")),
            "parameters": (-1, pl.col("parameters")),
            "quality (1 / perplexity)": (1, published_quality()),
            "power": (-1, pl.col(trials.joules.power_rms_w)),
            "CS_TFLOPS": (1, pl.col("cs_tflops")),
        },
        given=frozenset({"nominal tokens", "parameters"} | ({"CS_TFLOPS"} if constant else set())),
    )


def recounted(trials: Trials) -> Ratio:
    """Return the same formula on what the trials did."""
    return Ratio(
        title=trials.joules.mark("PE recounted"),
        factors={
            "tokens processed": (-1, pl.col("tokens_seen")),
            "parameters": (-1, pl.col("parameters")),
            "quality (1 / perplexity)": (1, 1 / pl.col("perplexity")),
            "power": (-1, pl.col("power_mean_w")),
            "speed": (1, pl.col("flops_per_s")),
        },
        given=frozenset({"tokens processed", "parameters"}),
    )


def energy_per_token(trials: Trials) -> Ratio:
    """Return joules per token: watts over tokens per second, in which the study sets nothing."""
    return Ratio(
        title=trials.joules.mark("energy per token"),
        factors={"power": (1, pl.col("power_mean_w")), "speed": (-1, pl.col("tokens_per_s"))},
        given=frozenset(),
    )


def loss_drop_per_kj(trials: Trials) -> Ratio:
    """Return what a kilojoule bought."""
    return Ratio(
        title=trials.joules.mark("loss drop per kJ"),
        factors={
            "loss drop": (1, pl.col("loss_initial") - pl.col("loss_heldout")),
            "speed": (1, pl.col("tokens_per_s")),
            "power": (-1, pl.col("power_mean_w")),
            "tokens processed": (-1, pl.col("tokens_seen")),
        },
        given=frozenset({"tokens processed"}),
    )


def parts(trials: Trials, ratio: Ratio) -> tuple[Part, ...]:
    """Split the change of a metric from the first to the last level; empty where something is missing."""
    inputs = _inputs(trials, ratio)
    first, last = (inputs.filter(pl.col("level") == level) for level in (trials.levels[0], trials.levels[-1]))
    return decompose(first, last, powers=ratio.powers)


def audit(trials: Trials, ratio: Ratio) -> NullF:
    """Return the F that a metric shows with all that was measured shuffled."""
    return null_f(
        _inputs(trials, ratio),
        subject="block",
        level="level",
        levels=trials.levels,
        powers=ratio.powers,
        set_by_design=ratio.given,
    )


def table(trials: Trials) -> Table:
    """Return one row a ratio metric."""
    ratios = [of(trials) for of in (published, recounted, energy_per_token, loss_drop_per_kj)]
    rows = [{"metric": ratio.title, **_row(audit(trials, ratio))} for ratio in ratios]
    kinds = {"metric": pl.String, _BLOCKS: pl.Int64, "mostly set": pl.Boolean}
    return Table(
        name="ratios",
        title="What ratios show when all that was measured is shuffled",
        frame=frame_of(rows, kinds, _BLOCKS),
        note=" ".join(part for part in (_NOTE, trials.joules.note) if part),
    )


def _inputs(trials: Trials, ratio: Ratio) -> pl.DataFrame:
    factors = {name: column.cast(pl.Float64) for name, (_, column) in ratio.factors.items()}
    return trials.rows.select("block", "level", **factors)


def _row(found: NullF) -> Row:
    return {
        _BLOCKS: found.n,
        "F": found.f,
        "F shuffled": found.median,
        "95 % low": found.low,
        "95 % high": found.high,
        "log10 p shuffled": found.log10_p,
        "set by the study, %": None if found.set_share is None else 100 * found.set_share + 0.0,  # no -0.0
        "mostly set": found.mostly_by_design,
        REASON: found.reason,
    }
