"""The answer: how to cut a budget for each task, or that the data cannot tell; whether anything was learnt at all.

Compositions ──contrasts, matched, gains──▶ a few sentences a task, and one on the volume
"""

from collections.abc import Iterator, Sequence

from raystudy.analysis.composition_conditions import accuracy_of
from raystudy.analysis.composition_contrasts import ACCURACY, LOGLIK, Contrast, contrasts
from raystudy.analysis.composition_cost import gain_of
from raystudy.analysis.composition_law import volume_sentence
from raystudy.analysis.composition_matched import JOULES, Matched, matched
from raystudy.analysis.composition_samplers import one_seed
from raystudy.analysis.compositions import Cell, Compositions
from raystudy.analysis.words import counted, equals, listing, number
from raystudy.stats.crossed import Crossed, crossed_mean
from raystudy.stats.probability import ALPHA

_UNITS = {ACCURACY: "points of accuracy", LOGLIK: "nats"}


def answer(found: Compositions) -> tuple[str, ...]:
    """Return the sentences."""
    told, at_cost = contrasts(found), matched(found)
    sentences = [
        text
        for task in found.tasks
        for text in (
            *_cut(task, [each for each in told if each.task == task]),
            *_at_cost(found, [each for each in told if each.task == task], at_cost),
            *_learnt(found, task),
        )
    ]
    volume = volume_sentence(found)
    return tuple(sentences if volume is None else [*sentences, volume])


def _cut(task: str, told: Sequence[Contrast]) -> Iterator[str]:
    """Say which sampler wins at equal tokens, by accuracy and then by log-likelihood, or that none is shown to."""
    if not told:
        yield f"On {task} no two samplers trained on different examples, so nothing is told of how to cut a budget."
        return
    if shown := _shown(told, ACCURACY):
        winner = _best_of(told)
        best = f"{winner} is the best cut of a budget" if winner else "some cuts of a budget are better than others"
        yield f"On {task}, at equal tokens, {best}: {listing([_above(each, ACCURACY) for each in shown])}."
    else:
        yield from _cannot_tell(task, told)
    if shown := _shown(told, LOGLIK):
        finer = listing([_above(each, LOGLIK) for each in shown])
        yield f"By the log-likelihood of the right answer, a finer measure than accuracy: {finer}."
    if one_seed(told):
        yield "All of this is of the one seed that was run: another may turn it, and no interval here tells of that."


def _cannot_tell(task: str, told: Sequence[Contrast]) -> Iterator[str]:
    """Say that no difference of accuracy is shown, how large the largest is, and what would have been seen."""
    known = [each for each in told if each.by_measure[ACCURACY].estimate is not None]
    if not known:
        reasons = dict.fromkeys(each.by_measure[ACCURACY].reason or "" for each in told)
        yield f"On {task} the data cannot tell how to cut a budget ({listing(list(reasons))})."
        return
    largest = max(known, key=lambda each: abs(each.by_measure[ACCURACY].estimate or 0.0))
    yield (
        f"On {task}, at equal tokens, the data cannot tell which cut of a budget is better: the largest difference, "
        f"{_above(largest, ACCURACY)}, may be chance; {_blind(told)}."
    )


def _blind(told: Sequence[Contrast]) -> str:
    """Say how small a difference of accuracy the data could not have told."""
    crossed = [each.by_measure[ACCURACY] for each in told]
    widest = max((each.half_width for each in crossed if each.half_width is not None), default=None)
    if widest is None:
        return "no difference has an interval"
    sizes = f"{counted(crossed[0].seeds, 'seed')} and {crossed[0].examples:,} examples"
    return f"with {sizes}, a difference of less than about {number(widest, digits=2)} points can go unseen"


def _shown(told: Sequence[Contrast], measure: str) -> list[Contrast]:
    """Return the pairs that differ by more than chance makes among them all."""
    return [each for each in told if (p := each.p_holm[measure]) is not None and p < ALPHA]


def _best_of(told: Sequence[Contrast]) -> str | None:
    """Return the sampler that is shown to be above every other one."""
    samplers = dict.fromkeys(sampler for each in told for sampler in (each.a, each.b))
    above = [_order(each)[0] for each in _shown(told, ACCURACY)]
    return next((sampler for sampler in samplers if above.count(sampler) == len(samplers) - 1), None)


def _order(told: Contrast, measure: str = ACCURACY) -> tuple[str, str]:
    """Return the pair, the better one first."""
    return (told.a, told.b) if (told.by_measure[measure].estimate or 0.0) >= 0 else (told.b, told.a)


def _above(told: Contrast, measure: str) -> str:
    """Say by how much one is above the other: `few_long 0.18 nats above many_short (95 %: 0.14 to 0.21; ...)`."""
    (better, worse), p = _order(told, measure), told.p_holm[measure]
    size, interval = _size(told.by_measure[measure], _UNITS[measure])
    return f"{better} {size} above {worse} ({interval}{'' if p is None else f'; Holm: {equals(p)}'})"


def _size(crossed: Crossed, unit: str) -> tuple[str, str]:
    """Return a difference without its sign, and its interval likewise."""
    estimate, low, high = crossed.estimate or 0.0, crossed.low, crossed.high
    size = f"{number(abs(estimate))} {unit}"
    if low is None or high is None:
        return size, crossed.reason or "no interval"
    ends = (low, high) if estimate >= 0 else (-high, -low)
    return size, f"95 %: {number(ends[0])} to {number(ends[1])}"


def _at_cost(found: Compositions, told: Sequence[Contrast], at_cost: Sequence[Matched]) -> Iterator[str]:
    """Say whether what is shown at equal tokens holds at equal cost; of a winner, against the nearest other one."""
    shown, winner = _shown(told, ACCURACY), _best_of(told)
    if winner:
        of_winner = [each for each in shown if winner in (each.a, each.b)]
        shown = [min(of_winner, key=lambda each: abs(each.by_measure[ACCURACY].estimate or 0.0))]
    for each in shown:
        own = [cost for cost in at_cost if (cost.task, cost.a, cost.b) == (each.task, each.a, each.b)]
        better, worse = _order(each)
        nearest = ", the next best," if winner and len(told) > 1 else ""
        yield f"That {better} is above {worse}{nearest} {_held(found, own, better)}."


def _held(found: Compositions, costs: Sequence[Matched], better: str) -> str:
    """Say at which equal cost a sampler is still shown to be better, and at which it is not."""
    refused = {cost.reason for cost in costs if not cost.by_measure}
    if len(refused) == 1 and not any(cost.by_measure for cost in costs):
        return f"cannot be told at equal cost ({refused.pop()})"
    holds, lost = (
        listing([_cost(found, cost) for cost in costs if _still(cost, better) is wanted]) for wanted in (True, False)
    )
    return ", but ".join([*([f"holds at {holds}"] if holds else []), *([f"is not shown at {lost}"] if lost else [])])


def _still(cost: Matched, better: str) -> bool:
    """Tell whether all of the interval at equal cost is on the side of the better sampler."""
    crossed = cost.by_measure.get(ACCURACY)
    if crossed is None or crossed.low is None or crossed.high is None:
        return False
    return crossed.low > 0 if better == cost.a else crossed.high < 0


def _cost(found: Compositions, cost: Matched) -> str:
    by = found.trials.joules.mark(cost.by) if cost.by == JOULES else cost.by
    if not cost.by_measure:
        return f"equal {by} ({cost.reason})"
    size, interval = _size(cost.by_measure[ACCURACY], _UNITS[ACCURACY])
    return f"equal {by} ({size}, {interval})"


def _learnt(found: Compositions, task: str) -> Iterator[str]:
    """Say what the best configuration reaches, and whether that is above what takes no training."""
    told = {cell: accuracy_of(found, cell) for cell in found.cells(task=task)}
    known = {cell: each.estimate for cell, each in told.items() if each.estimate is not None}
    if not known:
        return
    best = max(known, key=lambda cell: known[cell])
    majority = found.runs(best)["accuracy_majority"].mean()
    rivals = {"zero-shot": gain_of(found, best)}
    if isinstance(majority, float):
        rivals["always giving the commonest answer"] = _over(found, best, majority)
    beside = listing([f"{number(known[best] - (each.estimate or 0.0))} % ({name})" for name, each in rivals.items()])
    chosen = f"even as the best of {len(known)} configurations, " if len(known) > 1 else ""
    above = [name for name, each in rivals.items() if _passed(each, len(known))]
    yield (
        f"The most that was answered right on {task} is {number(known[best])} % ({best.arm}, {best.sampler}, "
        f"{best.budget}; {_size(told[best], '%')[1]}), against {beside}: {chosen}{_verdict(above, [*rivals])}."
    )


def _verdict(above: Sequence[str], rivals: Sequence[str]) -> str:
    """Say what takes no training and is shown to be beaten."""
    if not above:
        return f"it is not shown to be above {' or '.join(rivals)}, so nothing is shown to have been learnt"
    rest = [name for name in rivals if name not in above]
    return f"it is shown to be above {listing(above)}{f', but not above {listing(rest)}' if rest else ''}"


def _over(found: Compositions, cell: Cell, share: float) -> Crossed:
    """Return the points of accuracy above a fixed share."""
    return crossed_mean(100 * (found.answered[cell]["correct"].values - share))


def _passed(gain: Crossed, among: int) -> bool:
    """Tell whether a gain is above zero, as the greatest of so many (Bonferroni)."""
    return gain.p is not None and (gain.estimate or 0.0) > 0 and gain.p * among < ALPHA
