"""The table of second thoughts on a test: without pairs, without normality, without any one subject, and how it looks.

Comparisons and their checks by name ──▶ Table, one row a measure
"""

from collections.abc import Mapping

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import Row, frame_of
from raystudy.analysis.words import listing
from raystudy.stats.checks import Checks
from raystudy.stats.comparison import Along

_NOTE = (
    "ICC: how alike the values of a {subject} are; near zero, pairing bought nothing, and Welch's p, which does not "
    "pair, is the fairer one. Worth: unpaired trials that one paired trial is worth. Sign-flip p asks no normal "
    "distribution, Friedman's only ranks. p without one: the least and the greatest p that decides if any one "
    "{subject} is left out; turns without: those of whom any one takes p across 5 %. {subjects} to plan: for a power "
    "of 80 % if the effect is as large as its F less the 1 that chance adds. Shapiro-Wilk p and strays (3.5 robust "
    "standard deviations) are of the residuals."
)


def soundness_table(checked: Mapping[str, tuple[Along, Checks]], *, first: str, subjects: str, note: str = "") -> Table:
    """Return one row a measure; `first` names the first column, `subjects` what is measured again."""
    planned = f"{subjects} to plan"
    kinds = {first: pl.String, planned: pl.Int64, "strays": pl.Int64, "turns without": pl.String}
    rows = [{first: name, **_row(along, checks, planned)} for name, (along, checks) in checked.items()]
    note = f"{_NOTE.format(subject=subjects.removesuffix('s'), subjects=subjects.capitalize())} {note}".strip()
    return Table(name="soundness", title="Does it hold?", frame=frame_of(rows, kinds, subjects), note=note)


def _row(along: Along, checks: Checks, planned: str) -> Row:
    pairing, looks = checks.pairing, checks.diagnostics
    return {
        "ICC": pairing.icc,
        "ICC low": pairing.icc_low,
        "ICC high": pairing.icc_high,
        "worth": pairing.efficiency,
        "Welch p": checks.welch.p,
        "sign-flip p": checks.sign_flip.p,
        "Friedman p": along.friedman.p,
        "p without one, low": checks.influence.p_low,
        "p without one, high": checks.influence.p_high,
        **({"turns without": listing(checks.influence.decisive)} if checks.influence.decisive else {}),
        planned: checks.required[0].corrected if checks.required else None,
        "Shapiro-Wilk p": looks.shapiro_p,
        "strays": None if looks.reason else len(looks.outliers),
    }
