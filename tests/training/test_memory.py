"""How much one pass holds, and what the allocator keeps, are chosen with a reason."""

import platform

import pytest
import torch

from raystudy.study import Recipe
from raystudy.training.memory import forget_peak, keep_freed_memory, peak_bytes, sequences_a_pass

CPU = torch.device("cpu")


def test_small_batches_are_one_pass() -> None:
    """Accumulation is merged where memory allows."""
    assert 16 == sequences_a_pass(Recipe(batch_size=16, context=128), CPU, share=16)[0]


def test_large_batches_are_cut() -> None:
    """On a CPU a pass holds at most 4,096 positions, and at least one sequence."""
    assert 32 == sequences_a_pass(Recipe(batch_size=256, context=128), CPU, share=256)[0]
    assert 1 == sequences_a_pass(Recipe(batch_size=2, context=8192), CPU, share=2)[0]


def test_the_recipe_has_the_last_word() -> None:
    """A published micro-batch is kept where the recipe names it."""
    assert (2, "recipe.micro_batch_size") == sequences_a_pass(Recipe(batch_size=16, micro_batch_size=2), CPU, share=16)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_glibc_keeps_what_is_freed() -> None:
    """The choice is made, and said for the observation."""
    assert "glibc keeps freed memory up to 1 GiB" == keep_freed_memory()


def test_the_peak_holds_what_was_used() -> None:
    """480 MB that were touched and freed stand in the peak, but for what the allocator had kept for them."""
    forget_peak(CPU)
    before = peak_bytes(CPU)
    torch.ones(120_000_000)
    after = peak_bytes(CPU)

    assert (None, None) == (before, after) or after - before > 200_000_000
