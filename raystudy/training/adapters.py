"""Low-rank adapters beside the products of a model: only they are trained, all else is frozen (arXiv 2106.09685)."""

import importlib.util
from typing import TYPE_CHECKING

from raystudy.errors import ModelError
from raystudy.study import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def require_peft(recipe: Recipe) -> None:
    """Raise ModelError where a recipe needs peft and it is not installed; imports neither it nor torch."""
    if recipe.finetuning == "lora" and importlib.util.find_spec("peft") is None:
        raise ModelError(
            "finetuning = \"lora\" needs the package peft, which is not installed: pip install 'raystudy[lora]'"
        )


def add_adapters(model: "PreTrainedModel", recipe: Recipe, *, seed: int) -> None:
    """
    Put adapters into all linear layers but the output, and freeze the rest; they start as no change at all.

    Raises ModelError where peft is not installed, or knows no linear layer of the model.
    """
    require_peft(recipe)
    import torch
    from peft import LoraConfig, inject_adapter_in_model

    torch.manual_seed(seed)
    adapters = LoraConfig(
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha,
        target_modules="all-linear",
        bias="none",
        task_type="CAUSAL_LM",
    )
    try:
        inject_adapter_in_model(adapters, model)
    except ValueError as error:
        raise ModelError(f'{recipe.model} takes no low-rank adapters ({error}). Choose finetuning = "full".') from error
