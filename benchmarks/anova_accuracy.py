"""Whether `raystudy anova` is right: 16 data sets against exact arithmetic and R, beside pingouin and statsmodels.

    .venv/bin/python benchmarks/anova_accuracy.py --reference FOLDER        or RAYSTUDY_REFERENCE
    .venv/bin/pip install --target .venv-peers pingouin==0.7.0              for the peers; one that is absent is skipped

table.csv ──raystudy anova --format json──▶ answers ──within the tolerance of each quantity?──▶ cases right of cases

True are rational arithmetic with 60 digits for F and what belongs to it, R 4.2.2 (afex, coin, base) for the rest and
for p09, which has factors between subjects. Where R and the exact answers differ, R is wrong: its car at p15, whose
subjects lie millions apart. A case is right in a quantity where all its effects, or all its pairs, are. Exits with 1
where raystudy is wrong anywhere.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anova_truth import CASES, CORRECTIONS, TOLERANCES, Case, read_json, truth
from statistics_peers import FOLDER, Answers, ask, present


def ours(folder: Path, case: Case) -> Answers:
    """Return what the command line says."""
    words = [str(Path(sys.executable).with_name("raystudy")), "anova", str(folder / f"{case.name}.csv")]
    words += ["--subject", "subject", "--value", "value", "--format", "json"]
    words += [word for name in case.within for word in ("--within", name)]
    words += [word for name in case.between for word in ("--between", name)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"{case.name}: {done.stderr}", file=sys.stderr)
        return {}
    said = json.loads(done.stdout)
    answers: Answers = {("subjects used", ""): said["n_used"]}
    answers["subjects dropped", ""] = ", ".join(each["subject"] for each in said["dropped"])
    for effect in said["effects"]:
        answers |= _our_effect(effect)
    return answers | _our_along(said)


def _our_effect(said: dict[str, Any]) -> Answers:
    name, mauchly = said["name"], said["mauchly"]
    keys = {"SS": "ss_effect", "F": "F", "p": "p", "log10 p": "log10_p", "ges": "ges", "pes": "pes"}
    keys |= {"omega2": "omega2"} | CORRECTIONS
    answers: Answers = {(key, name): said[our] for key, our in keys.items() if said[our] is not None}
    answers["error SS", name] = said["ss_error"]
    if said["reason"]:
        answers["reasons", name] = said["reason"]
    elif not mauchly["defined"]:
        answers["reasons", "W"] = mauchly["reason"]
    else:
        keys = {"Mauchly W": "W", "Mauchly p, Anderson": "p_anderson", "Mauchly p, as R": "p_R"}
        answers |= {(key, name): mauchly[our] for key, our in keys.items()}
    return answers


def _our_along(said: dict[str, Any]) -> Answers:
    keys = {"pair t": "t", "pair p": "p", "pair log10 p": "log10_p", "Holm p": "p_holm", "Bonferroni p": "p_bonferroni"}
    keys |= {"d_z": "d_z", "g_av": "g_av"}
    pairs = {f"{pair['a']} - {pair['b']}": pair for pair in said["pairwise"]}
    answers: Answers = {(key, place): pair[our] for place, pair in pairs.items() for key, our in keys.items()}
    for name in ("linear", "quadratic", "log_linear"):
        answers[f"{name.replace('_', '-')} trend t", "level"] = said["trend"][name]["t"]
    answers |= {("Friedman chi2", "level"): said["friedman"]["chi2"], ("Kendall W", "level"): said["friedman"]["W"]}
    answers["Page z", "level"] = said["page"]["z"]
    answers["permutations", "all"] = said["permutation"]["n_resamples"]
    answers["permutations", "as great"] = said["permutation"]["n_ge"]
    return answers


def _turned(answers: Answers, true: Answers) -> Answers:
    """Return the answers with each pair of levels named as in the truth; differences change sign with their order."""
    turned: Answers = {}
    for (key, place), value in answers.items():
        other = " - ".join(reversed(place.split(" - ")))
        swap = (key, place) not in true and other != place and (key, other) in true
        signed = key in ("pair t", "d_z", "g_av", "g_av, J rounded") and isinstance(value, float)
        turned[key, other if swap else place] = -value if swap and signed else value  # type: ignore[operator]
    return turned


def error(true: float | str, found: float | str | None) -> float:
    """Return how far an answer is off, relative; infinite where it is none, or other words."""
    if isinstance(true, str):
        return 0.0 if found == true or (true and str(found).startswith((true, "none"))) else math.inf
    if found is None or isinstance(found, str) or math.isnan(found):
        return math.inf
    return abs(float(found) - true) / (abs(true) or 1.0)


@dataclass(frozen=True)
class Mark:
    """How one contender did in one quantity of one case."""

    right: bool
    failed: bool
    error: float


def marks(case: Case, true: Answers, found: Answers) -> dict[str, Mark]:
    """Return the mark in each quantity that the case has and the contender speaks of at all."""
    found = _turned(found, true)
    told = {key for key, _ in found}
    marked = {}
    for quantity in dict.fromkeys(key for key, _ in true):
        if quantity not in told:
            continue
        failed = str(found.get((quantity, ""), "")).startswith("fails")
        off = max(error(value, found.get(at)) for at, value in true.items() if at[0] == quantity)
        marked[quantity] = Mark(not failed and off <= case.tolerance(quantity), failed, off)
    return marked


def table_of(folder: Path, case: Case) -> Any:
    """Return a case as a pandas table, names as text."""
    import pandas as pd

    names = ("subject", *case.within, *case.between)
    return pd.read_csv(folder / f"{case.name}.csv", dtype=dict.fromkeys(names, str))


def cells(quantity: str, contenders: Mapping[str, Mapping[str, dict[str, Mark]]]) -> Iterator[str]:
    """Yield what each contender reached in a quantity: cases right of those it speaks of."""
    for by_case in contenders.values():
        found = [marked[quantity] for marked in by_case.values() if quantity in marked]
        failed = sum(mark.failed for mark in found)
        told = f"{sum(mark.right for mark in found)} of {len(found)}" if found else "-"
        yield told + (f", {failed} fails" if failed else "")


def show(truths: Mapping[str, Answers], contenders: Mapping[str, Mapping[str, dict[str, Mark]]]) -> None:
    """Print cases right of cases, for each quantity."""
    print("| quantity | cases | " + " | ".join(contenders) + " | our largest error | allowed |")
    print("|---" * (len(contenders) + 4) + "|")
    for quantity, allowed in TOLERANCES.items():
        n = sum(any(key == quantity for key, _ in true) for true in truths.values())
        errors = [marked[quantity].error for marked in contenders["raystudy"].values() if quantity in marked]
        worst = f"{max(errors):.0e}" if errors and max(errors) else "0" if errors else "-"
        print(f"| {quantity} | {n} | {' | '.join(cells(quantity, contenders))} | {worst} | {allowed:g} |")


def differing(folder: Path, truths: Mapping[str, Answers], told: Mapping[str, Mapping[str, Answers]]) -> None:
    """Print each F that is not the true one."""
    print("\n| F of | true | tool | says |\n|---|---|---|---|")
    for case in CASES:
        said = {tool: answers.get(case.name, {}) for tool, answers in told.items()} | {"R car": _car(folder, case)}
        for tool, answers in said.items():
            for (key, place), found in answers.items():
                true = truths[case.name].get(("F", place or "level"), "none: zero error")
                if key == "F" and found is not None and error(true, found) > case.tolerance("F"):
                    print(f"| {case.name} | {_figure(true)} | {tool} | {_figure(found)} |")


def _car(folder: Path, case: Case) -> Answers:
    """Return the F of R's car, whose summary is the common way to one in R."""
    said = read_json(folder / f"{case.name}.json")["results"].get("afex_car", {})
    return {("F", "level"): said["univariate"]["F"]} if "univariate" in said else {}


def _figure(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.8g}"


def main() -> None:
    """Print the tables; exit with 1 where raystudy is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, default=os.environ.get("RAYSTUDY_REFERENCE"))
    parser.add_argument("--peers", type=Path, default=FOLDER, help="a folder that has pingouin")
    asked = parser.parse_args()
    if asked.reference is None:
        sys.exit("Give the folder with the reference data (--reference), or set RAYSTUDY_REFERENCE.")
    folder, tools = Path(asked.reference) / "stats", present(asked.peers)
    truths = {case.name: truth(folder, case) for case in CASES}
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda case: ours(folder, case), CASES)
        told = {"raystudy": {case.name: answers for case, answers in zip(CASES, said, strict=True)}}
    for tool in tools:
        told[tool] = {case.name: ask(tool, table_of(folder, case), case.within) for case in CASES if not case.between}
    by_name = {case.name: case for case in CASES}
    contenders = {
        tool: {name: marks(by_name[name], truths[name], answers[name]) for name in answers}
        for tool, answers in told.items()
    }
    peers = ", ".join(f"{tool} {number}" for tool, number in tools.items())
    print(f"{len(CASES)} cases; beside it: {peers or 'nothing, no peer is installed'}.\n")
    show(truths, contenders)
    differing(folder, truths, told)
    wrong = [(name, quantity) for name, marked in contenders["raystudy"].items() for quantity, mark in marked.items()
             if not mark.right]  # fmt: skip
    unsaid = [(name, key) for name, true in truths.items() for key in dict.fromkeys(key for key, _ in true)
              if key not in contenders["raystudy"][name] and key != "g_av, J rounded"]  # fmt: skip
    for name, quantity in (*wrong, *unsaid):
        print(f"\nraystudy is wrong: {quantity} of {name}")
    sys.exit(1 if wrong or unsaid else 0)


if __name__ == "__main__":
    main()
