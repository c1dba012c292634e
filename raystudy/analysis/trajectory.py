"""Findings of any table of losses along training: where the loss is least, what it does after, how it got there.

rows ──followed──▶ Trajectory ──findings──▶ Findings
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from raystudy.analysis.apa import sentence
from raystudy.analysis.findings import Findings
from raystudy.analysis.inference import Tested, effects_table, sizes_table, trends_table
from raystudy.analysis.tested_caveats import few_for_levels, left_out
from raystudy.analysis.trajectory_tables import seeds_table, stability_table, trajectory_table
from raystudy.analysis.words import counted, equals, listing, number
from raystudy.errors import AnalysisError
from raystudy.stats.bands import Band, bands
from raystudy.stats.cells import LARGEST, design
from raystudy.stats.decision import decided
from raystudy.stats.design import Design, Factor, Matrix, as_number
from raystudy.stats.probability import ALPHA
from raystudy.stats.resample import Resampled, sign_flip
from raystudy.stats.spikes import FEWEST, PUBLISHED, Rule, cannot_fire
from raystudy.stats.stability import Settled, sensitivity
from raystudy.stats.telemetry import Telemetry, telemetry, volatility
from raystudy.stats.trend import Polynomial, Trend, trend
from raystudy.stats.turning import NO_RISE, Turning, turning

SEEDS = "seeds"
_FEWEST_INTERVALS = 3
"""With two differences, the least that have a spread."""
_EVEN = 0.1
"""Distances that differ by this part are alike: an interval ends with a whole step, 512 tokens of 10,000, say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trajectory:
    """All that is said of one loss along training."""

    loss: str
    data: Design
    telemetry: Telemetry
    bands: tuple[Band, ...]
    turning: Turning
    stability: tuple[Settled, ...]
    tested: Mapping[str, Tested]
    """The loss first, then what arXiv 2606.13370 tests beside it: its perplexity, its rolling volatility."""
    trend: Trend
    sign_flip: Resampled

    @property
    def interval(self) -> str:
        """What the intervals are called."""
        return self.data.within[0].name


def followed(rows: pl.LazyFrame, *, seed: str, interval: str, loss: str, rule: Rule | None = None) -> Trajectory:
    """
    Follow the loss, in nats, of each seed; without a `rule` for spikes, by the published one, though it cannot fire.

    Raises AnalysisError for intervals that are no numbers, or fewer than three, where no seed is complete, and for a
    rule that can never fire.
    """
    data = design(rows, subject=seed, within=[interval], value=loss)
    _check(data)
    intervals = len(data.levels)
    if rule is not None and (why := cannot_fire(rule, intervals - 1)):
        raise AnalysisError(f"Spikes of {counted(rule.window, 'difference')} and z {rule.z:g} are refused. {why}")
    rule = rule or PUBLISHED
    return Trajectory(
        loss=loss,
        data=data,
        telemetry=telemetry(data, rule),
        bands=bands(data),
        turning=turning(data),
        stability=sensitivity(data, window=rule.window),
        tested={name: decided(each) for name, each in _measures(data, loss, rule)},
        trend=trend(data),
        sign_flip=sign_flip(data),
    )


def _check(data: Design) -> None:
    """Refuse what is no trajectory."""
    (factor,) = data.within
    if named := [level for level in factor.levels if as_number(level) is None]:
        raise AnalysisError(
            f"Column {factor.name!r} holds {named[0]!r}, where a number is expected: a trajectory needs an order. Give "
            "the column of tokens, steps or intervals."
        )
    if data.scores is not None and np.abs(data.scores).max(initial=0.0) >= LARGEST:
        greatest = factor.levels[int(np.abs(data.scores).argmax())]
        raise AnalysisError(
            f"Column {factor.name!r} holds {greatest}, too great to be told from its neighbours; numbers below "
            f"{LARGEST:g} are expected, such as tokens or steps."
        )
    if len(factor.levels) < _FEWEST_INTERVALS:
        raise AnalysisError(
            f"Column {factor.name!r} holds {listing(factor.levels)} only; a trajectory has {_FEWEST_INTERVALS} "
            "intervals or more. Keep more rows, or compare ends with `raystudy anova`."
        )
    if not data.subjects:
        raise AnalysisError(
            f"No seed has a loss at each of the {len(factor.levels)} intervals: {listing([*map(str, data.dropped)])}. "
            "Name the column that is the same along one training, or leave out the intervals that some lack."
        )


def _measures(data: Design, loss: str, rule: Rule) -> Iterator[tuple[str, Design]]:
    """Yield the loss, its perplexity where that is a number, and its rolling volatility where it has one."""
    yield loss, data
    if data.values.max() < np.log(LARGEST):
        yield "perplexity", replace(data, values=np.exp(data.values))
    yield "rolling volatility", _from(data, volatility(data.values, window=rule.window), FEWEST)


def _from(data: Design, values: Matrix, first: int) -> Design:
    """Return the design of other values, from the interval number `first` on."""
    factor = Factor(name=data.within[0].name, levels=data.levels[first:])
    return replace(data, values=values[:, first:], within=(factor,))


def findings(found: Trajectory) -> Findings:
    """Say what was found."""
    first = "measure"
    return Findings(
        study=found.loss,
        question=f"What does {found.loss} do along {found.interval}?",
        answer=tuple(_answer(found)),
        caveats=tuple(_caveats(found)),
        tables=(
            trajectory_table(found.telemetry, found.bands),
            seeds_table(found.telemetry),
            effects_table(found.tested, first=first, subjects=SEEDS),
            sizes_table(found.tested, first=first, subjects=SEEDS),
            trends_table({found.loss: found.trend}, first=first, subjects=SEEDS),
            stability_table(found.stability),
        ),
        figures=(),
        facts=(),
    )


def _answer(found: Trajectory) -> Iterator[str]:
    intervals = found.telemetry.intervals
    best, last = found.turning.best, intervals[-1]
    place = found.data.levels.index(best)
    mean = f"The mean {found.loss} of {counted(len(found.data.subjects), 'seed')}"
    end = f"at the end, {found.interval} {last.interval}"
    if best == last.interval:
        yield f"{mean} is least {end}: {number(last.mean)}."
    else:
        least = number(intervals[place].mean)
        yield f"{mean} is least at {found.interval} {best}, {least}, and {number(last.mean)} {end}."
    yield from _rise(found.turning)
    yield _rises(found, place)
    yield from _spikes(found.telemetry)
    yield sentence(*found.tested[found.loss])
    yield from _bend(found.trend.quadratic)


def _rise(turning: Turning) -> Iterator[str]:
    """Say whether the final loss lies above the best, and where that begins."""
    rise = turning.rise
    if rise.t is None or rise.p is None or rise.ci_low is None or rise.ci_high is None or rise.estimate is None:
        if rise.reason != NO_RISE:
            yield f"A rise after the least loss has no test: {rise.reason}."
        return
    size = f"{number(rise.estimate)}, 95 % CI [{number(rise.ci_low)}, {number(rise.ci_high)}]"
    test = f"t({rise.df}) = {number(rise.t)}, {equals(rise.p)}"
    found = "It rises again, by" if rise.p < ALPHA else "That it rises again is not shown:"
    yield f"{found} {size}, {test}, from each seed's interval that is best for the other seeds to the end."
    if turning.first_rise is not None and turning.first_rise_p is not None:
        p = equals(turning.first_rise_p)
        yield f"The first rise that is established, all differences tested together, ends at {turning.first_rise}, {p}."


def _rises(found: Trajectory, best: int) -> str:
    """Say how often the loss rose, before its least mean and after."""
    seeds = len(found.data.subjects)
    rose = [each.backslides for each in found.telemetry.intervals[1:]]
    parts = {"up to there": rose[:best], "after it": rose[best:]}
    told = [f"{sum(some)} of {len(some) * seeds} {where}" for where, some in parts.items() if some]
    return f"Differences between intervals that are rises: {listing(told)}."


def _spikes(told: Telemetry) -> Iterator[str]:
    """Say how many intervals are spikes, by which rule."""
    window = told.rule.window
    inside = [f"{each.seed} at {at}" for each in told.seeds for at in each.spikes]
    before = [f"{each.seed} at {at}" for each in told.seeds for at in each.spikes_lagged]
    void = ", which can find none" if told.refused else ""
    yield (
        f"Spikes: {_spiked(inside)} by a window of {window:,} differences, itself among them{void}; {_spiked(before)} "
        f"by the {window:,} before, which would find about {number(told.lagged_by_chance, digits=2)} in noise alone."
    )


def _spiked(where: Sequence[str]) -> str:
    return f"{len(where)} ({listing(where)})" if where else "none"


def _bend(bend: Polynomial) -> Iterator[str]:
    """Say which way the curve bends, where it does: a line alone describes no loss that falls and rises."""
    if bend.t is not None and bend.p is not None and bend.p < ALPHA:
        way = "up, as what falls and then levels off or rises" if bend.t > 0 else "down"
        yield f"The curve bends {way}: t({bend.df}) = {number(bend.t)}, {equals(bend.p)}."


def _caveats(found: Trajectory) -> Iterator[str]:
    data, told = found.data, found.telemetry
    yield from (f"The published rule for spikes is void. {each.reason}" for each in told.refused)
    yield from left_out(data, subject="seed", cell="an interval")
    yield from few_for_levels(data, subjects="seeds", levels="intervals")
    if len(data.subjects) == 1:
        yield "One seed has no spread between seeds, so nothing is tested: the telemetry tells of this training only."
    steps = np.diff(np.asarray(data.scores))
    if np.ptp(steps) > _EVEN * steps.mean():
        yield (
            f"The intervals are not evenly spaced ({number(steps.min())} to {number(steps.max())}), so that wider ones "
            "show greater differences: volatility, backslides and spikes compare unlike stretches."
        )
