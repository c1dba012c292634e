"""The sentence of a test, as the Publication Manual has it."""

import numpy as np
import pytest

from raystudy.analysis.apa import sentence, statistic
from raystudy.stats.decision import Decision, decided
from raystudy.stats.design import Matrix, one_way

WINER = np.array(
    [[30, 28, 16, 34], [14, 18, 10, 22], [24, 20, 18, 30], [38, 34, 20, 44], [26, 28, 14, 30]], dtype=float
)
"""Winer, Statistical Principles in Experimental Design, 2nd ed. (1971), table 4.3-1."""


def of(values: Matrix, *levels: str) -> str:
    """Return the sentence on a one-way design."""
    return sentence(*decided(one_way(values, levels or None)))


def test_a_test() -> None:
    """Corrected degrees of freedom, F, p and the size with its interval; no zero before the point of a share."""
    said = of(WINER)

    assert (True, True) == (said.startswith("level"), "Chi-Muller" in said)
    assert "F(1.4, 5.59) = 24.8, p = .002, generalised eta² = .468, 95 % CI [" in said


def test_a_size_and_its_interval() -> None:
    """Both bounds stand in brackets, and close the sentence."""
    said = of(WINER)
    low, high = (float(bound) for bound in said[said.index("[") + 1 : said.index("]")].split(", "))

    assert ("].", True) == (said[-2:], 0 < low < 0.468 < high < 1)


def test_a_trajectory() -> None:
    """A trend has t, and the omnibus test beside it."""
    noise = np.random.default_rng(0).normal(size=(6, 5)) * 0.01
    said = of(noise + np.arange(5), "1", "2", "3", "4", "5")

    assert True is ("own-error linear trend" in said and "t(5) = " in said)
    assert ", p < .001 (Chi-Muller, p < .001), generalised eta² = " in said


def test_no_test() -> None:
    """What cannot be tested is said in words, with no number."""
    assert "level: there is no test: constant: no subject differs between levels." == of(np.ones((3, 4)))


@pytest.mark.parametrize(
    ("df", "value", "written"),
    [
        ((1.748, 38.2321), 6.2883, "F(1.75, 38.2) = 6.29"),
        ((2.0, 98.0), 24268.2288, "F(2, 98) = 24,268"),
        ((2.0, 1998.0), 0.00123456, "F(2, 1998) = 0.00123"),
        ((19.0, 18981.4), 3.0, "F(19, 18981) = 3.00"),
    ],
)
def test_a_statistic(df: tuple[float, ...], value: float, written: str) -> None:
    """Three digits that count, and whole numbers whole."""
    found = Decision(effect="a", test="F", statistic="F", value=value, df=df, p=0.5, log10_p=-0.3, reason="")

    assert written == statistic(found)


@pytest.mark.parametrize(
    ("p", "written"), [(0.0009994, "p < .001"), (0.001, "p = .001"), (0.0496, "p = .050"), (0.9999, "p = 1.000")]
)
def test_p(p: float, written: str) -> None:
    """Three decimals without a zero before the point, and no p = .000."""
    effect, _ = decided(one_way(WINER))
    found = Decision(effect="level", test="F", statistic="F", value=1.0, df=(1, 2), p=p, log10_p=-1.0, reason="")

    assert f", {written}, generalised" in sentence(effect, found)
