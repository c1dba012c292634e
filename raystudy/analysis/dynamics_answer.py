"""The answer: where the loss is least, what it does then, what was spent after it; and the arms at equal tokens.

Trajectories ──▶ two sentences an arm, and one on each pair of arms
"""

from collections.abc import Iterator

from raystudy.analysis.dynamics_energy import known_joules, past_of
from raystudy.analysis.dynamics_verdict import NO_RISE, NOT_TOLD, OVERFITS, STOPPED, at_equal_tokens, repeats, verdict
from raystudy.analysis.trajectories import SEED, Arm, Trajectories
from raystudy.analysis.words import counted, equals, in_unit, listing, number
from raystudy.stats.probability import ALPHA
from raystudy.stats.reason import Reason


def answer(found: Trajectories) -> tuple[str, ...]:
    """Return the sentences."""
    if not found.arms:
        return ("No trial has a held-out loss at every interval, so there is no trajectory to tell.",)
    return (*(text for arm in found.arms for text in _of_arm(found, arm)), *_between(found), *_repetition(found))


def _of_arm(found: Trajectories, arm: Arm) -> Iterator[str]:
    where = found.name(arm, "the held-out loss")
    best, least = int(arm.turning.best), arm.data.values[:, arm.best].mean()
    epochs = arm.at(arm.best)["epochs_seen"].to_numpy().mean()
    seeds = counted(len(arm.data.subjects), SEED)
    yield (
        f"{where[0].upper()}{where[1:]} is least at {best:,} tokens ({number(epochs)} epochs): {number(least)} nats "
        f"per token, the mean of {seeds}; {_afterwards(arm)}."
    )
    yield from _spent(found, arm)


def _afterwards(arm: Arm) -> str:
    """Say what the loss does after its least mean."""
    rise, last = arm.turning.rise, int(arm.data.levels[-1])
    if arm.best == arm.places - 1 and arm.up_to is not None:
        return "that is as far as all runs got before a rule stopped them, so what would have followed is not known"
    if arm.best == arm.places - 1:
        return "that is the last interval, so it has not risen again"
    end = f"{number(arm.data.values[:, -1].mean())} at {last:,} tokens"
    if rise.estimate is None or rise.ci_low is None or rise.ci_high is None:
        return f"it ends at {end}, and its rise has no test{_because(rise.reason)}"
    spread = f"95 %: {number(rise.ci_low)} to {number(rise.ci_high)}"
    if rise.ci_low <= 0:
        return f"it ends at {end}, and no rise is shown ({spread} nats)"
    first = arm.turning.first_rise
    shown = "" if first is None else f", first shown at {int(first):,}"
    return (
        f"then it rises to {end}{shown}; with each seed's best interval chosen by the other seeds, the rise is "
        f"{number(rise.estimate)} nats ({spread})"
    )


def _spent(found: Trajectories, arm: Arm) -> Iterator[str]:
    """Say what was spent after the least loss, where joules are known and the loss has risen."""
    past, rise = past_of(arm), arm.turning.rise
    if past is None or past.energy_j.low is None or past.share.mean is None or not (rise.ci_low or 0) > 0:
        return
    divisor, unit = in_unit([past.energy_j.mean or 0.0])
    mean, low_j, high_j, u_j = (
        None if value is None else number(value / divisor)
        for value in (past.energy_j.mean, past.energy_j.low, past.energy_j.high, past.u_j)
    )
    known, runs = len(known_joules(arm)), len(arm.runs.subjects)
    certain = [
        f"95 % between seeds: {low_j} to {high_j}",
        *([] if u_j is None else [f"± {u_j} from readings"]),
        *([] if known == runs else [f"{known} of {runs} runs have joules"]),
    ]
    cut = "" if arm.up_to is None else f" and up to {arm.up_to:,} tokens"
    yield (
        f"After each seed's own minimum{cut} the training spent {'an estimated ' if found.joules.estimated else ''}"
        f"{mean} {unit} ({'; '.join(certain)}), {number(100 * past.share.mean)} % of its joules"
        f"{' up to there' if cut else ''}."
    )


def _between(found: Trajectories) -> Iterator[str]:
    """Say how the arms differ at equal tokens."""
    equal = at_equal_tokens(found)
    if equal is None:
        return
    for pair in equal.pairs:
        if pair.mean_diff == 0 and pair.reason is Reason.CONSTANT:
            both = f"{found.factor} {pair.a} and {pair.b}"
            yield f"At {equal.tokens:,} tokens the loss with {both} is the same in every seed."
            continue
        if pair.mean_diff is None or pair.p_holm is None or pair.ci_low is None or pair.ci_high is None:
            yield (
                f"At {equal.tokens:,} tokens the loss with {found.factor} {pair.a} cannot be compared with that with "
                f"{pair.b}{_because(pair.reason)}."
            )
            continue
        low, high = (pair.ci_low, pair.ci_high) if pair.mean_diff > 0 else (-pair.ci_high, -pair.ci_low)
        sure = "hardly chance" if pair.p_holm < ALPHA else "which chance may make"
        yield (
            f"At {equal.tokens:,} tokens the loss with {found.factor} {pair.a} is {number(abs(pair.mean_diff))} nats "
            f"{'above' if pair.mean_diff > 0 else 'below'} that with {pair.b} over {counted(pair.n, SEED)} (95 %: "
            f"{number(low)} to {number(high)}), {sure} ({equals(pair.p_holm)})."
        )


def _repetition(found: Trajectories) -> Iterator[str]:
    """Say that repeated text overfits and fresh text does not; where not all arms do so, which arms rise."""
    verdicts = {arm.level: verdict(arm) for arm in found.arms}
    repeated = {arm.level for arm in found.arms if repeats(arm)}
    flat = [level for level in verdicts if verdicts[level] in NO_RISE]
    rising = [level for level in verdicts if verdicts[level] not in {*NO_RISE, NOT_TOLD, STOPPED}]
    if OVERFITS not in verdicts.values() or not flat:
        return
    if {level for level in verdicts if verdicts[level] == OVERFITS} == repeated and {*flat, *repeated} == {*verdicts}:
        yield "The loss rises where text is repeated, and is not shown to rise where it is not: it overfits."
        return
    risen, not_risen = (
        listing([f"{level} ({'repeated' if level in repeated else 'fresh'} text)" for level in levels])
        for levels in (rising, flat)
    )
    yield f"The loss rises at {found.factor} {risen}, and is not shown to rise at {not_risen}."


def _because(reason: str | None) -> str:
    return f" ({reason.replace('subject', SEED)})" if reason else ""
