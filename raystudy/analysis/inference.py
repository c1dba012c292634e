"""Tables of tests, one row a measure or an effect: do levels differ, which ones, along which line?

Comparisons by name ──effects, pairs, trends──▶ Tables
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.stats.anova import Effect
from raystudy.stats.decision import Decision
from raystudy.stats.effect_size import EffectSize, Sizes
from raystudy.stats.pairwise import Pair
from raystudy.stats.trend import Polynomial, Trend

Row = dict[str, Any]
Tested = tuple[Effect, Decision]

REASON = "no test, because"
_EFFECTS = (
    "Analysis of variance with repeated measures: do the levels differ by more than the {subjects} disagree? Read the "
    "p of the test that decides; which one that is follows from the design, not from the values. CM, GG: corrections "
    "of Chi and Muller, and of Greenhouse and Geisser, which do not assume sphericity; Mauchly's p tests it."
)
_SIZES = (
    "Shares of the variance, with 95 % intervals. Partial eta² leaves differences between {subjects} out, and is large "
    "wherever they agree; generalised eta² and omega², which chance does not raise, keep them."
)
_PAIRS = (
    "Paired t tests within {subjects}, later level less earlier one, each with the 95 % interval of its own. Holm and "
    "max-T hold for all pairs together; max-T flips the signs of whole {subjects}, asks no normal distribution, and "
    "has no p below 1 / 2^(n - 1). d_z: the difference in standard deviations of the differences; g_av: in those of "
    "the levels (Hedges)."
)
_TRENDS = (
    "A line and a bend over the levels as they are spaced, and over their logarithms, each tested against its own "
    "spread among the {subjects}. Contrasts have weights of length 1; slopes are per unit or e-fold of the level."
)
TRENDS: Mapping[str, str] = {
    "linear": "line",
    "quadratic": "bend",
    "log_linear": "line over logarithms",
    "log_quadratic": "bend over logarithms",
}
"""What people call the trends."""
SIZES: Mapping[str, str] = {"partial eta²": "pes", "generalised eta²": "ges", "omega²": "omega2"}
"""What people call the effect sizes."""


def effects_table(tested: Mapping[str, Tested], *, first: str, subjects: str, note: str = "") -> Table:
    """Return F with its corrections and sizes; `first` names the first column, `subjects` what is measured again."""
    kinds = {first: pl.String, subjects: pl.Int64, "decided by": pl.String, "df": pl.Int64, "df error": pl.Int64}
    rows = [{first: name, subjects: effect.n, **_effect(effect, decided)} for name, (effect, decided) in tested.items()]
    parts = (_EFFECTS.format(subjects=subjects), _no_mauchly(tested.values()), note)
    note = " ".join(part for part in parts if part)
    return Table(name="anova", title="Do the levels differ?", frame=frame_of(rows, kinds, subjects), note=note)


def sizes_table(tested: Mapping[str, Tested], *, first: str, subjects: str, note: str = "") -> Table:
    """Return how large the effects are."""
    rows = [{first: name} | _sized(effect.sizes) for name, (effect, _) in tested.items()]
    note = f"{_SIZES.format(subjects=subjects)} {note}".strip()
    frame = frame_of(rows, {first: pl.String}, subjects)
    return Table(name="sizes", title="How large are the effects?", frame=frame, note=note)


def pairs_table(pairs: Mapping[str, Sequence[Pair]], *, first: str, subjects: str, note: str = "") -> Table:
    """Return the differences between levels, later less earlier."""
    kinds = {first: pl.String, "pair": pl.String, subjects: pl.Int64, "df": pl.Int64}
    rows = [{first: name, **pair_row(pair, subjects)} for name, several in pairs.items() for pair in several]
    note = f"{_PAIRS.format(subjects=subjects)} {note}".strip()
    return Table(name="pairwise", title="Which levels differ?", frame=frame_of(rows, kinds, subjects), note=note)


def trends_table(trends: Mapping[str, Trend], *, first: str, subjects: str, note: str = "") -> Table:
    """Return the trends of each measure."""
    kinds = {first: pl.String, "trend": pl.String, "df": pl.Int64}
    rows = [
        {first: name, "trend": called, **_trend(getattr(trend, kind))}
        for name, trend in trends.items()
        for kind, called in TRENDS.items()
    ]
    note = f"{_TRENDS.format(subjects=subjects)} {note}".strip()
    frame = frame_of(rows, kinds, subjects)
    return Table(name="trend", title="Along which line do they differ?", frame=frame, note=note)


def frame_of(rows: Sequence[Row], known: Mapping[str, Any], subjects: str) -> pl.DataFrame:
    """Make a frame with the columns of the rows: numbers, where `known` does not say otherwise; reasons only if any."""
    columns = dict.fromkeys(column for row in rows for column in row)
    schema = {column: pl.String if column == REASON else known.get(column, pl.Float64) for column in columns}
    frame = pl.DataFrame(rows, schema=schema)
    if REASON not in columns:
        return frame
    if frame[REASON].is_null().all():
        return frame.drop(REASON)
    return frame.with_columns(pl.col(REASON).str.replace_all("subject", subjects.removesuffix("s")))


def frame_as_told(rows: Sequence[Row]) -> pl.DataFrame:
    """Make a frame whose columns hold what their values are; a column without any holds numbers that are not known."""
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col(pl.Null).cast(pl.Float64))


def differences(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Return each pair as later level less earlier one, which is how people ask: what did more of it do?"""
    return tuple(map(_turned, pairs))


def pair_name(pair: Pair) -> str:
    """Name a difference: `100,000 − 50,000`."""
    return f"{pair.a} − {pair.b}"


def pair_row(pair: Pair, subjects: str) -> Row:
    """Return the row of a pair, in any table of pairs."""
    return {
        "pair": pair_name(pair),
        subjects: pair.n,
        "difference": pair.mean_diff,
        "95 % low": pair.ci_low,
        "95 % high": pair.ci_high,
        "t": pair.t,
        "df": pair.df,
        "p": pair.p,
        "p (Holm)": pair.p_holm,
        "p (max-T)": pair.p_max_t,
        "p (Bonferroni)": pair.p_bonferroni,
        "d_z": pair.d_z,
        "g_av": pair.g_av,
        REASON: pair.reason,
    }


def _turned(pair: Pair) -> Pair:
    mean_diff, ci_low, ci_high, t, d_z, g_av = (
        None if value is None else 0.0 - value  # not -0.0
        for value in (pair.mean_diff, pair.ci_high, pair.ci_low, pair.t, pair.d_z, pair.g_av)
    )
    return replace(
        pair, a=pair.b, b=pair.a, mean_diff=mean_diff, ci_low=ci_low, ci_high=ci_high, t=t, d_z=d_z, g_av=g_av
    )


def _effect(effect: Effect, decided: Decision) -> Row:
    test = effect.test
    if test is None:
        return {REASON: effect.reason}
    cm, gg = test.chi_muller, test.greenhouse_geisser
    return {
        "decided by": decided.test,
        "p": decided.p,
        "log10 p": decided.log10_p,
        "F": test.f,
        "df": effect.df_effect,
        "df error": effect.df_error,
        "CM epsilon": cm.epsilon,
        "p (CM)": cm.p,
        "GG epsilon": gg.epsilon,
        "p (GG)": gg.p,
        "p (lower bound)": test.lower_bound.p,
        "Mauchly p": test.mauchly.p,
    }


def _sized(sizes: Sizes | None) -> Row:
    row: Row = {}
    for called, short in SIZES.items():
        size = EffectSize() if sizes is None else getattr(sizes, short)
        row |= {called: size.value, f"{called} low": size.low, f"{called} high": size.high}
    return row


def _trend(found: Polynomial) -> Row:
    return {
        "contrast": found.estimate,
        "slope": found.slope,
        "95 % low": found.ci_low,
        "95 % high": found.ci_high,
        "t": found.t,
        "df": found.df,
        "p": found.p,
        REASON: found.reason,
    }


def _no_mauchly(tested: Iterable[Tested]) -> str:
    """Say why a test of the levels has no test of sphericity."""
    reasons = dict.fromkeys(effect.test.mauchly.reason for effect, _ in tested if effect.test)
    said = "; ".join(reason for reason in reasons if reason)
    return f"Where Mauchly's p is missing: {said}." if said else ""
