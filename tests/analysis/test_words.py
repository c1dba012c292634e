"""Numbers and lists as people write them."""

import pytest

from raystudy.analysis.words import because, counted, in_unit, listing, number, p_value
from raystudy.stats.reason import Reason


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (12.345, "12.3"),
        (999.6, "1,000"),
        (99.96, "100"),
        (24268.2, "24,268"),
        (0.0025, "0.00250"),
        (5.76e-11, "5.76e-11"),
        (9.9e-6, "9.90e-6"),
        (-0.5, "-0.500"),
    ],
)
def test_number(value: float, written: str) -> None:
    """Three digits that count and all before the point, thousands parted, powers of ten only far out."""
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


@pytest.mark.parametrize(("p", "written"), [(0.034, "0.034"), (9.9e-6, "9.9e-6"), (0.0, "< 1e-308")])
def test_p_value(p: float, written: str) -> None:
    """A small p keeps its size; one that no float holds is never zero."""
    assert written == p_value(p)


@pytest.mark.parametrize("reason", Reason)
def test_a_reader_knows_blocks_only(reason: Reason) -> None:
    """No reason speaks of subjects: in a study they are its blocks."""
    assert "subject" not in (because(reason) or "subject")


@pytest.mark.parametrize(("count", "written"), [(1, "1 trial"), (2_000, "2,000 trials")])
def test_counted(count: int, written: str) -> None:
    """One trial, two trials."""
    assert written == counted(count, "trial")


@pytest.mark.parametrize(("joules", "unit"), [([500.0], "J"), ([10.0, 5e4], "kJ"), ([5e7], "MJ"), ([], "J")])
def test_in_unit(joules: list[float], unit: str) -> None:
    """The unit follows the greatest."""
    assert unit == in_unit(joules)[1]
