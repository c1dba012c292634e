"""One trial's training from start to end: load, evaluate, train, evaluate; what it gave comes back as an Outcome.

    load │ eval │ train ... │ eval │ ... train │ eval
         └ zero tokens      └ where the recipe asks └ the end

The spans are cut on the monotonic clock, so that the energy of training excludes that of evaluation.
"""

import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from raystudy.record.outcome import Interval, Outcome, Span
from raystudy.study import Recipe
from raystudy.training import memory, models
from raystudy.training.ceiling import flops_ceiling_per_s
from raystudy.training.clock import Clock
from raystudy.training.corpora import synthetic
from raystudy.training.evaluate import Score, score, sentence_perplexity
from raystudy.training.optimizer import DTYPES
from raystudy.training.placement import Placement
from raystudy.training.sequences import Heldout, Sequences, heldout_windows, sequences_of
from raystudy.training.steps import Steps
from raystudy.training.tokens import Corpus, prepare

INTERVALS = 20
"""Points of the trajectory where the recipe does not say how often to evaluate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """All that a training works on."""

    model: torch.nn.Module
    corpus: Corpus
    sequences: Sequences
    heldout: Heldout
    steps: Steps
    flops_per_position: float
    flops_ceiling_per_s: float
    reasons: dict[str, str]


def train(
    recipe: Recipe,
    *,
    seed: int,
    placement: Placement,
    allow_hub: bool = False,
    tell: Callable[[Steps], None] = lambda _: None,
    at_edge: Callable[[], None] = lambda: None,
) -> Outcome:
    """
    Train a recipe from a seed; `tell` is called after each step, `at_edge` right after each edge of a span.

    Raises DivergedError, CorpusError, ModelError.
    """
    try:
        clock = Clock(placement.device, first="load", at_edge=at_edge)
        return _train(recipe, clock, seed=seed, placement=placement, allow_hub=allow_hub, tell=tell)
    finally:
        _leave_nothing(placement.device)


def _train(
    recipe: Recipe, clock: Clock, *, seed: int, placement: Placement, allow_hub: bool, tell: Callable[[Steps], None]
) -> Outcome:
    loaded = _load(recipe, seed=seed, placement=placement, allow_hub=allow_hub)
    clock.switch("eval")
    before = score(loaded.model, loaded.heldout, recipe)
    clock.switch("train")
    intervals, after = _advance(loaded, recipe, clock, tell)
    return _outcome(
        loaded, recipe, placement=placement, spans=clock.stop(), intervals=intervals, scores=(before, after)
    )


def _load(recipe: Recipe, *, seed: int, placement: Placement, allow_hub: bool) -> Loaded:
    """Prepare corpus, model and optimizer, and measure the ceiling."""
    torch.use_deterministic_algorithms(recipe.deterministic)
    source = models.source_of(recipe, allow_hub=allow_hub)
    corpus = prepare(recipe, tokenizer=source.tokenizer, tokenizer_file=source.tokenizer_file, allow_hub=allow_hub)
    model = models.load(recipe, source, vocabulary=corpus.vocabulary, seed=seed).to(placement.device)
    model.train()
    sequences = sequences_of(corpus, recipe)
    a_pass, why = memory.sequences_a_pass(recipe, placement.device)
    trained: Any = torch.compile(model) if recipe.compile else model
    steps = Steps(trained, sequences, recipe, seed=seed, sequences_a_pass=a_pass)
    if recipe.compile or placement.device.type == "cuda":
        steps.warm_up()
    ceiling = flops_ceiling_per_s(placement.device, DTYPES[recipe.precision], placement.threads)
    torch.manual_seed(seed)  # dropout starts here, whatever was drawn before: warm-up, a ceiling measured or remembered
    memory.forget_peak(placement.device)
    return Loaded(
        model=model,
        corpus=corpus,
        sequences=sequences,
        heldout=heldout_windows(corpus, recipe.context, recipe.eval_tokens),
        steps=steps,
        flops_per_position=models.flops_per_position(model, recipe.context),
        flops_ceiling_per_s=ceiling,
        reasons=placement.reasons
        | {"tokenizer": source.tokenizer, "sequences a pass": f"{steps.sequences_a_pass}: {why}"},
    )


def _advance(
    loaded: Loaded, recipe: Recipe, clock: Clock, tell: Callable[[Steps], None]
) -> tuple[tuple[Interval, ...], Score]:
    """Train to the end of the budget, evaluating where asked and at the end; the clock is left in that evaluation."""
    steps, intervals = loaded.steps, list[Interval]()
    every = recipe.eval_every_tokens or steps.budget_tokens / INTERVALS
    while True:
        stretch = steps.until((steps.tokens_seen // every + 1) * every, tell)
        ended_s = time.monotonic()
        reached: Score | None = None
        if steps.finished or recipe.eval_every_tokens is not None:
            clock.switch("eval")
            reached = score(loaded.model, loaded.heldout, recipe)
        intervals.append(
            Interval(
                at_s=ended_s,
                tokens_seen=steps.tokens_seen,
                loss_train=stretch.loss,
                loss_heldout=reached.loss if reached else None,
                learning_rate=stretch.learning_rate,
                gradient_norm=stretch.gradient_norm,
            )
        )
        if steps.finished and reached:
            return tuple(intervals), reached
        if reached:
            clock.switch("train")


def _outcome(
    loaded: Loaded,
    recipe: Recipe,
    *,
    placement: Placement,
    spans: tuple[Span, ...],
    intervals: tuple[Interval, ...],
    scores: tuple[Score, Score],
) -> Outcome:
    """Put together what the training gave; `scores` are those at zero tokens and at the end."""
    steps, (before, after) = loaded.steps, scores
    seconds = {name: sum(span.duration_s for span in spans if span.name == name) for name in ("load", "train", "eval")}
    flops = loaded.flops_per_position * (steps.tokens_seen + steps.padding_seen)
    return Outcome(
        parameters=sum(parameter.numel() for parameter in loaded.model.parameters()),
        steps=steps.taken,
        tokens_seen=steps.tokens_seen,
        tokens_padding=steps.padding_seen,
        tokens_unique=min(steps.tokens_seen, loaded.sequences.tokens_in_set),
        epochs_seen=steps.tokens_seen / loaded.sequences.tokens_in_set,
        flops=flops,
        train_s=seconds["train"],
        eval_s=seconds["eval"],
        load_s=seconds["load"],
        flops_ceiling_per_s=loaded.flops_ceiling_per_s,
        mfu=flops / seconds["train"] / loaded.flops_ceiling_per_s,
        peak_memory_bytes=memory.peak_bytes(placement.device),
        loss_train=intervals[-1].loss_train,
        loss_initial=before.loss,
        loss_heldout=after.loss,
        loss_heldout_low=after.low,
        loss_heldout_high=after.high,
        bits_per_byte=after.bits_per_byte,
        perplexity=math.exp(after.loss),
        perplexity_sentence=sentence_perplexity(loaded.model, loaded.corpus, recipe)
        if recipe.sentence_perplexity
        else None,
        heldout_tokens=after.tokens,
        heldout_documents=after.documents,
        corpus_fingerprint=loaded.corpus.fingerprint,
        corpus_synthetic=synthetic(recipe.corpus),
        tokenizer_fingerprint=loaded.corpus.tokenizer_fingerprint,
        device=placement.identity,
        threads=placement.threads,
        reasons=loaded.reasons,
        spans=spans,
        intervals=intervals,
    )


def _leave_nothing(device: torch.device) -> None:
    """Give memory back, so that the next trial of this process starts as the first one did."""
    torch.compiler.reset()
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
