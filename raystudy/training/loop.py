"""One trial's training from start to end: load, evaluate, train, evaluate; what it gave comes back as an Outcome.

    load │ eval │ train ... │ eval │ save │ ... train │ eval
         └ zero tokens      └ where the recipe asks   └ the end

The spans are cut on the monotonic clock, so that the energy of training excludes that of evaluation. A training that
was interrupted starts with its last state, and goes on as if nothing had happened.
"""

import gc
import math
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import torch

from raystudy.errors import ModelError
from raystudy.record.checkpoints import Course
from raystudy.record.outcome import Outcome
from raystudy.study import Recipe
from raystudy.training import memory
from raystudy.training.checkpoint import Since
from raystudy.training.clock import Clock
from raystudy.training.corpora import synthetic
from raystudy.training.course import Advance, Ended
from raystudy.training.evaluate import sentence_perplexity
from raystudy.training.followers import team_of
from raystudy.training.hooks import Hooks
from raystudy.training.labelled import labelled
from raystudy.training.loaded import Loaded, load
from raystudy.training.placement import Placement
from raystudy.training.saved import save_model
from raystudy.training.tasks.prepared import Task

NO_HOOKS = Hooks()


def train(
    recipe: Recipe,
    *,
    seed: int,
    placement: Placement,
    allow_hub: bool = False,
    hooks: Hooks = NO_HOOKS,
    since: Since | None = None,
    save: Callable[[Callable[[Path], None]], None] | None = None,
) -> Outcome:
    """
    Train a recipe from a seed, from the start or from where it was interrupted.

    `save` is given a function that writes the trained model into a folder, as one that `recipe.model` may name. Raises
    DivergedError, CorpusError, ModelError; ArchiveError where a state cannot be read.
    """
    if save is not None and recipe.finetuning == "lora":
        raise ModelError('A model with adapters is not written as a folder; pretrain with finetuning = "full".')
    try:
        course = since.course if since else Course()
        clock = Clock(placement.device, at_edge=hooks.at_edge, before=course.spans)
        state_file = since.state_file if since else None
        with team_of(recipe, seed=seed, placement=placement, allow_hub=allow_hub, state_file=state_file) as team:
            loaded = load(recipe, seed=seed, placement=placement, allow_hub=allow_hub, state_file=state_file, team=team)
            ended = Advance(recipe, loaded, clock, hooks, since=course).to_the_end()
        if save is not None:
            save(partial(save_model, loaded.model, loaded.material.tokenizer_file))
            clock.switch("save")
            ended = replace(ended, course=replace(ended.course, spans=clock.spans))
        return _outcome(recipe, loaded, placement, ended=ended)
    finally:
        _leave_nothing(placement.device)


def _outcome(recipe: Recipe, loaded: Loaded, placement: Placement, *, ended: Ended) -> Outcome:
    """Put together what the training gave."""
    steps, course, after = loaded.steps, ended.course, ended.score
    spans, loss_initial, loss_train = course.spans, course.intervals[0].loss_heldout, course.intervals[-1].loss_train
    assert loss_initial is not None, "a training begins with an evaluation"
    assert loss_train is not None, "a training ends with an interval of training"
    seconds = {name: sum(span.duration_s for span in spans if span.name == name) for name in ("load", "train", "eval")}
    flops = loaded.flops
    outcome = Outcome(
        parameters=_parameters(recipe, loaded.model),
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
        loss_train=loss_train,
        loss_initial=loss_initial,
        loss_heldout=after.loss,
        loss_heldout_low=after.low,
        loss_heldout_high=after.high,
        bits_per_byte=after.bits_per_byte,
        perplexity=math.exp(after.loss),
        perplexity_sentence=_sentence_perplexity(recipe, loaded),
        heldout_tokens=after.tokens,
        heldout_documents=after.documents,
        corpus_fingerprint=loaded.material.fingerprint,
        corpus_synthetic=synthetic(recipe.corpus),
        tokenizer_fingerprint=loaded.material.tokenizer_fingerprint,
        device=placement.identity,
        threads=placement.threads,
        reasons=loaded.reasons,
        stopped=ended.cause,
        spans=spans,
        intervals=course.intervals,
        step_losses=course.step_losses,
    )
    if loaded.taken is None:
        return outcome
    told = labelled(loaded.taken, loaded.model, before=course.zero_shot, after=after)
    return replace(outcome, **{field.name: getattr(told, field.name) for field in fields(told)})


def _parameters(recipe: Recipe, model: torch.nn.Module) -> int:
    """Count the parameters of the model; adapters beside it, which alone are trained, are none of them."""
    adapters_only = recipe.finetuning == "lora"
    return sum(each.numel() for each in model.parameters() if not (adapters_only and each.requires_grad))


def _sentence_perplexity(recipe: Recipe, loaded: Loaded) -> float | None:
    """Return the perplexity of P1's sentence where it was asked for."""
    if not recipe.sentence_perplexity:
        return None
    assert not isinstance(loaded.material, Task), "a recipe of examples cannot ask for it"
    return sentence_perplexity(loaded.model, loaded.material, recipe)


def _leave_nothing(device: torch.device) -> None:
    """Give memory back, so that the next trial of this process starts as the first one did."""
    torch.compiler.reset()
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
