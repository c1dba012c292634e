"""The summed cross-entropy equals torch's, value and gradient."""

import pytest
import torch
from torch.nn import functional

from raystudy.training.loss import summed_cross_entropy
from raystudy.training.sequences import IGNORED


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_value_and_gradient_equal_torchs(dtype: torch.dtype) -> None:
    """Ignored targets count in neither; the gradient has the type of the logits."""
    torch.manual_seed(0)
    targets = torch.tensor([3, IGNORED, 0, 6, 6, IGNORED])
    mine, theirs = ((5 * torch.randn(6, 7)).to(dtype).requires_grad_() for _ in range(2))
    theirs.data.copy_(mine.data)
    loss = summed_cross_entropy(mine, targets)
    (loss / 4).backward()
    expected = functional.cross_entropy(theirs.float(), targets, ignore_index=IGNORED, reduction="sum")
    (expected / 4).backward()

    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(mine.grad, theirs.grad)


def test_impossible_targets_cost_their_logit() -> None:
    """A probability that underflows still has a finite loss: the logarithm is never taken of it."""
    loss = summed_cross_entropy(torch.tensor([[0.0, 500.0]]), torch.tensor([0]))

    assert 500.0 == loss.item()
