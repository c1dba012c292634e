"""Doubts about the text: what was trained on, what the losses were evaluated on, and how tokens were counted."""

import itertools
from collections.abc import Iterator

import polars as pl

from raystudy.analysis.trials import Trials
from raystudy.analysis.words import counted, listing, number

ENOUGH_HELDOUT_TOKENS = 100_000
NOMINAL_TOLERANCE = 0.05
"""Share by which the tokens processed may differ from their label."""
PADDING_TOLERANCE = 0.05
"""Share of all positions that may be padding."""


def synthetic_corpus(trials: Trials) -> Iterator[str]:
    """Text that a program wrote."""
    synthetic = trials.rows.filter("corpus_synthetic")["corpus"].unique().sort()
    for corpus in synthetic:
        yield (
            f"The corpus `{corpus}` is synthetic: a program writes it, so its losses fall faster and lower than those "
            "of human text. Its joules are real; for its losses, repeat the study on a real corpus."
        )


def few_heldout_tokens(trials: Trials) -> Iterator[str]:
    """Losses that rest on little text."""
    fewest = int(trials.rows["heldout_tokens"].to_numpy().min(initial=ENOUGH_HELDOUT_TOKENS))
    if fewest < ENOUGH_HELDOUT_TOKENS:
        yield (
            f"Held-out losses rest on {fewest:,} tokens, fewer than {ENOUGH_HELDOUT_TOKENS:,}; "
            f"{_interval(trials)}. A higher eval_tokens, or a larger corpus, would help."
        )


def _interval(trials: Trials) -> str:
    half = (trials.rows["loss_heldout_high"] - trials.rows["loss_heldout_low"]).to_numpy().mean() / 2
    return f"another sample of documents would move one by about ±{number(half, digits=2)} nats"


def overlapping_losses(trials: Trials) -> Iterator[str]:
    """Neighbouring levels that another sample of held-out text might put in another order."""
    bounds = trials.by_level(low=pl.col("loss_heldout_low").mean(), high=pl.col("loss_heldout_high").mean())
    overlap = [
        f"{a} and {b}"
        for (a, low_a, high_a), (b, low_b, high_b) in itertools.pairwise(
            bounds.select("level", "low", "high").iter_rows()
        )
        if low_a <= high_b and low_b <= high_a
    ]
    if overlap:
        yield (
            f"The document-bootstrap intervals of the held-out loss overlap between {'; '.join(overlap)}: levels "
            "share their held-out text, so the paired test still counts, but the size of the difference may not carry "
            "over to other text. More held-out documents would help."
        )


def repeated_data(trials: Trials) -> Iterator[str]:
    """Text that was seen more than once."""
    seen = trials.by_level(epochs=pl.col("epochs_seen").mean(), unique=pl.col("tokens_unique").mean())
    repeated = seen.filter(pl.col("epochs") > 1.005)
    if repeated.height:
        rows = repeated.select("level", "epochs", "unique").iter_rows()
        shown = listing([f"{number(epochs)} times {unique:,.0f} tokens at {level}" for level, epochs, unique in rows])
        yield (
            f"Training text was repeated: {shown}. What more tokens buy is then partly what repetition buys, down to "
            "overfitting; a larger corpus would keep them apart."
        )


def mixed_tokenizers(trials: Trials) -> Iterator[str]:
    """Losses per token of tokens that are not the same."""
    count = trials.rows["tokenizer_fingerprint"].n_unique()
    if count > 1:
        yield (
            f"The trials used {count} different tokenizers, so tokens, nats per token and perplexities are not "
            "comparable between them. Compare bits per byte."
        )


def different_corpora(trials: Trials) -> Iterator[str]:
    """Losses on different text, where that is what the study varies."""
    count = trials.rows["corpus_fingerprint"].n_unique()
    if count > 1:
        yield (
            f"The levels of {trials.factor} give {count} different corpora, each with held-out text of its own: "
            "differences in loss are differences of text too. Evaluate on one common held-out set."
        )


def padding(trials: Trials) -> Iterator[str]:
    """Positions that cost joules and taught nothing."""
    share = pl.col("tokens_padding").sum() / (pl.col("tokens_padding") + pl.col("tokens_seen")).sum()
    padded = trials.by_level(share=share).filter(pl.col("share") > PADDING_TOLERANCE)
    if padded.height:
        shown = listing([f"{share:.0%} at {level}" for level, share in padded.select("level", "share").iter_rows()])
        yield (
            f"Padding took {shown} of all positions: its joules are counted, its tokens are not. "
            'packing = "packed" wastes none.'
        )


def nominal_tokens(trials: Trials) -> Iterator[str]:
    """Labels that are not what was processed."""
    ratio = pl.col("nominal_tokens").mean() / pl.col("tokens_seen").mean()
    seen = trials.by_level(nominal=pl.col("nominal_tokens").mean(), seen=pl.col("tokens_seen").mean(), ratio=ratio)
    off = seen.filter((pl.col("ratio") - 1).abs() > NOMINAL_TOLERANCE)
    if off.height:
        rows = off.select("nominal", "seen").iter_rows()
        shown = listing([f"{seen:,.0f} for a nominal {nominal:,.0f}" for nominal, seen in rows])
        yield (
            f"Tokens really processed differ from their label: {shown}. The published parameter efficiency "
            "divides by the label, and levels of tokens are named by it; rates and joules per token count what was "
            "processed."
        )


def one_sentence(trials: Trials) -> Iterator[str]:
    """A perplexity that rests on one sentence."""
    values = trials.rows["perplexity_sentence"].drop_nulls()
    if values.len():
        yield (
            "The published parameter efficiency takes its quality from one sentence in "
            f"{counted(values.len(), 'trial')} (perplexity {number(values.to_numpy().mean())}; held-out text: "
            f"{number(trials.rows['perplexity'].to_numpy().mean())}). The recounted one uses the held-out text."
        )
