"""A shape tells parameters and FLOPs without torch, and tells them right."""

import subprocess
import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from raystudy.study import Recipe
from raystudy.training import models
from raystudy.training.adapters import add_adapters
from raystudy.training.shapes import SHAPES, training_flops


@pytest.mark.parametrize(("model", "parameters"), [("llama-4m", 4_262_144), ("tinyllama-1b", 1_100_048_384)])
def test_published_models_have_their_published_size(model: str, parameters: int) -> None:
    """P2's model and TinyLlama are exact to the parameter."""
    assert parameters == SHAPES[model].parameters


@pytest.mark.parametrize("model", list(SHAPES))
def test_a_shape_counts_what_transformers_builds(model: str) -> None:
    """The formula equals the parameters of the model that transformers builds, without allocating it."""
    with torch.device("meta"):
        built = models.build(SHAPES[model])

    assert SHAPES[model].parameters == sum(parameter.numel() for parameter in built.parameters())


def test_flops_agree_with_a_count_of_the_products() -> None:
    """6 N + attention is within 2 % of what torch counts product by product."""
    recipe, shape = Recipe(model="tiny-1m", context=128), SHAPES["tiny-1m"]
    model = models.load(recipe, models.source_of(recipe, allow_hub=False), vocabulary=1024, seed=1)
    ids = torch.zeros((2, 128), dtype=torch.long)
    with FlopCounterMode(display=False) as counter, torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        model(input_ids=ids, use_cache=False).logits.sum().backward()

    assert pytest.approx(counter.get_total_flops(), rel=0.02) == shape.flops_per_position(128) * ids.numel()


@pytest.mark.parametrize("model", ["tiny-1m", "tinyllama-1b"])
def test_a_shape_counts_the_adapters_of_peft(model: str) -> None:
    """Rank x (inputs + outputs) of each product in each layer, those of fewer keys too."""
    with torch.device("meta"):
        built = models.build(SHAPES[model])
        add_adapters(built, Recipe(lora_rank=8), seed=1)
    trained = sum(parameter.numel() for parameter in built.parameters() if parameter.requires_grad)

    assert SHAPES[model].adapter_parameters(8) == trained


def test_flops_of_adapters_agree_with_a_count_of_the_products() -> None:
    """
    4 N + 2 N trained + attention is within 3 % of what torch counts, for frozen weights have no gradient.

    Built and loaded models are told alike.
    """
    recipe, shape = Recipe(model="tiny-1m", context=128, lora_rank=8), SHAPES["tiny-1m"]
    model = models.load(recipe, models.source_of(recipe, allow_hub=False), vocabulary=1024, seed=1)
    add_adapters(model, recipe, seed=1)
    ids = torch.zeros((2, 128), dtype=torch.long)
    with FlopCounterMode(display=False) as counter, torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        model(input_ids=ids, use_cache=False).logits.sum().backward()
    told = shape.flops_per_position(128, adapter_rank=8)

    assert pytest.approx(counter.get_total_flops(), rel=0.03) == told * ids.numel()
    assert models.flops_per_position(model, 128) == told


def test_one_width_costs_what_each_position_costs() -> None:
    """Where all sequences have one width, the FLOPs are those of a position times the positions."""
    shape = SHAPES["tiny-1m"]
    told = training_flops(shape.flops_per_position, positions=50 * 128, pairs=50 * 128 * 128)

    assert shape.flops_per_position(128) * 50 * 128 == told


def test_a_half_as_wide_batch_has_a_quarter_of_the_pairs() -> None:
    """Ten sequences of 64 and ten of 128 cost what they cost alone."""
    shape = SHAPES["tiny-1m"]
    alone = [shape.flops_per_position(width) * 10 * width for width in (64, 128)]
    together = training_flops(shape.flops_per_position, positions=10 * (64 + 128), pairs=10 * (64**2 + 128**2))

    assert sum(alone) == together


def test_shapes_do_without_torch() -> None:
    """`raystudy plan` reads shapes, sequences and corpora without importing torch or ray."""
    code = "import sys, raystudy.training.forecast; sys.exit('torch' in sys.modules or 'ray' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
