"""What is true of the 16 data sets of `anova_accuracy.py`: exact answers where there are any, else R's.

ID.exact.json, ID.json ──▶ answers {(quantity, place): number}; a place is an effect or a pair of levels

The pairs of p15 are R's too: its decimals, next to 9e6, move by 1e-9 where they are stored as floating-point numbers,
and that alone moves t by 3e-8. Rational arithmetic on the stored numbers gives R's t, and ours.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statistics_peers import Answers

TOLERANCES: Mapping[str, float] = {
    "SS": 1e-10,
    "error SS": 1e-10,
    "F": 1e-10,
    "p": 1e-7,
    "log10 p": 1e-9,
    **dict.fromkeys(("eps GG", "eps HF", "eps CM", "eps lower bound"), 1e-10),
    **dict.fromkeys(("p GG", "p HF", "p CM", "p lower bound"), 1e-7),
    **dict.fromkeys(("log10 p GG", "log10 p HF", "log10 p CM", "log10 p lower bound"), 1e-9),
    "Mauchly W": 1e-10,
    "Mauchly p, Anderson": 1e-7,
    "Mauchly p, as R": 1e-7,
    **dict.fromkeys(("ges", "pes", "omega2"), 1e-10),
    "pair t": 1e-10,
    **dict.fromkeys(("pair p", "Holm p", "Bonferroni p"), 1e-7),
    "pair log10 p": 1e-9,
    **dict.fromkeys(("d_z", "g_av", "g_av, J rounded"), 1e-10),
    **dict.fromkeys(("linear trend t", "quadratic trend t", "log-linear trend t"), 1e-10),
    **dict.fromkeys(("Friedman chi2", "Kendall W", "Page z"), 1e-12),
    **dict.fromkeys(("permutations", "subjects used", "subjects dropped", "reasons"), 0.0),
}
"""Relative; p15, whose values lie next to 9e6, is allowed 1e-8. Ranks are exact but for the last digits R prints."""
CORRECTIONS = {
    f"{what} {long}": f"{what.replace(' ', '_')}_{short}"
    for what in ("eps", "p", "log10 p")
    for long, short in (("GG", "gg"), ("HF", "hf"), ("CM", "cm"), ("lower bound", "lower_bound"))
}
"""Names in the exact answers and in our JSON."""


@dataclass(frozen=True)
class Case:
    """A data set, and its factors."""

    name: str
    within: tuple[str, ...] = ("level",)
    between: tuple[str, ...] = ()

    def tolerance(self, quantity: str) -> float:
        """Return the relative tolerance."""
        return max(TOLERANCES[quantity], 1e-8) if self.name.startswith("p15") else TOLERANCES[quantity]


CASES = (
    Case("p01_winer_drugs"),
    Case("p02_md15_age"),
    Case("p03_md12_angle_noise", within=("angle", "noise")),
    Case("p04_large_F"),
    Case("p05_traj_6x21"),
    Case("p06_two_levels"),
    Case("p07_missing_cells"),
    Case("p08_hollander_rounding_ties"),
    Case("p09_obk_mixed", within=("phase", "hour"), between=("treatment", "gender")),
    Case("p10_hf_above_one"),
    Case("p11_replicates"),
    Case("p12_perm_4x3"),
    Case("p13_sleepstudy"),
    Case("p14_diagonal_missing"),
    Case("p15_between_offset_1e6"),
    Case("p16_additive_zero_error"),
)


def truth(folder: Path, case: Case) -> Answers:
    """Return what is true of a case."""
    r = read_json(folder / f"{case.name}.json")["results"]
    if case.between:
        return _type3(r["type3"])
    exact = read_json(folder / f"{case.name}.exact.json")["exact"]
    answers: Answers = {}
    for name, said in exact.get("effects", {"level": exact}).items():
        answers |= _exact_effect(name, said)
    if len(case.within) == 1:
        answers |= _along(r) | _exact_pairs(() if case.name.startswith("p15") else exact.get("pairwise", ()))
        answers["subjects used", ""] = exact["used"]
        answers["subjects dropped", ""] = ", ".join(r["dropped_subjects"])
    if case.name.startswith("p12"):
        counted = read_json(folder / "x_extras.json")["p12_exact_permutation"]
        answers["permutations", "all"] = counted["n_relative_permutations"]
        answers["permutations", "as great"] = counted["n_ge"]
    return answers


def read_json(file: Path) -> dict[str, Any]:
    """Read one file of answers."""
    return json.loads(file.read_text())  # type: ignore[no-any-return]


def _exact_effect(name: str, said: dict[str, Any]) -> Answers:
    answers: Answers = {("SS", name): said["ss_effect"] if "ss_effect" in said else said["ss"]}
    answers["error SS", name] = said["ss_error"]
    if said["F"] == "inf":
        return answers | {("reasons", name): "zero error"}
    keys = {"F": "F", "p": "p", "log10 p": "log10_p", "ges": "ges", "pes": "pes", "omega2": "omega2_jasp"}
    keys |= CORRECTIONS
    answers |= {(key, name): said[theirs] for key, theirs in keys.items() if theirs in said}
    mauchly = said["mauchly"]
    if not mauchly["defined"]:
        return answers | {("reasons", "W"): "singular" if "singular" in mauchly["reason"] else "two levels"}
    keys = {"Mauchly W": "W", "Mauchly p, Anderson": "p_anderson", "Mauchly p, as R": "p_R"}
    return answers | {(key, name): mauchly[theirs] for key, theirs in keys.items()}


def _exact_pairs(said: Sequence[dict[str, Any]]) -> Answers:
    keys = {"pair t": "t", "pair p": "p", "pair log10 p": "log10_p"}
    return {(key, f"{pair['a']} - {pair['b']}"): pair[theirs] for pair in said for key, theirs in keys.items()}


def _along(r: dict[str, Any]) -> Answers:
    """Return what R says of the pairs, trends and ranks along the only factor; the exact answers go before it."""
    answers: Answers = {}
    if "friedman" in r and "page" in r:
        answers["Friedman chi2", "level"] = r["friedman"]["chi2"]
        answers["Kendall W", "level"] = r["friedman"]["kendall_W"]
        if r["n_subjects_given"] == r["n_subjects_used"]:  # else R's order of levels may not be that of appearance
            answers["Page z", "level"] = r["page"]["coin_z_tie_corrected"]
    keys = {"pair t": "t", "pair p": "p", "pair log10 p": "log10_p", "Holm p": "p_holm", "Bonferroni p": "p_bonferroni"}
    keys |= {"d_z": "d_z", "g_av": "g_av_df2nminus2", "g_av, J rounded": "g_av_pingouin_approx"}
    for pair in r.get("pairwise_paired_t", ()):
        answers |= {(key, f"{pair['a']} - {pair['b']}"): pair[theirs] for key, theirs in keys.items()}
    for spacing, names in (("numeric", ("linear", "quadratic")), ("log", ("log-linear",))):
        trends = [each for each in r.get(f"poly_{spacing}_spacing", ()) if "t" in each]
        answers |= {(f"{name} trend t", "level"): each["t"] for name, each in zip(names, trends, strict=False)}
    return answers


def _type3(said: dict[str, Any]) -> Answers:
    """Return what R's afex says of type III hypotheses."""
    answers: Answers = {("subjects used", ""): said["n_subjects_used"]}
    for name, each in said["univariate"].items():
        if name == "(Intercept)":
            continue
        answers |= {("SS", name): each["ss"], ("error SS", name): each["ss_error"]}
        answers |= {("F", name): each["F"], ("p", name): each["p"]}
        answers |= {("ges", name): said["none_ges"][name]["ges"], ("pes", name): said["none_pes"][name]["pes"]}
    for name, each in said["adjust"].items():
        for short in ("GG", "HF"):
            answers |= {(f"eps {short}", name): each[f"{short} eps"], (f"p {short}", name): each[f"Pr(>F[{short}])"]}
    for name, each in said["mauchly"].items():
        answers |= {("Mauchly W", name): each["W"], ("Mauchly p, as R", name): each["p"]}
    return answers
