"""Levels compared within boards: value = subject + level + board, for trials on boards that each have a gain.

    value, subject, level, board ──less each subject's mean──less what boards explain──▶ what levels add ──▶ F

Each board's instrument has a gain, one unknown factor, which is a shift on the logarithmic scale. Where all trials of a
subject ran on one board it goes with the subject. Where they did not, it passes for an effect of the levels, or for
error; as a term of its own it does neither. The shift of a board is taken to be the same for all levels and subjects.

F assumes sphericity: an incomplete table has no Greenhouse-Geisser epsilon. So p is given as it is and, the careful one
to read, with both degrees of freedom at the lower bound of epsilon, 1 / df_effect (Box's bound in a complete table).

Least squares by orthogonal projection, one term after the other (Frisch-Waugh-Lovell), with G. A. F. Seber & A. J. Lee,
Linear Regression Analysis, 2nd ed. (2003), 3.7 and 4.3; a Latin square is the balanced case.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.contrasts import ROUNDING
from raystudy.stats.design import Codes, Matrix
from raystudy.stats.probability import f_tail
from raystudy.stats.reason import Reason, too_few

_ROUNDING = 4 * ROUNDING  # a value goes through four projections
_RANK = 1e-7
"""Singular values of indicator columns below it are rounding; those of designs that hang together are far above."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjusted:
    """How far a level, or a board, is from those it can be compared with, all else being equal."""

    name: str
    effect: float | None
    """Less the mean effect of its group, in the values' unit, or of their logarithms; null where it is alone."""
    group: int
    """Those of one group can be compared with each other; those of different groups cannot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocked:
    """The test of the levels, adjusted for subjects and boards, or the reason why there is none."""

    n: int
    """Values."""
    n_subjects: int
    n_boards: int
    within_one_board: bool
    """Whether no subject has values of two boards: then boards go with subjects, and the test is the plain one."""
    df_effect: int = 0
    """Fewer than levels less one where boards hide a difference between levels."""
    df_board: int = 0
    """Differences between boards that can be told from those between subjects."""
    df_error: int = 0
    ss_level: float | None = None
    ss_error: float | None = None
    f: float | None = None
    p: float | None = None
    """Sphericity assumed."""
    log10_p: float | None = None
    p_lower_bound: float | None = None
    """Of F on 1 and df_error / df_effect degrees of freedom."""
    log10_p_lower_bound: float | None = None
    levels: tuple[Adjusted, ...] = ()
    """By name."""
    boards: tuple[Adjusted, ...] = ()
    """By name, adjusted for subjects and levels."""
    reason: Reason | None = None

    @property
    def confounded(self) -> tuple[str, ...]:
        """Levels that cannot be compared with any other: they ran on boards where no other one did."""
        return tuple(each.name for each in self.levels if each.effect is None)

    @property
    def gain_spread(self) -> float | None:
        """Largest difference between boards that can be compared; on logarithms, ln of the ratio of their gains."""
        groups: dict[int, list[float]] = {}
        for each in self.boards:
            if each.effect is not None:
                groups.setdefault(each.group, []).append(each.effect)
        return max((max(effects) - min(effects) for effects in groups.values()), default=None)


@dataclass(frozen=True, slots=True)
class _Term:
    """What the indicators of some names add to what other terms explain."""

    basis: Matrix
    """(rows, rank), orthonormal"""
    solve: Matrix
    """(names, rank): from coordinates in the basis to effects, as small as they can be"""
    unseen: Matrix
    """(names, names - rank): effects that change no value once the other terms are fitted"""

    @property
    def rank(self) -> int:
        return int(self.basis.shape[1])

    def effects(self, y: Matrix, names: Sequence[str]) -> tuple[Adjusted, ...]:
        """Return each name's effect; two names can be compared where what is unseen shifts both alike."""
        apart = np.abs(self.unseen[:, None] - self.unseen[None]).max(axis=2, initial=0.0)
        groups = (apart <= _RANK).argmax(axis=1)  # the first name that each is comparable with
        found = self.solve @ (self.basis.T @ y)
        sizes = np.bincount(groups)[groups]
        effects = found - np.bincount(groups, weights=found)[groups] / sizes
        return tuple(
            Adjusted(name=name, effect=effect if size > 1 else None, group=group)
            for name, effect, size, group in zip(names, effects.tolist(), sizes.tolist(), groups.tolist(), strict=True)
        )


def blocked(
    values: Matrix, *, subjects: Sequence[str], levels: Sequence[str], boards: Sequence[str], log: bool = False
) -> Blocked:
    """
    Test the levels of a long table, (rows,) each, from which any rows may be missing.

    With `log`, of the logarithms of the values, where a board's gain is a shift.
    """
    assert len(values) == len(subjects) == len(levels) == len(boards), "each value has a subject, a level and a board"
    assert bool(np.isfinite(values).all()), "rows without a value are left out before"
    (owners, subject), (level_names, level), (board_names, board) = map(_codes, (subjects, levels, boards))
    plain = Blocked(
        n=len(values),
        n_subjects=len(owners),
        n_boards=len(board_names),
        within_one_board=np.unique(subject * len(board_names) + board).size == len(owners),
    )
    if reason := _too_small(values, plain, len(level_names), log=log):
        return replace(plain, reason=reason)
    nothing = np.empty((plain.n, 0))
    by_level, by_board = (_inner(np.eye(codes.max() + 1)[codes], subject) for codes in (level, board))
    boards_first = _term(by_board, nothing)
    level_term, board_term = _term(by_level, boards_first.basis), _term(by_board, _term(by_level, nothing).basis)
    y, unit = _centred(np.log(values) if log else values, subject)
    sized = replace(
        plain,
        df_effect=level_term.rank,
        df_board=boards_first.rank,
        df_error=plain.n - plain.n_subjects - boards_first.rank - level_term.rank,
        levels=level_term.effects(y * unit, level_names),
        boards=board_term.effects(y * unit, board_names),
    )
    rounding = _ROUNDING * (max(np.abs(np.log(values)).max(), 1.0) if log else np.abs(values).max())
    return _tested(sized, y, boards_first, level_term, unit=unit, rounding=float(rounding / unit))


def _codes(names: Sequence[str]) -> tuple[tuple[str, ...], Codes]:
    """Return the distinct names in order, and the place of each row's name among them."""
    known, places = np.unique(np.array(list(names), dtype=np.str_), return_inverse=True)
    return tuple(known.tolist()), places.astype(np.intp).reshape(-1)


def _too_small(values: Matrix, plain: Blocked, n_levels: int, *, log: bool) -> Reason | None:
    if plain.n_subjects < 2:
        return too_few(plain.n_subjects)
    if n_levels < 2:
        return Reason.ONE_LEVEL
    return Reason.NO_LOGARITHM if log and (values <= 0).any() else None


def _inner(columns: Matrix, subject: Codes) -> Matrix:
    """Take each subject's mean out of each column, (rows, columns)."""
    sums = np.zeros((subject.max() + 1, columns.shape[1]))
    np.add.at(sums, subject, columns)
    return np.asarray(columns - (sums / np.bincount(subject)[:, None])[subject])


def _term(columns: Matrix, given: Matrix) -> _Term:
    """Return what `columns` add to an orthonormal basis, (rows, rank)."""
    left = columns - given @ (given.T @ columns)
    left -= given @ (given.T @ left)  # once more: the first time leaves rounding behind
    basis, singular, turned = np.linalg.svd(left, full_matrices=False)
    rank = int((singular > _RANK).sum())
    return _Term(basis[:, :rank], turned[:rank].T / singular[:rank], turned[rank:].T)


def _centred(values: Matrix, subject: Codes) -> tuple[Matrix, float]:
    """Return the values less their subjects' means, in a unit that is a power of two, and the unit."""
    _, first = np.unique(subject, return_index=True)
    within = values - values[first][subject]  # exact where neighbours are close, so a subject's offset costs no digit
    unit = 2.0 ** math.frexp(float(np.abs(within).max()))[1]
    return _inner(within[:, None] / unit, subject)[:, 0], unit


def _tested(sized: Blocked, y: Matrix, boards: _Term, levels: _Term, *, unit: float, rounding: float) -> Blocked:
    if sized.df_effect < 1 or sized.df_error < 1:
        return replace(sized, reason=Reason.CONFOUNDED if sized.df_effect < 1 else Reason.SATURATED)
    by_level = levels.basis.T @ y
    residuals = y - boards.basis @ (boards.basis.T @ y) - levels.basis @ by_level
    ss_level, ss_error = float((by_level**2).sum()), float((residuals**2).sum())
    summed = replace(sized, ss_level=ss_level * unit**2, ss_error=ss_error * unit**2)
    if math.sqrt(ss_error / sized.n) <= rounding:
        constant = math.sqrt(ss_level / sized.n) <= rounding
        return replace(summed, reason=Reason.CONSTANT if constant else Reason.ZERO_ERROR)
    f = (ss_level / sized.df_effect) / (ss_error / sized.df_error)
    tail = f_tail(f, df_effect=sized.df_effect, df_error=sized.df_error)
    bound = f_tail(f, df_effect=1, df_error=sized.df_error / sized.df_effect)
    return replace(
        summed, f=f, p=tail.p, log10_p=tail.log10_p, p_lower_bound=bound.p, log10_p_lower_bound=bound.log10_p
    )
