"""Tables of tests: whether levels differ by more than repetitions do, one row a measure; then pair by pair."""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.trials import Trials
from raystudy.analysis.words import because, listing
from raystudy.stats.anova import Anova, repeated_measures
from raystudy.stats.design import Design
from raystudy.stats.pairwise import Pair, pairwise

_REASON = "no test, because"
_ANOVA: dict[str, pl.DataType] = {
    "measure": pl.String(),
    "blocks": pl.Int64(),
    "F": pl.Float64(),
    "df": pl.Int64(),
    "df error": pl.Int64(),
    "p": pl.Float64(),
    "GG epsilon": pl.Float64(),
    "p (GG)": pl.Float64(),
    "log10 p (GG)": pl.Float64(),
    "Mauchly p": pl.Float64(),
    "partial eta²": pl.Float64(),
    "generalised eta²": pl.Float64(),
    _REASON: pl.String(),
}
_PAIRS: dict[str, pl.DataType] = {
    "measure": pl.String(),
    "pair": pl.String(),
    "blocks": pl.Int64(),
    "difference": pl.Float64(),
    "95 % low": pl.Float64(),
    "95 % high": pl.Float64(),
    "t": pl.Float64(),
    "df": pl.Int64(),
    "p": pl.Float64(),
    "p (Bonferroni)": pl.Float64(),
    "d_z": pl.Float64(),
    _REASON: pl.String(),
}


def tables(trials: Trials) -> tuple[Table, ...]:
    """Return the tests of all levels at once, and of each pair."""
    return _anova_table(trials), _pairwise_table(trials)


def differences(data: Design) -> Iterator[Pair]:
    """Yield each pair as later level less earlier one, which is how people ask: what did more of it do?"""
    yield from reversed(pairwise(replace(data, values=data.values[:, ::-1], levels=data.levels[::-1])))


def pair_name(pair: Pair) -> str:
    """Name a difference: `100,000 − 50,000`."""
    return f"{pair.a} − {pair.b}"


def _measures(trials: Trials) -> dict[str, str]:
    """Return what is tested, by column."""
    joules = trials.joules
    return {
        "loss_heldout": "held-out loss, nats/token",
        joules.train_j: joules.title("training energy", "J"),
        "energy_j_per_token": joules.title("energy per token", "J/token"),
        "loss_drop_per_kj": joules.title("loss drop", "nats/kJ"),
        "parameter_efficiency_published": joules.mark("PE as published"),
        "parameter_efficiency_recounted": joules.mark("PE recounted"),
    }


def _anova_table(trials: Trials) -> Table:
    designs = {title: trials.design(column) for column, title in _measures(trials).items()}
    results = {title: repeated_measures(data.values) for title, data in designs.items()}
    rows = [_anova_row(title, result) for title, result in results.items()]
    note = (
        "One-way analysis of variance with repeated measures: do the levels differ by more than the blocks disagree? "
        "Its subjects are the blocks, one repetition each. "
        "Read the Greenhouse-Geisser (GG) p, which does not assume sphericity; Mauchly's p tests it. Partial eta² "
        "leaves differences between blocks out, generalised eta² keeps them."
    )
    return Table(
        name="anova",
        title="Do the levels differ?",
        frame=_without_empty_reasons(pl.DataFrame(rows, schema=_ANOVA, orient="row")),
        note=" ".join(
            part for part in (note, _no_mauchly(results), _dropped_note(designs), trials.joules.note) if part
        ),
    )


def _anova_row(title: str, result: Anova) -> tuple[object, ...]:
    test = result.test
    if test is None:
        return title, result.n, *[None] * (len(_ANOVA) - 3), because(result.reason)
    gg = test.greenhouse_geisser
    return (
        title,
        result.n,
        test.f,
        result.df_effect,
        result.df_error,
        test.p,
        gg.epsilon,
        gg.p,
        gg.log10_p,
        test.mauchly.p,
        test.pes,
        test.ges,
        None,
    )


def _no_mauchly(results: dict[str, Anova]) -> str:
    """Say why a test of the levels has no test of sphericity."""
    reasons = dict.fromkeys(because(result.test.mauchly.reason) for result in results.values() if result.test)
    said = "; ".join(reason for reason in reasons if reason)
    return f"Where Mauchly's p is missing: {said}." if said else ""


def _without_empty_reasons(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave the column of reasons out where every test could be made."""
    return frame.drop(_REASON) if frame[_REASON].is_null().all() else frame


def _dropped_note(designs: dict[str, Design]) -> str:
    """Say which blocks were left out of which test, where a measure exists at all."""
    said = [
        f"{title}: {listing([str(dropped) for dropped in data.dropped])}"
        for title, data in designs.items()
        if data.dropped and data.subjects
    ]
    return f"Left out, since incomplete: {'; '.join(said)}." if said else ""


def _pairwise_table(trials: Trials) -> Table:
    measures = _measures(trials)
    tested = {measures[column]: trials.design(column) for column in ("loss_heldout", "energy_j_per_token")}
    rows = [_pair_row(title, pair) for title, data in tested.items() for pair in differences(data)]
    note = (
        "Paired t tests within blocks, later level less earlier one. Bonferroni: p times the number of pairs. "
        "d_z: the difference in standard deviations of the differences."
    )
    return Table(
        name="pairwise",
        title="Which levels differ?",
        frame=_without_empty_reasons(pl.DataFrame(rows, schema=_PAIRS, orient="row")),
        note=f"{note} {trials.joules.note}".strip(),
    )


def _pair_row(title: str, pair: Pair) -> tuple[object, ...]:
    bounds = (pair.mean_diff, pair.ci_low, pair.ci_high)
    test = (pair.t, pair.df, pair.p, pair.p_bonferroni, pair.d_z)
    return title, pair_name(pair), pair.n, *bounds, *test, because(pair.reason)
