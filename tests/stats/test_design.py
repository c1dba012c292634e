"""A complete design: its factors, its averages over factors, and why it may have no test."""

from dataclasses import replace

import numpy as np
import pytest

from raystudy.stats.design import Design, Dropped, Factor, Fault, as_number, one_way, untestable
from raystudy.stats.reason import Reason


def two_way() -> Design:
    """Return two subjects at 2 x 3 cells."""
    return Design(
        values=np.arange(12.0).reshape(2, 6) ** 2,
        subjects=("x", "y"),
        within=(Factor(name="a", levels=("low", "high")), Factor(name="b", levels=("1", "2", "4"))),
        groups=np.zeros(2, dtype=np.intp),
        n_given=2,
    )


def grouped(*groups: int, levels: int = 2) -> Design:
    """Return one subject for each group number, at three levels."""
    data = one_way(np.arange(3.0 * len(groups)).reshape(-1, 3))
    factor = Factor(name="group", levels=tuple(map(str, range(levels))))
    return replace(data, between=(factor,), groups=np.array(groups, dtype=np.intp))


def test_one_way_names_what_has_no_name() -> None:
    """A bare matrix has levels 0, 1, 2, and no groups."""
    found = one_way(np.zeros((4, 3)))

    assert (("0", "1", "2"), [4], 4, ()) == (found.levels, found.group_sizes.tolist(), found.n_given, found.dropped)


def test_along_averages_over_the_other_factors() -> None:
    """Of 2 x 3 cells, each level of the first factor is the mean of three, of the second one that of two."""
    data = two_way()
    a, b = data.along("a"), data.along("b")

    assert (data.values[0, :3].mean(), data.values[0, ::3].mean()) == (a.values[0, 0], b.values[0, 0])
    assert (("low", "high"), ("1", "2", "4")) == (a.levels, b.levels)


def test_along_the_only_factor_changes_nothing() -> None:
    """A design of one factor is its own average."""
    data = one_way(np.array([[1.0, 2.5], [3.25, 7.0]]))

    assert np.array_equal(data.values, data.along("level").values)


def test_averages_keep_their_digits_under_an_offset() -> None:
    """What is averaged 1e8 away differs by the offset alone."""
    data = two_way()
    far = replace(data, values=data.values + 2.0**27)

    assert np.array_equal(data.along("b").values, far.along("b").values - 2.0**27)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("50000", 50_000.0),
        ("2,000,000", 2e6),
        ("1e-3", 1e-3),
        ("-4.5", -4.5),
        ("1,5", None),
        ("1,0000", None),
        ("nan", None),
        ("inf", None),
        ("high", None),
        ("", None),
    ],
)
def test_what_is_a_number(level: str, expected: float | None) -> None:
    """Thousands separators are read, decimal commas are not guessed at, and a level is finite."""
    assert expected == as_number(level)


def test_scores() -> None:
    """Levels that are all numbers have a place on a line."""
    scores = Factor(name="tokens", levels=("1,000", "2e6")).scores

    assert scores is not None
    assert [1000.0, 2e6] == scores.tolist()


def test_scores_are_all_or_none() -> None:
    """One level that is no number leaves no line to draw."""
    assert None is Factor(name="tokens", levels=("1000", "all")).scores


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (one_way(np.empty((0, 3))), Reason.NO_SUBJECT),
        (one_way(np.ones((1, 3))), Reason.FEW_SUBJECTS),
        (one_way(np.ones((4, 1))), Reason.ONE_LEVEL),
        (grouped(0, 1), Reason.SATURATED),
        (grouped(0, 0, 0), Reason.EMPTY_GROUP),
        (grouped(0, 0, 1), Reason.SEVERAL_GROUPS),
        (one_way(np.ones((2, 2))), None),
    ],
)
def test_why_it_cannot_be_tested(data: Design, reason: Reason | None) -> None:
    """Too few subjects, levels or groups each have their word; groups only where a test knows none."""
    assert reason == untestable(data, between=False)


def test_a_test_may_know_groups() -> None:
    """Three subjects in two groups leave one degree of freedom, which is enough."""
    assert None is untestable(grouped(0, 0, 1), between=True)


def test_dropped_reads_as_a_sentence() -> None:
    """The list of who was dropped can be printed as it is."""
    assert "r03 has no value at 50,000" == str(Dropped(subject="r03", fault=Fault.MISSING, levels=("50,000",)))


def test_many_missing_cells_are_counted() -> None:
    """A subject that lacks most of two hundred cells is told by the first ones."""
    lacking = Dropped(subject="7", fault=Fault.MISSING, levels=tuple(map(str, range(200))))
    nearly = Dropped(subject="7", fault=Fault.MISSING, levels=tuple(map(str, range(7))))

    assert "no value at 0, 1, 2, 3, 4, 5 and 194 more" == lacking.reason
    assert "no value at 0, 1, 2, 3, 4, 5, 6" == nearly.reason
