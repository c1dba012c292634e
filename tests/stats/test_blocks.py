"""Levels adjusted for the boards they ran on."""

import numpy as np
import pytest

from raystudy.stats.blocks import Blocked, blocked
from raystudy.stats.design import Matrix
from raystudy.stats.reason import Reason
from tests.stats.textbook import WINER

EMISSIONS = np.array([[19.0, 24, 23, 26], [23, 24, 19, 30], [15, 14, 15, 16], [19, 18, 19, 16]])
ADDITIVES = "ABDC DCAB BDCA CABD".replace(" ", "")
"""Drivers x cars, with the additive each ran on (Box, Hunter & Hunter, Statistics for Experimenters, 2nd ed., 4.4)."""


def of(values: Matrix, boards: str, *, levels: str = "", log: bool = False) -> Blocked:
    """Test a matrix (subjects, levels), its boards told row by row; levels are its columns unless told."""
    n, k = values.shape
    subjects = [str(i) for i in range(n) for _ in range(k)]
    return blocked(values.ravel(), subjects=subjects, levels=levels or "ABCDEFGH"[:k] * n, boards=boards, log=log)


def effects(found: Blocked) -> list[float | None]:
    """Return the levels' effects."""
    return [each.effect for each in found.levels]


def test_latin_square() -> None:
    """Cars in the place of boards: additives have SS 40 on 3, error 32 on 6, F = 2.5, effects -2, 2, 1, -1."""
    found = of(EMISSIONS, "1234" * 4, levels=ADDITIVES)

    assert ((3, 3, 6), pytest.approx((40, 32, 2.5)), pytest.approx([-2, 2, 1, -1])) == (
        (found.df_effect, found.df_board, found.df_error),
        (found.ss_level, found.ss_error, found.f),
        effects(found),
    )


@pytest.mark.parametrize("boards", ["1" * 20, "1111" * 2 + "2222" * 3])
def test_boards_that_go_with_subjects(boards: str) -> None:
    """On one board, or a board a subject, the test is the plain one: Winer's F(3, 12), lower bound on 1 and 4."""
    found = of(WINER, boards)

    assert (True, (3, 0, 12), pytest.approx(24.758865248), pytest.approx(0.007619872881)) == (
        found.within_one_board,
        (found.df_effect, found.df_board, found.df_error),
        found.f,
        found.p_lower_bound,
    )


def test_gains_are_taken_out() -> None:
    """A gain of 5 % of one board neither hides the levels nor makes them: effects and error are those without it."""
    rng = np.random.default_rng(3)
    truth = np.exp(rng.normal(size=(6, 1)) + np.array([0.0, 0.02, 0.04]) + rng.normal(scale=0.001, size=(6, 3)))
    boards = "121 212 112 221 122 211".replace(" ", "")
    gains = np.array([1.05 if board == "2" else 1.0 for board in boards]).reshape(6, 3)
    same, other = of(truth, boards, log=True), of(truth * gains, boards, log=True)
    assert same.gain_spread is not None

    assert (pytest.approx(same.f), pytest.approx(effects(same)), pytest.approx(np.log(1.05), abs=0.002)) == (
        other.f,
        effects(other),
        other.gain_spread,
    )


def test_missing_rows_as_least_squares() -> None:
    """With rows missing, F is that of the residual sums of squares of two regressions on indicators."""
    rng = np.random.default_rng(5)
    subject, level, board = (rng.integers(0, size, 40) for size in (5, 3, 3))
    y = rng.normal(size=40)

    def rss(*terms: np.ndarray) -> float:
        columns = np.hstack([np.eye(term.max() + 1)[term] for term in terms])
        return float(((y - columns @ np.linalg.lstsq(columns, y, rcond=1e-10)[0]) ** 2).sum())

    full = rss(subject, board, level)
    names = [[str(code) for code in codes] for codes in (subject, level, board)]
    found = blocked(y, subjects=names[0], levels=names[1], boards=names[2])

    assert (31, pytest.approx((rss(subject, board) - full) / 2 / (full / 31))) == (found.df_error, found.f)


def test_level_alone_on_a_board_is_named() -> None:
    """C ran on a board of its own: it cannot be compared, A and B can, whose means are 26.4 and 25.6."""
    found = of(WINER[:, :3], "112" * 5)

    assert (("C",), 1, pytest.approx([0.4, -0.4])) == (
        found.confounded,
        found.df_effect,
        effects(found)[:2],
    )


def test_two_pairs_of_levels_on_two_boards() -> None:
    """A and B on one board, C and D on another: two comparisons stand, none across; no level is alone."""
    found = of(WINER, "1122" * 5)

    assert ((), 2, [0, 0, 2, 2]) == (found.confounded, found.df_effect, [each.group for each in found.levels])


def test_each_level_on_its_own_board() -> None:
    """Nothing tells levels from boards: no test, and every level is named."""
    found = of(WINER, "1234" * 5)

    assert (None, Reason.CONFOUNDED, ("A", "B", "C", "D"), None) == (
        found.f,
        found.reason,
        found.confounded,
        found.gain_spread,
    )


@pytest.mark.parametrize(("scale", "offset"), [(1e-12, 0.0), (1e12, 0.0), (1.0, 1e8)])
def test_scale_and_offset_change_nothing(scale: float, offset: float) -> None:
    """F is the same in any unit, and for subjects far apart."""
    far = EMISSIONS * scale + offset * np.arange(4)[:, None]

    assert pytest.approx(2.5, rel=1e-8) == of(far, "1234" * 4, levels=ADDITIVES).f


def test_order_of_rows_changes_nothing() -> None:
    """Rows in reverse give the same test."""
    rows = [(str(i), ADDITIVES[4 * i + j], str(j), EMISSIONS[i, j]) for i in range(4) for j in range(4)][::-1]
    subjects, levels, boards, values = zip(*rows, strict=True)
    found = blocked(np.array(values), subjects=subjects, levels=levels, boards=boards)

    assert pytest.approx((2.5, -2.0)) == (found.f, found.levels[0].effect)


@pytest.mark.parametrize(
    ("values", "log", "reason"),
    [
        (WINER[:1], False, Reason.FEW_SUBJECTS),
        (WINER[:0], False, Reason.NO_SUBJECT),
        (WINER[:, :1], False, Reason.ONE_LEVEL),
        (WINER - 10, True, Reason.NO_LOGARITHM),
        (WINER[:, :1] + [0.0, 0.1, 0.3], False, Reason.ZERO_ERROR),
        (WINER[:, :1] + [0.0, 0.0], False, Reason.CONSTANT),
    ],
)
def test_no_test_says_why(values: Matrix, log: bool, reason: Reason) -> None:  # noqa: FBT001 - a parameter of the case
    """What cannot be tested has no F, and a reason."""
    found = of(values, "1" * values.size, log=log)

    assert (None, reason) == (found.f, found.reason)
