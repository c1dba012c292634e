"""All that a training works on, made ready before its first step: material, model, optimizer, the device's ceiling."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from raystudy.study import Recipe
from raystudy.training import memory, models
from raystudy.training.adapters import add_adapters
from raystudy.training.answers import questions_of, score_answers
from raystudy.training.ceiling import flops_ceiling_per_s
from raystudy.training.checkpoint import open_state
from raystudy.training.evaluate import Score, score
from raystudy.training.labelled import Taken, taken
from raystudy.training.material import Material, material
from raystudy.training.optimizer import DTYPES
from raystudy.training.parallel import Team
from raystudy.training.placement import Placement
from raystudy.training.sequences import Sequences, heldout_windows, sequences_of
from raystudy.training.shapes import training_flops
from raystudy.training.steps import Steps
from raystudy.training.tasks.prepared import Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """All that a training works on."""

    model: torch.nn.Module
    material: Material
    taken: Taken | None
    """Of labelled examples; null for text."""
    sequences: Sequences
    evaluate: Callable[[], Score]
    steps: Steps
    flops_ceiling_per_s: float
    reasons: dict[str, str]

    @property
    def flops(self) -> float:
        """FLOPs of the training so far, padding included."""
        steps, per_position = self.steps, partial(models.flops_per_position, self.model)
        return training_flops(per_position, positions=steps.tokens_seen + steps.padding_seen, pairs=steps.pairs_seen)


def load(
    recipe: Recipe, *, seed: int, placement: Placement, allow_hub: bool, state_file: Path | None, team: Team
) -> Loaded:
    """
    Prepare material, model and optimizer, and measure the ceiling; a training that goes on starts from its state.

    Weights and dropout come from the recipe's init_seed, sample and order of the data from its order_seed; where it
    does not give one, from `seed`.
    """
    init_seed = seed if recipe.init_seed is None else recipe.init_seed
    order_seed = seed if recipe.order_seed is None else recipe.order_seed
    torch.use_deterministic_algorithms(recipe.deterministic)
    source = models.source_of(recipe, allow_hub=allow_hub)
    given = material(recipe, source, allow_hub=allow_hub)
    model = models.load(recipe, source, vocabulary=given.vocabulary, seed=init_seed)
    took: Taken | None = None
    if isinstance(given, Task):
        took = taken(given, recipe, model, init_seed=init_seed, order_seed=order_seed)
        sequences = took.sequences
    else:
        sequences = sequences_of(given, recipe)
    if recipe.finetuning == "lora":
        add_adapters(model, recipe, seed=init_seed)
    model.to(placement.device).train()
    evaluate, how = _evaluation(given, recipe, model)
    a_pass, why = memory.sequences_a_pass(recipe, placement.device, share=team.share_of(recipe.batch_size))
    trained: Any = torch.compile(model) if recipe.compile else model
    steps = Steps(trained, sequences, recipe, order_seed=order_seed, sequences_a_pass=a_pass, team=team)
    if recipe.compile or placement.device.type == "cuda" or team.size > 1:
        steps.warm_up()
    ceiling = flops_ceiling_per_s(placement.device, DTYPES[recipe.precision], placement.threads)
    # Dropout starts here, whatever was drawn before: warm-up, a ceiling measured or remembered. Processes differ in it.
    torch.manual_seed(init_seed + (team.rank << 32))
    if state_file is not None:
        steps.restore(open_state(state_file, fingerprint=given.fingerprint))
    memory.forget_peak(placement.device)
    chose = {"tokenizer": source.tokenizer, "sequences a pass": f"{steps.sequences_a_pass}: {why}"}
    if team.size > 1:
        chose["processes"] = f"{team.size}, one a GPU; the first one alone evaluates, and its peak memory is told"
    return Loaded(
        model=model,
        material=given,
        taken=took,
        sequences=sequences,
        evaluate=evaluate,
        steps=steps,
        flops_ceiling_per_s=team.size * ceiling,
        reasons=placement.reasons | chose | how,
    )


def _evaluation(given: Material, recipe: Recipe, model: torch.nn.Module) -> tuple[Callable[[], Score], dict[str, str]]:
    """Return what evaluates the model as it then is, and how that was decided."""
    if isinstance(given, Task):
        questions = questions_of(given, recipe, model)
        how = "in one sequence with their prompt" if questions.shared else "one sequence each: the model takes no masks"
        return partial(score_answers, model, questions, recipe), {"choices": how}
    heldout = heldout_windows(given, recipe.context, recipe.eval_tokens)
    return partial(score, model, heldout, recipe), {}
