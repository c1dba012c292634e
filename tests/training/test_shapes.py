"""A shape tells parameters and FLOPs without torch, and tells them right."""

import subprocess
import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from raystudy.study import Recipe
from raystudy.training import models
from raystudy.training.shapes import SHAPES


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


def test_shapes_do_without_torch() -> None:
    """`raystudy plan` reads shapes, sequences and corpora without importing torch or ray."""
    code = "import sys, raystudy.training.forecast; sys.exit('torch' in sys.modules or 'ray' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
