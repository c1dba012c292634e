"""The law of repeated text fitted to the trajectories: what repetition takes back, told only where the data tell it.

intervals above zero tokens: tokens seen D, unique ones U, parameters N ──fit_law, seeds drawn as one──▶ Table
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import Row
from raystudy.analysis.trajectories import REPEATED, SEED, Trajectories
from raystudy.errors import AnalysisError
from raystudy.stats.powerlaw.checks import decisive
from raystudy.stats.powerlaw.law import Law, fit_law

FORMS = ("repetition-penalty", "repeated-tokens")
"""The first one can rise again, the second one cannot."""
_OF_TEXT = frozenset({None, "tokens", "epochs", "unique_tokens", "corpus_documents", "model", "eval_every_tokens"})
"""Factors that a law of tokens and parameters sees; what another one does would pass for noise."""
_NOTE = (
    "D: tokens seen; U: unique ones among them; 95 % intervals by a bootstrap that draws whole seeds. Where all models "
    "have as many parameters N, their terms are part of E and P."
)


def tables(found: Trajectories) -> tuple[Table, ...]:
    """Return the constants of the laws that the data tell, and why others are not told; none without repetition."""
    whole = [arm.rows for arm in found.arms]
    rows = pl.concat(whole).filter(pl.col("tokens_seen") > 0) if whole else pl.DataFrame({"epochs_seen": [0.0]})
    if found.factor not in _OF_TEXT or not (rows["epochs_seen"] > REPEATED).any():
        return ()
    fitted = {form: _fitted(rows, form) for form in FORMS}
    constants = [row for form, law in fitted.items() for row in _constants(form, law)]
    frame = found.frame(constants, {"law": pl.String, "constant": pl.String})
    note = " ".join((_NOTE, *(_said(form, law) for form, law in fitted.items())))
    return (Table(name="law", title="A law of repeated text", frame=frame, note=note),)


def _fitted(rows: pl.DataFrame, form: str) -> Law | str:
    """Return the law, or why it cannot be fitted at all."""
    columns = {"D": "tokens_seen", "U": "tokens_unique"}
    if rows["parameters"].n_unique() > 1:
        columns |= {"N": "parameters"}
    inputs = {name: rows[column].cast(pl.Float64).to_numpy() for name, column in columns.items()}
    try:
        return fit_law(inputs, rows["loss_heldout"].to_numpy(), form=form, group=np.array(rows[SEED].to_list()))
    except AnalysisError as error:
        return str(error)


def _constants(form: str, law: Law | str) -> Iterator[Row]:
    if isinstance(law, str) or not law.identified:
        yield {"law": form, "constant": "none is told"}
        return
    for name, constant in law.constants.items():
        if constant.ci_low is not None and constant.ci_low == constant.ci_high:
            continue  # at the bound of what is searched, as the note says
        yield {
            "law": form,
            "constant": name,
            "value": constant.value,
            "95 % from": constant.ci_low,
            "to": constant.ci_high,
        }


def _said(form: str, law: Law | str) -> str:
    if isinstance(law, str):
        return f"{form}: {law}"
    notes = law.notes if law.identified else decisive(law.notes)
    told = f"{law.formula}." if law.identified else "no constant is told."
    return " ".join((f"{form}: {told}", *map(str, notes)))
