"""Findings of a fitted law: the constants in a sentence, the doubts, then the numbers and the rivals.

Law ──▶ Findings
"""

from collections.abc import Iterator
from dataclasses import asdict

import polars as pl

from raystudy.analysis.findings import Findings, Table
from raystudy.analysis.words import counted, listing, number, p_value
from raystudy.stats.powerlaw.checks import decisive
from raystudy.stats.powerlaw.law import Law


def findings(law: Law, *, table: str, y: str, dropped: int) -> Findings:
    """Return what a report says of a law: the answer, the doubts, then the numbers."""
    lost = (f"{counted(dropped, 'row')} left out, without a number in some column.",) if dropped else ()
    return Findings(
        study=f"{law.form}, {y} of {table}",
        question=law.formula,
        answer=(_answer(law),),
        caveats=(*lost, *map(str, law.notes)),
        tables=tuple(_tables(law)),
        figures=(),
        facts=(),
    )


def _answer(law: Law) -> str:
    """Return the law in one sentence."""
    if not law.identified:
        why = " ".join(map(str, decisive(law.notes)))
        return f"{law.n} rows do not tell the constants of this law, so none are given. {why}"
    told = [f"{name} {number(c.value, digits=4)}" for name, c in law.constants.items() if c.value is not None]
    error = law.holdout.relative_error
    ahead = "" if error is None else f"; fitted without the largest quarter it is off by {error:.1%} there"
    return f"{law.n} rows give {listing(told, longest=9)}{ahead}."


def _tables(law: Law) -> Iterator[Table]:
    """Yield the constants where there are any, the rivals, and how the fit went."""
    if law.identified:
        constants = [
            {"constant": name, "value": c.value, "95 % from": c.ci_low, "to": c.ci_high, "standard error": c.se}
            for name, c in law.constants.items()
        ]
        note = f"Intervals by {law.interval}; standard errors to first order."
        yield Table(name="constants", title="Constants", frame=pl.DataFrame(constants), note=note)
    rivals = pl.DataFrame([asdict(rival) for rival in law.compare], infer_schema_length=None)
    shown = rivals.select(
        "form",
        "k",
        "weight",
        pl.col("delta_aicc").alias("AICc above least"),
        pl.col("holdout_rmse").alias("held-out RMSE"),
    )
    held = f"Held out: {law.holdout.n_test} of {law.n} rows, the largest by {law.holdout.by}. All by least squares."
    yield Table(name="rivals", title="Rivals", frame=shown, note=held)
    facts = dict(_facts(law))
    yield Table(name="fit", title="The fit", frame=pl.DataFrame({"what": [*facts], "found": [*facts.values()]}))


def _facts(law: Law) -> Iterator[tuple[str, str]]:
    """Yield name and value of what else a fit has to say."""
    yield "rows, configurations", f"{law.n}, {law.configurations}"
    yield "loss", law.loss.value + ("" if law.delta is None else f", delta {number(law.delta)}")
    yield "objective, sum of squares", f"{number(law.objective, digits=6)}, {number(law.rss, digits=6)}"
    yield "condition number", "infinite" if law.condition_number is None else number(law.condition_number)
    if law.correlations:
        pair, r = max(law.correlations.items(), key=lambda each: abs(each[1]))
        yield "most correlated", f"{pair.replace(',', ' and ')}, r {r:.3f}"
    for name, (low, high) in law.domain.items():
        yield f"domain of {name}", f"{number(low)} to {number(high)}"
    if law.whole_test is not None:
        told = f"F {number(law.whole_test.f)}, p {p_value(law.whole_test.p)}"
        yield "against a constant", f"{told}, by permutation {law.whole_test.p_permutation:.3f}"
    if law.volume_test is not None:
        yield "only volume counts", f"F {number(law.volume_test.f)}, p {p_value(law.volume_test.p)}"
