"""Leaving out one subject at a time, with a test whose p can be reckoned by hand."""

import numpy as np
import pytest

from raystudy.stats.design import Design, one_way
from raystudy.stats.influence import Left, leave_one_out
from raystudy.stats.reason import Reason


def halves(data: Design) -> float | None:
    """Return the chance that all rise, were rising and falling alike likely; 1 where one of them falls."""
    rises = data.values[:, 1] > data.values[:, 0]
    return 0.5**rises.size if rises.all() else 1.0


def design_of(*differences: float) -> Design:
    """Return two levels that differ so."""
    return one_way(np.array([[0.0, difference] for difference in differences]))


class TestLeaveOneOut:
    def test_each_is_left_out_once(self) -> None:
        """Five that all rise have p 1/32; any four of them 1/16."""
        result = leave_one_out(design_of(1, 2, 3, 4, 5), halves)

        assert (1 / 32, tuple(Left(subject=str(row), p=1 / 16) for row in range(5))) == (result.p, result.left)

    def test_range(self) -> None:
        """Without the one that falls p goes from 1 to 1/32; without another it stays."""
        result = leave_one_out(design_of(1, 2, -3, 4, 5, 6), halves)

        assert (1 / 32, 1.0) == (result.p_low, result.p_high)

    def test_decisive(self) -> None:
        """Who takes p across 5 % is named."""
        results = [leave_one_out(design_of(*values), halves) for values in ((1, 2, -3, 4, 5, 6), (1, 2, 3, 4, 5, 6, 7))]

        assert [("2",), ()] == [result.decisive for result in results]

    def test_groups_go_along(self) -> None:
        """Whoever leaves takes along the name and the group."""
        seen: list[tuple[tuple[str, ...], int, int]] = []

        def note(data: Design) -> float:
            seen.append((data.subjects, data.values.shape[0], data.groups.size))
            return 0.5

        leave_one_out(design_of(1, 2, 3), note)

        assert [(("1", "2"), 2, 2), (("0", "2"), 2, 2), (("0", "1"), 2, 2), (("0", "1", "2"), 3, 3)] == seen

    def test_without_p(self) -> None:
        """A test that has no p leaves none to compare."""
        result = leave_one_out(design_of(1, 2, 3), lambda _: None)

        assert (None, None, ()) == (result.p_low, result.p_high, result.decisive)


class TestBounds:
    @pytest.mark.parametrize(("n", "reason"), [(0, Reason.NO_SUBJECT), (2, Reason.FEW_SUBJECTS)])
    def test_too_few(self, n: int, reason: Reason) -> None:
        """Of two, nobody can be spared."""
        result = leave_one_out(one_way(np.zeros((n, 2))), halves)

        assert reason is result.reason

    def test_too_many(self) -> None:
        """Above 200 subjects nobody is left out, which is no fault of the data."""
        result = leave_one_out(design_of(*range(1, 202)), halves)

        assert (True, (), None, 0.5**201) == (result.skipped, result.left, result.reason, result.p)
