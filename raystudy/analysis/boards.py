"""The boards that joules come from, and the levels adjusted for them: each board's instrument has a gain of its own.

figures ──boards_of──▶ boards of each trial ──adjusted──▶ Blocked of each measure ──▶ Tables, where boards mix in blocks
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import REASON, Row, frame_of
from raystudy.analysis.trials import Trials
from raystudy.stats.blocks import Adjusted, Blocked, blocked
from raystudy.stats.decision import decided

_TEST = (
    "Of logarithms, where a board's gain is a shift: value = block + level + board. Sphericity is assumed; the lower "
    "bound holds without it, and is the careful one to read. Unadjusted: the p that decides without boards. "
    "Boards differ by their gains, and by what they really draw; both are taken out."
)
_EFFECTS = (
    "How far each level, and each board, is from the mean of those it can be compared with, all else being equal. "
    "Empty: it ran where none of its like did, so nothing tells it from its board, or the board from it."
)
_GROUPS = "Only rows of one group can be compared with each other."
_BLOCKS = "blocks"
_MEASURES: Mapping[str, str] = {"energy_j": "training energy, J", "energy_j_per_token": "energy per token, J/token"}


def boards_of(trials: Trials) -> pl.DataFrame:
    """
    Return trial_id and boards: the devices whose joules a trial adds up, by UUID where they have one, joined by `+`.

    A name that several machines use, as `package-0`, stands with its machine.
    """
    figures = trials.added_figures().select("trial_id", "host_hash", "device").unique()
    ambiguous = pl.col("host_hash").n_unique().over("device") > 1
    named = pl.when(ambiguous).then(pl.format("{} on {}", "device", "host_hash")).otherwise("device")
    return figures.with_columns(board=named).group_by("trial_id").agg(boards=pl.col("board").sort().str.join("+"))


def adjusted(trials: Trials, column: str) -> Blocked:
    """Return the test of the levels of one measure of joules, adjusted for blocks and boards."""
    rows = trials.rows.join(boards_of(trials), on="trial_id", maintain_order="left").drop_nulls(list(_MEASURES))
    subjects, levels, boards = (rows[name].to_list() for name in ("block", "level", "boards"))
    return blocked(rows[column].to_numpy(), subjects=subjects, levels=levels, boards=boards, log=True)


def groups(effects: Iterable[Adjusted]) -> tuple[tuple[str, ...], ...]:
    """Return the names that can be compared with each other, group by group; those that cannot with any are in none."""
    names: dict[int, list[str]] = {}
    for each in effects:
        if each.effect is not None:
            names.setdefault(each.group, []).append(each.name)
    return tuple(map(tuple, names.values()))


def percent(effect: float) -> float:
    """Return a shift of logarithms as a change in per cent."""
    return 100 * math.expm1(effect)


def tables(trials: Trials) -> tuple[Table, ...]:
    """Return the adjusted tests and effects; none where joules are of one board, or each block's are."""
    if trials.joules.estimated or not trials.joules.known:
        return ()
    found = {column: adjusted(trials, column) for column in _MEASURES}
    energy = found["energy_j"]
    if energy.n_boards < 2 or energy.within_one_board:
        return ()
    return _tests(trials, found), *_effects(trials, found)


def _tests(trials: Trials, found: Mapping[str, Blocked]) -> Table:
    rows = [
        {"measure": _MEASURES[column], **_test(each, decided(trials.design(column))[1].p)}
        for column, each in found.items()
    ]
    kinds = {"measure": pl.String} | dict.fromkeys(("trials", "boards", "df", "df error"), pl.Int64)
    return Table(name="boards", title="Levels adjusted for boards", frame=frame_of(rows, kinds, _BLOCKS), note=_TEST)


def _test(found: Blocked, plain_p: float | None) -> Row:
    spread = found.gain_spread
    return {
        "trials": found.n,
        "boards": found.n_boards,
        "F": found.f,
        "df": found.df_effect,
        "df error": found.df_error,
        "p": found.p,
        "p (lower bound)": found.p_lower_bound,
        "p unadjusted": plain_p,
        "boards differ by, %": None if spread is None else percent(spread),
        REASON: found.reason,
    }


def _effects(trials: Trials, found: Mapping[str, Blocked]) -> Iterator[Table]:
    """Yield the effects, where there are any."""
    levels = {column: _in_order(trials, each.levels) for column, each in found.items()}
    boards = {column: each.boards for column, each in found.items()}
    rows = [*_effect_rows("level", levels), *_effect_rows("board", boards)]
    if rows:
        note = f"{_EFFECTS} {_GROUPS}" if "group" in rows[0] or "group" in rows[-1] else _EFFECTS
        kinds = {"of": pl.String, "name": pl.String, "group": pl.Int64}
        frame = frame_of(rows, kinds, _BLOCKS)
        yield Table(name="board-effects", title="What levels and boards add to the joules", frame=frame, note=note)


def _effect_rows(of: str, found: Mapping[str, Sequence[Adjusted]]) -> Iterator[Row]:
    """Yield a row a name; with its group, where several groups can be compared within."""
    comparable = groups(next(iter(found.values())))
    for several in zip(*found.values(), strict=True):
        effects = {
            f"{_MEASURES[column].partition(',')[0]}, %": None if each.effect is None else percent(each.effect)
            for column, each in zip(found, several, strict=True)
        }
        name = several[0].name
        group = next((place for place, names in enumerate(comparable, start=1) if name in names), None)
        yield {"of": of, "name": name, **effects} | ({"group": group} if len(comparable) > 1 else {})


def _in_order(trials: Trials, levels: Iterable[Adjusted]) -> tuple[Adjusted, ...]:
    return tuple(sorted(levels, key=lambda level: trials.levels.index(level.name)))
