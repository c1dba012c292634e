"""Numbers and lists as people write them."""

import pytest

from raystudy.analysis.words import counted, in_unit, listing, number, p_value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (12.345, "12.3"),
        (999.6, "1,000"),
        (1234.5, "1,230"),
        (24268.2, "24,300"),
        (0.0025, "0.00250"),
        (5.76e-11, "5.76e-11"),
        (-0.5, "-0.500"),
    ],
)
def test_number(value: float, written: str) -> None:
    """Three digits that count, thousands parted, powers of ten only far out."""
    assert written == number(value)


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefgh"), "a, b, c, d, ... and h"),
    ],
)
def test_listing(words: list[str], written: str) -> None:
    """Commas, an `and`, and dots for the middle of a long list."""
    assert written == listing(words)


@pytest.mark.parametrize(
    ("p", "log10_p", "written"), [(0.034, -1.47, "p = 0.034"), (2e-7, -6.7, "p = 2e-07"), (0.0, -400.5, "p < 1e-400")]
)
def test_p_value(p: float, log10_p: float, written: str) -> None:
    """A p that no float holds is told by its logarithm."""
    assert written == p_value(p, log10_p)


@pytest.mark.parametrize(("count", "written"), [(1, "1 trial"), (2_000, "2,000 trials")])
def test_counted(count: int, written: str) -> None:
    """One trial, two trials."""
    assert written == counted(count, "trial")


@pytest.mark.parametrize(("joules", "unit"), [([500.0], "J"), ([10.0, 5e4], "kJ"), ([5e7], "MJ"), ([], "J")])
def test_in_unit(joules: list[float], unit: str) -> None:
    """The unit follows the greatest."""
    assert unit == in_unit(joules)[1]
