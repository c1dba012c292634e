"""What pingouin and statsmodels' AnovaRM say of a long table, in the words that the statistics benchmarks compare.

    .venv/bin/pip install --target .venv-peers pingouin==0.7.0

long table ──each call of a tool──▶ answers {(quantity, place): number}; a place is an effect or a pair of levels

Tools come last on the path, so numpy, pandas and the others stay our own. pingouin is GPL-3.0: it is never a part of
raystudy, nor imported by it.
"""

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

Answers = dict[tuple[str, str], float | str]
Call = Callable[[Any, Sequence[str]], Answers]
"""From a pandas table with subject, factors and value, and the names of the factors within subjects."""

FOLDER = Path(__file__).parents[1] / ".venv-peers"
CORRECTED = ("eps GG", "p GG", "Mauchly W", "Mauchly p, as R")


def anova_rm(table: Any, within: Sequence[str]) -> Answers:
    """Ask statsmodels, which refuses replicates unless they are averaged."""
    from statsmodels.stats.anova import AnovaRM

    repeated = bool(table.duplicated(["subject", *within]).any())
    found = AnovaRM(table, "value", "subject", list(within), aggregate_func="mean" if repeated else None).fit()
    rows = found.anova_table.iterrows()
    return {(key, name): row[said] for name, row in rows for key, said in (("F", "F Value"), ("p", "Pr > F"))}


def rm_anova(table: Any, within: Sequence[str]) -> Answers:
    """Ask pingouin for F and all that hangs on it, once for either effect size."""
    import pingouin

    answers: Answers = {}
    factors = within[0] if len(within) == 1 else list(within)
    columns = {"SS": "SS", "F": "F", "p": "p_unc", "eps GG": "eps", "p GG": "p_GG_corr"}
    columns |= {"Mauchly W": "W_spher", "Mauchly p, as R": "p_spher"}
    for size, column in (("ges", "ng2"), ("pes", "np2")):
        asked = {"dv": "value", "within": factors, "subject": "subject", "effsize": column}
        found = pingouin.rm_anova(table, **asked, detailed=True, correction=True)
        for _, row in found[found["Source"] != "Error"].iterrows():
            place = row["Source"].replace(" * ", ":")
            told = {key: row[name] for key, name in (columns | {size: column}).items() if name in found}
            answers |= {(key, place): value for key, value in told.items()}
        if len(within) == 1:
            answers["error SS", within[0]] = found["SS"].iloc[-1]
    return answers


def spherical(table: Any, within: Sequence[str]) -> Answers:
    """Ask pingouin for what else it knows of sphericity, and whether it says that W does not exist."""
    import pingouin

    asked = {"dv": "value", "within": within[0], "subject": "subject"}
    w = pingouin.sphericity(table, **asked)[1]
    answers: Answers = {("reasons", "W"): "none" if w != w else f"W = {w:.2g}"}  # noqa: PLR0124 - not a number
    for key, correction in (("eps HF", "hf"), ("eps lower bound", "lb")):
        answers[key, within[0]] = pingouin.epsilon(table, **asked, correction=correction)
    return answers


def pairs(table: Any, within: Sequence[str]) -> Answers:
    """Ask pingouin for all pairs, by Holm and by Bonferroni."""
    import pingouin

    answers: Answers = {}
    for key, method in (("Holm p", "holm"), ("Bonferroni p", "bonf")):
        asked = {"dv": "value", "within": within[0], "subject": "subject", "padjust": method}
        found = pingouin.pairwise_tests(table, **asked, effsize="hedges")
        for _, row in found.iterrows():
            place = f"{row['A']} - {row['B']}"
            answers[key, place] = row.get("p_corr", row["p_unc"])
            answers |= {("pair t", place): row["T"], ("pair p", place): row["p_unc"]}
            answers["g_av, J rounded", place] = row["hedges"]
    return answers


def friedman(table: Any, within: Sequence[str]) -> Answers:
    """Ask pingouin for Friedman's test."""
    import pingouin

    (row,) = pingouin.friedman(table, dv="value", within=within[0], subject="subject").itertuples()
    return {("Friedman chi2", within[0]): row.Q, ("Kendall W", within[0]): row.W}


CALLS: Mapping[str, Sequence[tuple[Call, Sequence[str], int]]] = {
    "pingouin": (
        (rm_anova, ("SS", "error SS", "F", "p", "ges", "pes", *CORRECTED), 2),
        (spherical, ("eps HF", "eps lower bound", "reasons"), 1),
        (pairs, ("pair t", "pair p", "Holm p", "Bonferroni p", "g_av, J rounded"), 1),
        (friedman, ("Friedman chi2", "Kendall W"), 1),
    ),
    "statsmodels": ((anova_rm, ("F", "p"), 99),),
}
"""Of each tool: calls, what they answer, and how many factors within subjects they take."""


def present(folder: Path = FOLDER) -> dict[str, str]:
    """Put the folder last on the path, and return the tools that can be imported with their versions."""
    sys.path.append(str(folder))
    found = {}
    for tool in CALLS:
        try:
            importlib.import_module(tool)
        except ImportError:
            continue
        found[tool] = version(tool)
    return found


def ask(tool: str, table: Any, within: Sequence[str]) -> Answers:
    """Return what a tool says; "fails" stands for all that a call should have said before it raised."""
    answers: Answers = {}
    for call, quantities, most in CALLS[tool]:
        if len(within) > most:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answers |= call(table, within)
            except Exception as error:  # noqa: BLE001 - whatever it is, the tool gave no answer
                answers |= {(quantity, ""): f"fails: {error}" for quantity in quantities}
    return answers
