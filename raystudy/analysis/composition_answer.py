"""The answer: how to cut a budget for each task, or that the data cannot tell; whether anything was learnt at all.

Compositions ──contrasts, matched, learnt──▶ a paragraph a task, and one on the volume
"""

from collections.abc import Iterator, Sequence

from raystudy.analysis.composition_contrasts import ACCURACY, LOGLIK, Contrast, contrasts
from raystudy.analysis.composition_law import volume_sentence
from raystudy.analysis.composition_learnt import learnt_sentence
from raystudy.analysis.composition_matched import JOULES, Matched, matched
from raystudy.analysis.composition_samplers import of_one_seed
from raystudy.analysis.compositions import Compositions
from raystudy.analysis.words import counted, equals, listing, number
from raystudy.stats.crossed import CONSTANT, LEAST_P, Crossed
from raystudy.stats.probability import ALPHA

_UNITS = {ACCURACY: "points of accuracy", LOGLIK: "nats"}


def answer(found: Compositions) -> tuple[str, ...]:
    """Return a paragraph a task, and one on the volume."""
    return tuple(" ".join(paragraph) for paragraph in sentences(found))


def sentences(found: Compositions) -> Iterator[tuple[str, ...]]:
    """Yield the sentences of each paragraph."""
    told, at_cost = contrasts(found), matched(found)
    for task in found.tasks:
        own = [each for each in told if each.task == task]
        learnt = learnt_sentence(found, task)
        yield (*_cut(task, own), *_at_cost(found, own, at_cost), *([] if learnt is None else [learnt]))
    yield (volume_sentence(found),)


def _cut(task: str, told: Sequence[Contrast]) -> Iterator[str]:
    """Say which sampler wins at equal budgets, by accuracy and then by log-likelihood, or that none is shown to."""
    if not told:
        yield f"On {task} no two samplers trained on different examples, so nothing is told of how to cut a budget."
        return
    if shown := _shown(told, ACCURACY):
        winner = _best_of(told)
        best = f"{winner} is the best cut of a budget" if winner else "some cuts of a budget are better than others"
        yield f"On {task}, at equal budgets, {best}: {listing([_above(each, ACCURACY) for each in shown])}."
    else:
        yield from _cannot_tell(task, told)
    if shown := _shown(told, LOGLIK):
        finer = listing([_above(each, LOGLIK) for each in shown])
        yield f"By the log-likelihood of the right answer, a finer measure than accuracy: {finer}."
    yield from _of_one_seed(told)


def _of_one_seed(told: Sequence[Contrast]) -> Iterator[str]:
    """Say what rests on one seed: all pairs, or some."""
    single = of_one_seed(told)
    if single and not any(each.seeds > 1 for each in told):
        yield "All of this rests on one seed: another may turn it, and no interval here tells of that."
    elif single:
        pairs = listing([each.pair for each in single])
        yield f"Of {pairs} there is one seed only, so no p stands beside those of pairs with more."


def _cannot_tell(task: str, told: Sequence[Contrast]) -> Iterator[str]:
    """Say that no difference of accuracy is shown, how large the largest is, and what would have been seen."""
    known = [each for each in told if each.by_measure[ACCURACY].estimate is not None]
    if not known:
        reasons = dict.fromkeys(each.by_measure[ACCURACY].reason or "" for each in told)
        yield f"On {task} the data cannot tell how to cut a budget ({listing(list(reasons))})."
        return
    if all(each.by_measure[ACCURACY].reason == CONSTANT and not each.by_measure[ACCURACY].estimate for each in known):
        yield f"On {task} all samplers answered alike, so the data cannot tell how to cut a budget."
        return
    largest = max(known, key=lambda each: abs(each.by_measure[ACCURACY].estimate or 0.0))
    yield (
        f"On {task}, at equal budgets, the data cannot tell which cut of a budget is better: the largest difference, "
        f"{_above(largest, ACCURACY)}, may be chance; {_blind(told)}."
    )


def _blind(told: Sequence[Contrast]) -> str:
    """Say how small a difference of accuracy the data could not have told."""
    widest = max(told, key=lambda each: each.blind or 0.0)
    if widest.blind is None:
        return "no difference has an interval"
    sizes = f"{counted(widest.seeds, 'seed')} and {widest.by_measure[ACCURACY].examples:,} examples"
    return f"with {sizes}, differences of up to about {number(widest.blind, digits=2)} points can go unseen"


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
    return f"{better} {size} above {worse} ({interval}{'' if p is None else f'; Holm: {_equals(p)}'})"


def _equals(p: float) -> str:
    return equals(p) if p > LEAST_P else "p < 1e-12"


def _size(crossed: Crossed, unit: str) -> tuple[str, str]:
    """Return a difference without its sign, and its interval likewise."""
    estimate, low, high = crossed.estimate or 0.0, crossed.low, crossed.high
    size = f"{number(abs(estimate))} {unit}"
    if low is None or high is None:
        return size, crossed.reason or "no interval"
    ends = (low, high) if estimate >= 0 else (-high, -low)
    return size, f"95 %: {number(ends[0])} to {number(ends[1])}"


def _at_cost(found: Compositions, told: Sequence[Contrast], at_cost: Sequence[Matched]) -> Iterator[str]:
    """Say whether what is shown at equal budgets holds at equal cost; of a winner, against the nearest other one."""
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
