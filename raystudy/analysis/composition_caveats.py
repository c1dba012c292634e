"""Doubts about a study of composition: what was run twice, what budgets really held, what few seeds and examples tell.

To add a doubt, write the function and name it in COMPOSITION_CAVEATS, in the order in which a reader should meet it.
"""

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from raystudy.analysis import design_caveats, energy_caveats, meter_caveats, sample_caveats, text_caveats
from raystudy.analysis.caveats import CAVEATS, Caveat
from raystudy.analysis.composition_cost import gain_of
from raystudy.analysis.composition_law import unseen
from raystudy.analysis.compositions import Cell, Compositions
from raystudy.analysis.words import counted, in_unit, listing, number
from raystudy.stats.crossed import crossed_mean
from raystudy.stats.probability import ALPHA

Doubt = Callable[[Compositions], Iterator[str]]

ENOUGH_SEEDS = 5
NOT_ASKED: frozenset[Caveat] = frozenset(
    {
        design_caveats.few_repetitions,
        meter_caveats.within_uncertainty,
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
        cells = found.cells(task=task)
        if cells and not any(_above_baselines(found, cell, among=len(cells)) for cell in cells):
            yield (
                f"No accuracy on {task} is shown to be above zero-shot, the commonest answer and chance, so samplers "
                "are compared by models that may have learnt nothing. More training, a higher learning rate, or a "
                "larger model would help."
            )


def _above_baselines(found: Compositions, cell: Cell, *, among: int) -> bool:
    """Tell whether a configuration, one among so many (Bonferroni), is above all that needs no training."""
    right, rows = found.answered[cell]["correct"].values, found.runs(cell)
    shares = (rows[column].mean() for column in ("accuracy_majority", "accuracy_chance"))
    above = [gain_of(found, cell), *(crossed_mean(right - share) for share in shares if isinstance(share, float))]
    return all(gain.p is not None and gain.p * among < ALPHA and (gain.estimate or 0.0) > 0 for gain in above)


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
        f"every mean, law and test{cost}. Where a budget takes every example, one sampler is enough."
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
    if unseen(found) is None and tokens.size and tokens.max() > tokens.min():
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
