"""Doubts about a study of composition: what was run twice, what budgets really held, what few seeds and examples tell.

To add a doubt, write the function and name it in COMPOSITION_CAVEATS, in the order in which a reader should meet it.
"""

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from raystudy.analysis import design_caveats, energy_caveats, meter_caveats, sample_caveats, text_caveats
from raystudy.analysis.caveats import CAVEATS, Caveat
from raystudy.analysis.composition_contrasts import contrasts
from raystudy.analysis.composition_law import has_laws
from raystudy.analysis.composition_learnt import learnt
from raystudy.analysis.compositions import ALL, Compositions
from raystudy.analysis.trials import label
from raystudy.analysis.words import counted, in_unit, listing, number

Doubt = Callable[[Compositions], Iterator[str]]

ENOUGH_SEEDS = 5
NOT_ASKED: frozenset[Caveat] = frozenset(
    {
        design_caveats.few_repetitions,
        meter_caveats.within_uncertainty,
        text_caveats.few_heldout_tokens,
        text_caveats.overlapping_losses,
        text_caveats.different_corpora,
        text_caveats.mixed_tokenizers,
        text_caveats.padding,
        text_caveats.nominal_tokens,
        text_caveats.one_sentence,
        energy_caveats.mostly_denominator,
        energy_caveats.constant_speed,
    }
)
"""Doubts of levels of one factor that make no sense here, or that these tell in another way."""


def caveats(found: Compositions) -> tuple[str, ...]:
    """Return every doubt that these runs raise."""
    return tuple(text for doubt in CAVEATS for text in _in_turn(doubt, found))


def _in_turn(doubt: Caveat, found: Compositions) -> Iterator[str]:
    """Yield what a doubt of any trials says of these; those of composition stand where blocks would be doubted."""
    if doubt is design_caveats.incomplete_blocks:
        yield from design_caveats.not_finished(found.trials)
        for own in COMPOSITION_CAVEATS:
            yield from own(found)
    elif doubt not in NOT_ASKED:
        yield from doubt(found.trials)


def not_learnt(found: Compositions) -> Iterator[str]:
    """Tasks on which no configuration is shown to be better than what needs no training."""
    for task in found.tasks:
        told = learnt(found, task)
        if told.testable and not told.shown:
            yield (
                f"No accuracy on {task} is shown to be above zero-shot, any constant answer and chance, so samplers "
                "are compared by models that may have learnt nothing. More training, a higher learning rate, or a "
                "larger model would help."
            )


def fewer_seeds(found: Compositions) -> Iterator[str]:
    """Pairs of samplers that lost a seed, since some configuration lacks a trial of it."""
    for task in found.tasks:
        run = set(found.at(task=task)["block"])
        fewer = [each for each in contrasts(found) if each.task == task and each.seeds < len(run)]
        if not fewer:
            continue
        rest = listing([f"{each.pair} on {each.seeds}" for each in fewer])
        cells = (cell for twin in fewer[0].twins for cell in twin)
        lacks = ((cell, run - set(found.answered[cell]["correct"].blocks)) for cell in cells)
        cell, missing = next((cell, missing) for cell, missing in lacks if missing)
        yield (
            f"Of {counted(len(run), 'seed')} that were run on {task} some pairs use fewer, for each takes those that "
            f"all of its configurations have: {rest}. {cell.arm}, {cell.sampler}, {cell.budget} lacks "
            f"{listing(sorted(missing))}."
        )


def copies(found: Compositions) -> Iterator[str]:
    """Trials that ran what another had run."""
    if found.copies.is_empty():
        return
    joules, first = found.trials.joules, found.copies.row(0, named=True)
    spent_j = found.copies[joules.train_j].drop_nulls().to_numpy().sum()
    per, unit = in_unit([spent_j])
    cost = f", and their {joules.mark(f'{number(spent_j / per)} {unit}')} bought nothing new" if spent_j else ""
    yield (
        f"{counted(found.copies.height, 'trial')} of {found.trials.rows.height} copied another run (same examples, "
        f"weights, seeds and settings), as {first['trial_id']} that of {first['copy_of']}: they are left out of "
        f"every mean, law and test{cost}.{_advice(found)}"
    )


def _advice(found: Compositions) -> str:
    """Say what need not be run: several samplers where all is taken, and levels of factors that changed nothing."""
    levels = {trial.id: dict(trial.condition.levels) for trial in found.trials.study.trials()}
    same: dict[str, dict[str, None]] = {}
    all_taken = False
    for one, other, sampler in found.copies.select("trial_id", "copy_of", "sampler").iter_rows():
        for factor in found.trials.study.factors:
            pair = [label(levels[trial][factor]) for trial in (other, one)]
            if pair[0] != pair[1] and factor == "sampler" and sampler == ALL:
                all_taken = True
            elif pair[0] != pair[1]:
                same.setdefault(factor, {}).update(dict.fromkeys(pair))
    idle = [f"{factor} ({listing(list(names))})" for factor, names in same.items()]
    return (" Where a budget takes every example, one sampler is enough." if all_taken else "") + (
        f" What changed nothing there: {listing(idle)}." if idle else ""
    )


def few_seeds(found: Compositions) -> Iterator[str]:
    """Intervals that rest on few seeds."""
    n = found.rows["block"].n_unique()
    if n == 1:
        yield (
            "One seed: intervals hold for other examples, but say nothing of another order of training or another "
            f"sample. {ENOUGH_SEEDS} or more would help."
        )
    elif n < ENOUGH_SEEDS:
        yield f"Only {n} seeds: intervals are as wide as so few make them. {ENOUGH_SEEDS} or more would help."


def one_pretraining(found: Compositions) -> Iterator[str]:
    """Sizes of which each has one set of weights to start from."""
    weights = found.rows.drop_nulls("base_sha256").group_by("model", maintain_order=True)
    bases = weights.agg(n=pl.col("base_sha256").n_unique())
    if bases.height > 1 and (bases["n"] == 1).all():
        how = "was pretrained once" if found.trials.study.pretraining is not None else "starts from one set of weights"
        yield (
            f"Each of {listing(bases['model'].to_list())} {how}, so what its size does cannot be told from the luck of "
            "those weights: intervals and laws hold for these models."
        )


def answer_only(found: Compositions) -> Iterator[str]:
    """Held-out losses that are those of the answer alone."""
    if (found.rows["loss_on"] == "answer").all():
        yield (
            "Held-out losses are those of the tokens of the right answer alone, given the prompt: they cannot be "
            "compared with the losses of a text."
        )


def short_range(found: Compositions) -> Iterator[str]:
    """Laws that hold where they were fitted."""
    tokens, sizes = found.rows["sample_tokens"].drop_nulls().to_numpy(), found.rows["parameters"].to_numpy()
    if has_laws(found) and tokens.size and tokens.max() > tokens.min():
        told = (
            f"{tokens.min():,} to {tokens.max():,} tokens, a factor of {number(tokens.max() / tokens.min(), digits=2)}"
        )
        models = (
            f" and {sizes.min():,} to {sizes.max():,} parameters" if sizes.max() > sizes.min() else " and one model"
        )
        yield f"Laws were fitted on {told},{models}: what they say of more is not tested here."


COMPOSITION_CAVEATS: Sequence[Doubt] = (
    not_learnt,
    few_seeds,
    fewer_seeds,
    sample_caveats.few_heldout_examples,
    sample_caveats.alike_within_groups,
    sample_caveats.skewed_values,
    sample_caveats.same_samples,
    sample_caveats.content,
    sample_caveats.one_rate,
    sample_caveats.tokens_apart,
    sample_caveats.under_filled,
    sample_caveats.cut_prompts,
    sample_caveats.padded,
    one_pretraining,
    sample_caveats.other_tokens,
    copies,
    short_range,
    answer_only,
)
