"""Doubts about the samples: what else differs between samplers than how a budget is cut, and what no seed varies."""

from collections.abc import Iterator

import polars as pl

from raystudy.analysis.composition_samplers import APART
from raystudy.analysis.compositions import ALL, Compositions
from raystudy.analysis.inference import Row
from raystudy.analysis.words import counted, listing, number

MANY_CUT = 0.01
"""Share of examples whose prompt may be cut."""
MANY_PADDED = 0.05
"""Share of all positions that may be padding."""
DETERMINED = ("few_long", "many_short", "balanced")
"""Samplers that a seed moves only where lengths are equal."""
ENOUGH_HELDOUT_EXAMPLES = 2_000
"""So many give an accuracy of a half an interval of ±2.2 points."""
SKEWED_HELDOUT_EXAMPLES = 100
"""With fewer the interval of a skewed value holds less than it says; see raystudy/stats/crossed.py."""


def alike_within_groups(found: Compositions) -> Iterator[str]:
    """Held-out examples that came in groups, and are counted one by one."""
    recipe = found.trials.study.recipe
    group = "module" if "stdlib-areas" in found.rows["corpus"] else recipe.group_column
    if group is not None:
        yield (
            f"Held-out examples of one {group} are alike, and intervals take each for itself: they hold for other "
            f"examples of these {group}s. For other {group}s they would be wider, several times where few {group}s "
            "hold most examples."
        )


def content(found: Compositions) -> Iterator[str]:
    """Samplers that change what is said, and not only how long it is."""
    chosen = found.rows.filter(pl.col("sampler") != ALL)
    fewest = chosen.group_by("sampler", maintain_order=True).agg(
        n=pl.col("sample_classes").min(), of=pl.col("classes").max()
    )
    missing = [f"{sampler} {n} of {of}" for sampler, n, of in fewest.drop_nulls().iter_rows() if n < of]
    classes = f" Right answers that occur at all, at fewest: {listing(missing)}." if missing else ""
    if chosen["sampler"].n_unique() > 1:
        beside = (
            "" if "stratified" in found.samplers else " A `stratified` sample, of all lengths, would be a baseline."
        )
        yield (
            "A sampler takes other examples, not the same ones in other lengths: its effect is one of content, of "
            f"classes and of length together.{classes}{beside}"
        )


def same_samples(found: Compositions) -> Iterator[str]:
    """Samplers whose choice a seed hardly moves, so that the luck of the choice is in no interval."""
    alone = _one_sample(found)
    determined = [sampler for sampler in found.samplers if sampler in DETERMINED]
    several = found.rows["block"].n_unique() > 1
    told = []
    if determined and several:
        takes = "differs" if len(determined) == 1 else "differ"
        told.append(f"{listing(determined)} {takes} between seeds only in which of equally long examples they take.")
    if alone:
        told.append(f"All seeds took one and the same sample with {listing(alone)}.")
    if told:
        yield (
            f"{' '.join(told)} Intervals leave out the luck of which examples were taken as far as seeds took the same "
            "ones; other splits of the corpus would tell it."
        )


def _one_sample(found: Compositions) -> list[str]:
    """Return the samplers and budgets of which all seeds took one sample, as `few_long at 30 %`."""
    cells = found.rows.filter(pl.col("sampler") != ALL).group_by(
        "task", "arm", "sampler", "budget", maintain_order=True
    )
    one = cells.agg(one=(pl.col("sample_sha256").n_unique() == 1) & (pl.col("block").n_unique() > 1))
    each = one.group_by("sampler", "budget", maintain_order=True).agg(pl.col("one").all())
    return [f"{sampler} at {budget}" for sampler, budget in each.filter("one").select("sampler", "budget").iter_rows()]


def few_heldout_examples(found: Compositions) -> Iterator[str]:
    """Accuracies that rest on few answers."""
    rows = found.rows.drop_nulls(["heldout_examples", "accuracy_low", "accuracy_high"])
    n = int(rows["heldout_examples"].to_numpy().min(initial=ENOUGH_HELDOUT_EXAMPLES))
    if n < ENOUGH_HELDOUT_EXAMPLES:
        half = 100 * (rows["accuracy_high"] - rows["accuracy_low"]).to_numpy().max() / 2
        yield (
            f"Accuracies rest on {n:,} held-out examples: one answer is {number(100 / n, digits=2)} points, and other "
            f"examples would move an accuracy by up to ±{number(half, digits=2)} (95 %, binomial), a difference of two "
            f"by ±{number(2**0.5 * half, digits=2)} if they had no example in common. More held-out examples would "
            "help; the log-likelihood of the right answer tells finer."
        )


def skewed_values(found: Compositions) -> Iterator[str]:
    """Intervals of log-likelihoods over few examples."""
    n = found.rows["heldout_examples"].drop_nulls().to_numpy().min(initial=SKEWED_HELDOUT_EXAMPLES)
    if n < SKEWED_HELDOUT_EXAMPLES:
        yield (
            f"Log-likelihoods are skewed, and {counted(int(n), 'held-out example')} are few for their intervals: of "
            "values as skewed as squares of exponentials, those of 95 % held the truth in 82 to 84 % of simulations "
            "with 24 examples, and in 91 to 92 % with 200."
        )


def tokens_apart(found: Compositions) -> Iterator[str]:
    """Samplers that used different numbers of tokens at one budget."""
    if (row := _furthest_apart(found, "sample_tokens")) is not None:
        yield (
            f"Equal budgets are not equal tokens: at {_where(found, row)} {row['most']} used {row['high']:,.0f} and "
            f"{row['least']} {row['low']:,.0f}, {row['ratio'] - 1:.1%} apart. The comparison matched by tokens really "
            "used allows for it."
        )


def under_filled(found: Compositions) -> Iterator[str]:
    """Budgets that samplers left partly unused."""
    filled = found.rows.group_by("sampler", maintain_order=True).agg(
        least=(pl.col("sample_tokens") / pl.col("sample_budget_tokens")).min()
    )
    low = filled.filter(pl.col("least") < 1 - APART)
    if low.height:
        shown = listing([f"{share:.1%} by {sampler}" for sampler, share in low.iter_rows()])
        yield (
            f"Budgets are filled to {shown} at worst: a sampler stops at the first example that does not fit. Laws and "
            "matched comparisons count the tokens really used; `stratified` fills to within one example."
        )


def cut_prompts(found: Compositions) -> Iterator[str]:
    """Prompts that the context cut."""
    shares = found.rows.group_by("sampler", maintain_order=True).agg(
        share=pl.col("sample_cut").sum() / pl.col("sample_examples").sum()
    )
    cut = [
        f"{share:.1%} of those of {sampler}" for sampler, share in shares.drop_nulls().iter_rows() if share > MANY_CUT
    ]
    held = found.rows.select(pl.col("heldout_cut").sum() / pl.col("heldout_examples").sum()).item()
    if cut:
        asked = f", and {held:.1%} of the held-out ones" if held else ""
        contexts = listing([f"{context:,}" for context in found.rows["context"].unique().sort()])
        yield (
            f"Prompts are cut to a context of {contexts} tokens in {listing(cut)}{asked}: the longest examples lose "
            "most, and are then shorter than their sampler means them to be. A longer recipe.context would help."
        )


def padded(found: Compositions) -> Iterator[str]:
    """Positions that cost joules and taught nothing, more with one sampler than with another."""
    every = pl.col("tokens_padding") + pl.col("tokens_seen")
    shares = found.rows.group_by("sampler", maintain_order=True).agg(share=pl.col("tokens_padding").sum() / every.sum())
    shown = listing([f"{share:.0%} with {sampler}" for sampler, share in shares.iter_rows()])
    if (shares["share"] > MANY_PADDED).any():
        yield f"Padding took of all positions {shown}: its joules and FLOPs are counted, its tokens are not."


def one_rate(found: Compositions) -> Iterator[str]:
    """One learning rate for trainings of very different numbers of steps."""
    if "learning_rate" in found.trials.study.factors:
        return
    row = _furthest_apart(found, "steps")
    apart = ""
    if row is not None:
        steps = f"{row['least']} takes {row['low']:,.0f} steps and {row['most']} {row['high']:,.0f}"
        apart = f" At {_where(found, row)} {steps}."
    yield (
        f"All trials have the learning rate {found.trials.study.recipe.learning_rate:g}, whatever their sampler, "
        f"budget and size, and a step is a batch of examples.{apart} An effect may be that the rate suits one of them "
        "better; learning_rate as a factor would tell."
    )


def other_tokens(found: Compositions) -> Iterator[str]:
    """Models that count tokens of their own."""
    if found.tokenizers > 1:
        yield (
            f"The models have {found.tokenizers} different tokenizers, so L, N x L and nats per token count other "
            "tokens in each: compare samplers within a model, and models by accuracy and by nats per answer."
        )


def _furthest_apart(found: Compositions, column: str) -> Row | None:
    """Return the budget at which the samplers differ most in a column: low, high, whose they are, and their ratio."""
    means = found.rows.group_by("task", "arm", "budget", "sampler").agg(x=pl.col(column).mean()).sort("x", "sampler")
    ends = means.group_by("task", "arm", "budget").agg(
        low=pl.col("x").first(), high=pl.col("x").last(), least=pl.col("sampler").first(), most=pl.col("sampler").last()
    )
    worst = ends.with_columns(ratio=pl.col("high") / pl.col("low")).drop_nulls().sort("ratio", "task", "arm", "budget")
    return worst.row(-1, named=True) if worst.height and worst["ratio"][-1] > 1 + APART else None


def _where(found: Compositions, row: Row) -> str:
    """Name a budget, and the task and the arm that it is of, where there are several."""
    several = [row[name] for name, all_of in (("task", found.tasks), ("arm", found.arms)) if len(all_of) > 1]
    return f"{row['budget']} ({', '.join(several)})" if several else f"{row['budget']}"
