"""`raystudy anova --format json`: one object with a name for each figure, and no NaN."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from raystudy.cli.anova import anova
from raystudy.cli.plain_json import plain
from tests.cli.drugs import DRUGS, WINER

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(anova)

RECORD = [
    "n_given",
    "n_used",
    "dropped",
    "levels",
    "effects",
    "pairwise",
    "trend",
    "friedman",
    "page",
    "decision",
    "apa",
]
EFFECT = [
    *("name", "ss_effect", "df_effect", "ss_error", "df_error", "F", "p", "log10_p"),
    *("eps_gg", "eps_hf", "eps_cm", "eps_lower_bound", "p_gg", "p_hf", "p_cm", "p_lower_bound"),
    *("mauchly", "ges", "pes", "omega2", "reason"),
]
MAUCHLY = ["defined", "W", "chi2", "df", "p_anderson", "p_R", "reason"]
PAIR = [
    *("a", "b", "mean_diff", "ci_low", "ci_high", "t", "df", "p", "log10_p", "p_bonferroni", "p_holm", "p_max_t"),
    *("d_z", "g_av", "n"),
]


@pytest.fixture(autouse=True)
def drugs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder with the table of drugs."""
    monkeypatch.chdir(tmp_path)
    Path("drugs.csv").write_text(WINER, encoding="utf-8")


def record(*words: object) -> dict[str, Any]:
    """Return the object of a command line that succeeds."""
    result = CliRunner().invoke(app, [*map(str, words), "--format", "json"], catch_exceptions=False)
    assert (0, "") == (result.exit_code, result.stderr)
    found: dict[str, Any] = json.loads(result.stdout, parse_constant=refuse)
    return found


def refuse(constant: str) -> float:
    """Refuse what is no JSON: NaN and Infinity."""
    raise AssertionError(constant)


def numbers(value: object) -> Iterator[float]:
    """Yield every number of a JSON object."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, int | float):
        yield value


def trajectory(path: Path, *, seeds: int = 6, steps: int = 21) -> None:
    """Write losses that fall, of seeds named by numbers, at numbers of tokens."""
    noise = np.random.default_rng(9).normal(size=(seeds, steps)).cumsum(axis=1) * 0.01
    rows = [
        (101 * (seed + 1), 1_000_000 * step, 8.0 - math.log1p(step) + noise[seed, step])
        for step in range(steps)
        for seed in range(seeds)
    ]
    pl.DataFrame(rows, schema=["seed", "tokens", "loss"], orient="row").write_csv(path)


TRAJECTORY = ("--subject", "seed", "--within", "tokens", "--value", "loss")


def test_keys() -> None:
    """Programs find each figure under the name that the field gives it, in a fixed order."""
    found = record("drugs.csv", *DRUGS)
    (effect,) = found["effects"]

    assert RECORD == [key for key in found if key in RECORD]
    assert EFFECT == [key for key in effect if key in EFFECT]
    assert MAUCHLY == list(effect["mauchly"])
    assert set(PAIR) <= set(found["pairwise"][0])
    assert {"chi2", "df", "p", "W"} <= set(found["friedman"])
    assert {"test", "p", "reason"} <= set(found["decision"])


def test_figures() -> None:
    """Winer's F is 24.76, with his sums of squares, and everything has as many digits as it is known to."""
    found = record("drugs.csv", *DRUGS)
    (effect,) = found["effects"]

    assert (5, 5, [], ["one", "two", "three", "four"]) == (
        found["n_given"],
        found["n_used"],
        found["dropped"],
        found["levels"],
    )
    assert pytest.approx((698.2, 3, 112.8, 12, 24.75886524822695, 1.992501315111812e-05, -4.700601383284114)) == (
        tuple(effect[key] for key in ("ss_effect", "df_effect", "ss_error", "df_error", "F", "p", "log10_p"))
    )
    assert pytest.approx((0.18649528524508058, 0.4951213837671502, 0.49574546528197266)) == (
        tuple(effect["mauchly"][key] for key in ("W", "p_anderson", "p_R"))
    )
    assert pytest.approx((13.56, 3, 0.00356957199784376, 0.904)) == (
        tuple(found["friedman"][key] for key in ("chi2", "df", "p", "W"))
    )


def test_pairs() -> None:
    """Six pairs of four drugs, each earlier less later: 30, 14, ... less 28, 18, ... has t(4) = .492."""
    found = record("drugs.csv", *DRUGS)["pairwise"]

    assert (6, "one", "two", pytest.approx(0.8), 4, pytest.approx(0.49236596391733095), 5) == (
        len(found),
        *(found[0][key] for key in ("a", "b", "mean_diff", "df", "t", "n")),
    )


def test_decision_and_its_sentence() -> None:
    """What decides is the corrected p of the effect, and the sentence says it."""
    found = record("drugs.csv", *DRUGS)

    assert ("Chi-Muller", found["effects"][0]["p_cm"]) == (found["decision"]["test"], found["decision"]["p"])
    assert "F(1.4, 5.59) = 24.8, p = .002, generalised eta² = .468" in found["apa"]


def test_dropped() -> None:
    """Who is left out is named, with what is missing, whether the value or the row is."""
    Path("gaps.csv").write_text(WINER.replace("2,two,18", "2,two,").replace("4,one,38\n", ""), encoding="utf-8")
    found = record("gaps.csv", *DRUGS)

    assert (5, 3) == (found["n_given"], found["n_used"])
    assert [
        {"subject": "2", "reason": "no value at two"},
        {"subject": "4", "reason": "no value at one"},
    ] == found["dropped"]


def test_replicates() -> None:
    """Rows of one cell are averaged, and how many there are is told."""
    Path("twice.csv").write_text(WINER + WINER.partition("\n")[2], encoding="utf-8")
    once, twice = record("drugs.csv", *DRUGS), record("twice.csv", *DRUGS)

    assert (1, 2, once["effects"]) == (once["replicates"], twice["replicates"], twice["effects"])


def test_a_trajectory() -> None:
    """21 ordered numbers are decided by their line; Mauchly's test is refused, and why is told."""
    trajectory(Path("losses.csv"))
    found = record("losses.csv", *TRAJECTORY)
    mauchly = found["effects"][0]["mauchly"]

    assert (["0", "1000000", "2000000"], "own-error linear trend", found["trend"]["linear"]["p"]) == (
        found["levels"][:3],
        found["decision"]["test"],
        found["decision"]["p"],
    )
    assert (False, None, None, None, "singular: fewer degrees of freedom than contrasts") == tuple(
        mauchly[key] for key in ("defined", "W", "p_anderson", "p_R", "reason")
    )


def test_rows_that_are_kept() -> None:
    """A condition takes rows out before anything is counted."""
    trajectory(Path("losses.csv"))
    found = record("losses.csv", *TRAJECTORY, "--where", "tokens > 0 AND tokens <= 3000000")

    assert (["1000000", "2000000", "3000000"], []) == (found["levels"], found["dropped"])


def test_several_factors() -> None:
    """Every effect stands in the list, levels by the name of their factor, and pairs along each factor."""
    rows = [
        (s, "AB"[s % 2], a, b, float(np.sin(7 * s + 3 * place)))
        for s in range(6)
        for place, (a, b) in enumerate((a, b) for a in "xy" for b in (8, 9, 10))
    ]
    pl.DataFrame(rows, schema=["s", "g", "a", "b", "v"], orient="row").write_parquet("cells.parquet")
    factors = ("--within", "a", "--within", "b", "--between", "g")
    found = record("cells.parquet", "--subject", "s", *factors, "--value", "v")

    assert ["g", "a", "g:a", "b", "g:b", "a:b", "g:a:b"] == [effect["name"] for effect in found["effects"]]
    assert {"g": ["A", "B"], "a": ["x", "y"], "b": ["8", "9", "10"]} == found["levels"]
    assert {"a": 1, "b": 3} == {name: len(each["pairwise"]) for name, each in found["along"].items()}
    assert ("a", "g") == (found["decision"]["effect"], found["decisions"][0]["effect"])


@pytest.mark.parametrize(
    "values",
    [
        "0,0,0,0",
        "1,2,1,2",
        "1,2,3,4",
        "1e-150,2e-150,3e-150,1e-150",
        "1e150,2e150,3e150,1e150",
        "1,1,1,2",
        "1e15,0,3,1e-9",
    ],
)
def test_no_number_is_infinite(values: str) -> None:
    """Whatever the values, what is no number is null, and each effect has a test or a reason."""
    cells = zip(("a,x", "a,y", "b,x", "b,y"), values.split(","), strict=True)
    rows = "\n".join(f"{cell},{value}" for cell, value in cells)
    Path("four.csv").write_text(f"s,l,v\n{rows}\n", encoding="utf-8")
    found = record("four.csv", "--subject", "s", "--within", "l", "--value", "v")
    (effect,) = found["effects"]

    assert True is all(map(math.isfinite, numbers(found)))
    assert (effect["F"] is None) == (effect["reason"] is not None)


def test_missing_cells_in_a_mixed_model() -> None:
    """Asked for, a model of every value stands beside the test of whole subjects."""
    Path("gaps.csv").write_text(WINER.replace("2,two,18\n", ""), encoding="utf-8")
    found = record("gaps.csv", *DRUGS, "--missing", "mixed")

    assert (4, 5, 19) == (found["n_used"], found["mixed"]["n_subjects"], found["mixed"]["n_cells"])


def test_equivalence() -> None:
    """Within 3 either way, drugs one and two have p .1236."""
    found = record("drugs.csv", *DRUGS, "--equivalent", "3")

    assert pytest.approx(0.123589145752496) == found["equivalence"][0]["p"]


def test_plain_values() -> None:
    """JSON knows no NaN: what is no finite number is null, wherever it stands."""
    assert {"a": [None, 1.0, None], "b": {"c": None}} == plain({"a": (math.nan, 1.0, -math.inf), "b": {"c": math.inf}})
