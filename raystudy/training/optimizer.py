"""AdamW, its learning rate over tokens, and the precision of the products.

warm-up ──▶ cosine | constant | stable then decay        all over the share of the token budget that is spent
"""

import math
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

import torch

from raystudy.study import Recipe

_SCALER = ("scale", "_growth_tracker")
"""What changes in torch's gradient scaler, as its state_dict calls it."""

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def learning_rate(recipe: Recipe, spent: float) -> float:
    """Return the learning rate where the share `spent` of the token budget (0 to 1) is used."""
    lowest = recipe.final_learning_rate_fraction
    if spent < recipe.warmup_fraction:
        factor = spent / recipe.warmup_fraction
    elif recipe.schedule == "cosine":
        course = (spent - recipe.warmup_fraction) / max(1 - recipe.warmup_fraction, 1e-12)
        factor = lowest + (1 - lowest) * 0.5 * (1 + math.cos(math.pi * min(course, 1.0)))
    elif recipe.schedule == "wsd" and spent > 1 - recipe.decay_fraction:
        factor = lowest + (1 - lowest) * max(1 - spent, 0.0) / recipe.decay_fraction
    else:
        factor = 1.0
    return recipe.learning_rate * factor


class Optimizer:
    """AdamW with its gradient scaler and clipping, as one step."""

    def __init__(self, recipe: Recipe, parameters: Iterable[torch.nn.Parameter], device: torch.device) -> None:
        """Take the parameters to train; they are on `device` already."""
        self._recipe = recipe
        self._parameters = list(parameters)
        self._adamw = torch.optim.AdamW(
            self._parameters,
            lr=recipe.learning_rate,
            betas=(recipe.beta1, recipe.beta2),
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self._scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "fp16")

    def backward(self, loss: torch.Tensor) -> None:
        """Add the gradients of a scalar loss."""
        self._scaler.scale(loss).backward()

    def step(self, rate: float) -> torch.Tensor:
        """Take one step and forget the gradients; returns their norm before clipping, a scalar still on the device."""
        for group in self._adamw.param_groups:
            group["lr"] = rate
        self._scaler.unscale_(self._adamw)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, self._recipe.clip_norm)
        self._scaler.step(self._adamw)
        self._scaler.update()
        self.forget()
        return norm

    def allocate(self) -> None:
        """Take the memory of the moments now, as a first step would, and change nothing."""
        for parameter in self._parameters:
            parameter.grad = torch.zeros_like(parameter)
        for group in self._adamw.param_groups:
            group["lr"] = 0.0
        self._adamw.step()
        for state in self._adamw.state.values():
            state["step"].zero_()
        self.forget()

    def state(self) -> dict[str, torch.Tensor]:
        """Return the moments and step of each parameter, by name, as they are; and the scaler's, where it is used."""
        moments = enumerate(self._adamw.state[parameter] for parameter in self._parameters)
        told = {f"{index}.{name}": value for index, state in moments for name, value in state.items()}
        if self._scaler.is_enabled():
            scaler = self._scaler.state_dict()
            told["scaler"] = torch.tensor([scaler[name] for name in _SCALER], dtype=torch.float64)
        return told

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from such a state."""
        self.allocate()
        for name, own in self.state().items():
            if name != "scaler":
                own.copy_(state[name])
        if self._scaler.is_enabled():
            scale, growth = state["scaler"].tolist()
            self._scaler.load_state_dict(
                self._scaler.state_dict() | dict(zip(_SCALER, (scale, int(growth)), strict=True))
            )

    def forget(self) -> None:
        """Drop the gradients."""
        self._adamw.zero_grad(set_to_none=True)


def autocast(recipe: Recipe, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which products run in the recipe's precision."""
    if recipe.precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=DTYPES[recipe.precision])
