"""P1's parameter efficiency: as published, recounted on what the trials did, and what it is mostly made of.

arXiv 2601.06649 divides by nominal tokens and by watts, multiplies by a constant speed and by 1 / perplexity. Its
change between conditions is then mostly that of its own divisor: 90.4 % in the paper's own data, to 5.3 % of quality
and 4.3 % of power.
"""

import polars as pl

from raystudy.analysis import ratios
from raystudy.analysis.findings import Table
from raystudy.analysis.trials import Trials
from raystudy.stats.audit import NullF, Part

_FORMULA = (
    "PE = K (1 / perplexity) (CS_TFLOPS / RMS power) / (parameters x Mtokens), in TFLOPS/(W x parameter x Mtoken), "
    "arXiv 2601.06649."
)
_RECOUNTED = (
    "Recounted: speed achieved, mean power, tokens processed, held-out perplexity; parameters and tokens then cancel "
    "against the work done, and what is left is about 6e-6 / (perplexity x joules)."
)


def tables(trials: Trials) -> tuple[Table, ...]:
    """Return both efficiencies by level, the parts of the published one's change, and what shuffled ratios show."""
    return _by_level(trials), _parts_table(trials), ratios.table(trials)


def parts(trials: Trials) -> tuple[Part, ...]:
    """Split the change of the published metric from the first to the last level; empty where something is missing."""
    return ratios.parts(trials, ratios.published(trials))


def audit(trials: Trials) -> NullF:
    """Return the F that the published metric shows with all that was measured shuffled."""
    return ratios.audit(trials, ratios.published(trials))


def _by_level(trials: Trials) -> Table:
    joules = trials.joules
    columns = {
        "K": pl.lit(trials.study.analysis.pe_k),
        "CS_TFLOPS": pl.col("cs_tflops").mean(),
        joules.title("RMS power", "W"): pl.col(joules.power_rms_w).mean(),
        "nominal tokens": pl.col("nominal_tokens").mean(),
        joules.mark("PE as published"): pl.col("parameter_efficiency_published").mean(),
        "± sd (published)": pl.col("parameter_efficiency_published").std(),
        "TFLOPS achieved": pl.col("flops_per_s").mean() / 1e12,
        joules.title("mean power", "W"): pl.col("power_mean_w").mean(),
        "tokens processed": pl.col("tokens_seen").mean(),
        joules.mark("PE recounted"): pl.col("parameter_efficiency_recounted").mean(),
        "± sd (recounted)": pl.col("parameter_efficiency_recounted").std(),
    }
    return Table(
        name="parameter-efficiency",
        title="Parameter efficiency (PE), as published and recounted",
        frame=trials.by_level(**columns).select(pl.col("x").alias(trials.factor), pl.exclude("level", "x")),
        note=" ".join(part for part in (_FORMULA, _as_published(trials), _RECOUNTED, joules.note) if part),
    )


def _as_published(trials: Trials) -> str:
    constant = trials.study.analysis.pe_cs_tflops
    ceiling = "the matrix-product ceiling, measured once in each process that trains"
    speed = ceiling if constant is None else f"the constant {constant:g}"
    text = "one sentence" if trials.rows["perplexity_sentence"].is_not_null().any() else "the held-out text"
    return (
        f"As published: CS_TFLOPS is {speed}; the perplexity is that of {text}, its inverse rounded to four decimals; "
        "tokens are the nominal ones."
    )


def _parts_table(trials: Trials) -> Table:
    found, given = parts(trials), ratios.published(trials).given
    frame = pl.DataFrame(
        {
            "part": [part.name for part in found],
            "set by the study": [part.name in given for part in found],
            "ln of its ratio": [part.log_ratio for part in found],
            "share of the change, %": [None if part.share is None else 100 * part.share for part in found],
        },
        schema={
            "part": pl.String,
            "set by the study": pl.Boolean,
            "ln of its ratio": pl.Float64,
            "share of the change, %": pl.Float64,
        },
    )
    missing = "" if found else "It cannot be made: a part of the formula is missing, or was not measured."
    note = (
        f"The logarithm of PE({trials.levels[0]}) / PE({trials.levels[-1]}), split among the factors of the formula. "
        "What the study sets was not measured; a negative share works against the change."
    )
    return Table(
        name="parameter-efficiency-parts",
        title="What the published efficiency is made of",
        frame=frame,
        note=" ".join(part for part in (note, missing, trials.joules.note) if part),
    )
