"""Exact numbers over whole data sets; they lie outside the repository, where RAYSTUDY_REFERENCE says."""

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from raystudy.stats.anova import Effect, FTest, anova
from raystudy.stats.cells import design
from raystudy.stats.design import Design
from raystudy.stats.effect_size import Sizes
from raystudy.stats.pairwise import pairwise
from raystudy.stats.ranks import friedman, page
from raystudy.stats.reason import Reason
from raystudy.stats.resample import permutation
from raystudy.stats.trend import trend

FOLDER = os.environ.get("RAYSTUDY_REFERENCE")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="RAYSTUDY_REFERENCE names no folder with the reference data")

ONE_WAY = [
    "p01_winer_drugs",
    "p02_md15_age",
    "p04_large_F",
    "p05_traj_6x21",
    "p06_two_levels",
    "p07_missing_cells",
    "p08_hollander_rounding_ties",
    "p10_hf_above_one",
    "p11_replicates",
    "p12_perm_4x3",
    "p13_sleepstudy",
    "p14_diagonal_missing",
    "p15_between_offset_1e6",
]
RANKED = [name for name in ONE_WAY if not name.startswith("p06")] + ["p16_additive_zero_error"]
EPSILONS = {
    "gg": "greenhouse_geisser",
    "hf": "huynh_feldt",
    "cm": "chi_muller",
    "lower_bound": "lower_bound",
}


def folder() -> Path:
    """Return where the reference data lie."""
    assert FOLDER is not None
    return Path(FOLDER)


def table_of(name: str) -> pl.DataFrame:
    """Return the long table of a case, what names things as text."""
    table = pl.read_csv(folder() / "stats" / f"{name}.csv", infer_schema=False)
    return table.with_columns(pl.col("value").cast(pl.Float64))


def exact_of(name: str) -> dict[str, Any]:
    """Return a case's answers by exact rational arithmetic."""
    answers: dict[str, Any] = json.loads((folder() / "stats" / f"{name}.exact.json").read_text())["exact"]
    return answers


def r_of(name: str) -> dict[str, Any]:
    """Return a case's answers by R."""
    answers: dict[str, Any] = json.loads((folder() / "stats" / f"{name}.json").read_text())["results"]
    return answers


def case(name: str) -> Design:
    """Return the one-way design of a case, its levels in the order of the answers."""
    levels = {"level": r_of(name)["levels"]}
    return design(table_of(name), subject="subject", within=["level"], value="value", levels=levels)


def the_test(effect: Effect) -> FTest:
    """Return the test of an effect, which must exist."""
    assert effect.test is not None
    return effect.test


def the_sizes(effect: Effect) -> Sizes:
    """Return the sizes of an effect, which must exist."""
    assert effect.sizes is not None
    return effect.sizes


def only(data: Design) -> Effect:
    """Return the effect of a one-way design."""
    (effect,) = anova(data)
    return effect


def tolerance(name: str, usual: float) -> float:
    """Return the relative tolerance: values stored next to 9e6 hold nine digits fewer."""
    return 1e-8 if name.startswith("p15") else usual


@pytest.mark.parametrize("name", ONE_WAY)
def test_subjects(name: str) -> None:
    """As many subjects are used, and the same ones dropped, as R drops by hand."""
    data, theirs = case(name), r_of(name)

    assert (theirs["n_subjects_given"], theirs["n_subjects_used"], theirs["dropped_subjects"]) == (
        data.n_given,
        len(data.subjects),
        [dropped.subject for dropped in data.dropped],
    )


@pytest.mark.parametrize("name", ONE_WAY)
def test_sums_of_squares_and_f(name: str) -> None:
    """SS and F agree with exact rational arithmetic to 1e-10."""
    found, exact = only(case(name)), exact_of(name)

    expected = [exact[key] for key in ("ss_effect", "ss_error", "ss_subject", "df_effect", "df_error", "F")]
    assert pytest.approx(expected, rel=tolerance(name, 1e-10)) == [
        found.ss_effect,
        found.ss_error,
        found.ss_subject,
        found.df_effect,
        found.df_error,
        the_test(found).f,
    ]


@pytest.mark.parametrize("name", ONE_WAY)
def test_epsilons_and_effect_sizes(name: str) -> None:
    """All four epsilons, both eta squared and omega squared agree to 1e-10."""
    effect, exact = only(case(name)), exact_of(name)
    test, sizes = the_test(effect), the_sizes(effect)

    expected = [*(exact[f"eps_{short}"] for short in EPSILONS), exact["pes"], exact["ges"], exact["omega2_jasp"]]
    found = [
        *(getattr(test, long).epsilon for long in EPSILONS.values()),
        *(size.value for size in (sizes.pes, sizes.ges, sizes.omega2)),
    ]
    assert pytest.approx(expected, rel=tolerance(name, 1e-10), abs=0) == found


@pytest.mark.parametrize("name", ONE_WAY)
def test_p_values(name: str) -> None:
    """The logarithms of all five p values agree to 1e-9, the p values to 1e-7."""
    test, exact = the_test(only(case(name))), exact_of(name)
    corrected = [getattr(test, long) for long in EPSILONS.values()]

    assert pytest.approx(
        [exact["log10_p"], *(exact[f"log10_p_{short}"] for short in EPSILONS)], rel=tolerance(name, 1e-9)
    ) == [test.log10_p, *(each.log10_p for each in corrected)]
    assert pytest.approx([exact["p"], *(exact[f"p_{short}"] for short in EPSILONS)], rel=1e-7, abs=0) == [
        test.p,
        *(each.p for each in corrected),
    ]


@pytest.mark.parametrize("name", ONE_WAY)
def test_mauchly(name: str) -> None:
    """W, chi squared, Anderson's p and R's agree, or both sides say that the test does not exist."""
    mauchly, theirs = the_test(only(case(name))).mauchly, exact_of(name)["mauchly"]

    if not theirs["defined"]:
        assert mauchly.reason is not None
        return
    expected = [theirs[key] for key in ("W", "chi2", "df", "p_anderson", "p_R")]
    assert pytest.approx(expected, rel=tolerance(name, 1e-10)) == [
        mauchly.w,
        mauchly.chi2,
        mauchly.df,
        mauchly.p,
        mauchly.p_r,
    ]


@pytest.mark.parametrize("name", [name for name in ONE_WAY if not name.startswith(("p05", "p15"))])
def test_pairs(name: str) -> None:
    """Every paired t agrees to 1e-10, its logarithm of p to 1e-9."""
    ours = {(pair.a, pair.b): pair for pair in pairwise(case(name))}

    expected = {(pair["a"], pair["b"]): pair for pair in exact_of(name)["pairwise"]}
    assert {key: pytest.approx(pair["t"], rel=1e-10) for key, pair in expected.items()} == {
        key: ours[key].t for key in expected
    }
    assert {key: pytest.approx(pair["log10_p"], rel=1e-9) for key, pair in expected.items()} == {
        key: ours[key].log10_p for key in expected
    }


@pytest.mark.parametrize("name", RANKED)
def test_friedman(name: str) -> None:
    """Chi squared and Kendall's W are those of R, ties and all."""
    found, theirs = friedman(case(name)), r_of(name)["friedman"]

    assert pytest.approx([theirs[key] for key in ("chi2", "df", "kendall_W", "p")], rel=1e-9, abs=0) == [
        found.chi2,
        found.df,
        found.w,
        found.p,
    ]


@pytest.mark.parametrize("name", RANKED)
def test_page(name: str) -> None:
    """L is exact; z is that of R's coin, which corrects for ties, and of Page's paper, which does not."""
    found, theirs = page(case(name)), r_of(name)["page"]

    assert pytest.approx([theirs[key] for key in ("L", "coin_z_tie_corrected", "z_no_tie_correction")], rel=1e-9) == [
        found.L,
        found.z,
        found.z_uncorrected,
    ]


def test_trend() -> None:
    """Of p13's ten days, the line's t(17) is 6.7715 and the bend's .8104, each against its own error."""
    found = trend(case("p13_sleepstudy"))
    _, line, bend, *_ = r_of("p13_sleepstudy")["poly_numeric_spacing"]

    assert pytest.approx([line["t"], bend["t"], line["p"], bend["p"]], rel=1e-9) == [
        found.linear.t,
        found.quadratic.t,
        found.linear.p,
        found.quadratic.p,
    ]


def test_permutation() -> None:
    """Of all 216 orders of p12's 4 x 3 values, 7 have an F at least as great."""
    found, theirs = permutation(case("p12_perm_4x3")), extras()["p12_exact_permutation"]

    assert (216, 7, True) == (theirs["n_relative_permutations"], theirs["n_ge"], found.exact)
    assert (216, 7, pytest.approx(theirs["p_exact"])) == (found.n_resamples, found.n_ge, found.p)


def extras() -> dict[str, Any]:
    """Return the answers that belong to no one test."""
    answers: dict[str, Any] = json.loads((folder() / "stats" / "x_extras.json").read_text())
    return answers


@pytest.mark.parametrize("name", ["angle", "noise", "angle:noise"])
def test_two_factors(name: str) -> None:
    """Both factors of p03 and their interaction agree with exact arithmetic: SS, F, epsilons, sizes, log10 p."""
    data = design(table_of("p03_md12_angle_noise"), subject="subject", within=["angle", "noise"], value="value")
    exact = exact_of("p03_md12_angle_noise")["effects"][name]
    (found,) = [effect for effect in anova(data) if effect.name == name]
    test = the_test(found)

    keys = ("ss", "ss_error", "df1", "df2", "F", "pes", "ges", "eps_gg", "eps_hf", "eps_cm", "eps_lower_bound")
    assert pytest.approx([exact[key] for key in keys], rel=1e-10) == [
        found.ss_effect,
        found.ss_error,
        found.df_effect,
        found.df_error,
        test.f,
        the_sizes(found).pes.value,
        the_sizes(found).ges.value,
        *(getattr(test, long).epsilon for long in EPSILONS.values()),
    ]
    assert pytest.approx([exact[f"log10_p_{short}"] for short in EPSILONS], rel=1e-9) == [
        getattr(test, long).log10_p for long in EPSILONS.values()
    ]


class TestMixed:
    """O'Brien and Kaiser's 16 subjects in 3 x 2 unequal groups, 3 phases x 5 hours: R's afex, type III."""

    @staticmethod
    def effects() -> dict[str, Effect]:
        """Return the fifteen effects by name."""
        between = ["treatment", "gender"]
        data = design(
            table_of("p09_obk_mixed"), subject="subject", within=["phase", "hour"], between=between, value="value"
        )
        return {effect.name: effect for effect in anova(data)}

    def test_univariate(self) -> None:
        """Sums of squares, degrees of freedom, F and p of all effects."""
        theirs = {key: each for key, each in r_of("p09_obk_mixed")["type3"]["univariate"].items() if key[0] != "("}
        keys = ("ss", "df1", "ss_error", "df2", "F", "p")

        assert {name: pytest.approx([each[key] for key in keys], rel=1e-10) for name, each in theirs.items()} == {
            name: [
                each.ss_effect,
                each.df_effect,
                each.ss_error,
                each.df_error,
                the_test(each).f,
                the_test(each).p,
            ]
            for name, each in self.effects().items()
        }

    def test_sizes(self) -> None:
        """Generalised and partial eta squared of all effects."""
        answers = r_of("p09_obk_mixed")["type3"]

        assert {
            name: pytest.approx([each["ges"], answers["none_pes"][name]["pes"]], rel=1e-10)
            for name, each in answers["none_ges"].items()
        } == {name: [the_sizes(each).ges.value, the_sizes(each).pes.value] for name, each in self.effects().items()}

    def test_sphericity(self) -> None:
        """Epsilons with groups taken out, the p they give, Mauchly's W, and his p as R prints it."""
        answers, effects = r_of("p09_obk_mixed")["type3"], self.effects()
        keys = ("GG eps", "Pr(>F[GG])", "Pr(>F[HF])")
        found = {name: (test, test.greenhouse_geisser) for name in answers["adjust"] if (test := effects[name].test)}

        assert {
            name: pytest.approx([*(each[key] for key in keys), *answers["mauchly"][name].values()], rel=1e-8)
            for name, each in answers["adjust"].items()
        } == {
            name: [gg.epsilon, gg.p, test.huynh_feldt.p, test.mauchly.w, test.mauchly.p_r]
            for name, (test, gg) in found.items()
        }


def test_replicates() -> None:
    """Of p11's five rows a cell one mean is made."""
    assert 5 == case("p11_replicates").replicates


def test_zero_error() -> None:
    """Purely additive data have sums of squares and a reason, and no F."""
    found, exact = only(case("p16_additive_zero_error")), exact_of("p16_additive_zero_error")

    assert (pytest.approx(exact["ss_effect"]), 0.0, exact["df_effect"], exact["df_error"], None, Reason.ZERO_ERROR) == (
        found.ss_effect,
        found.ss_error,
        found.df_effect,
        found.df_error,
        found.test,
        found.reason,
    )
