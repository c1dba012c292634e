"""The training loss: cross-entropy summed over targets, with one buffer of (positions, vocabulary) less than torch's.

    logits ──log-softmax──▶ log-probabilities ──gather──▶ loss
                                     └──exp, minus 1 at each target, in place──▶ gradient of the logits

torch's own keeps the log-probabilities, fills a second buffer with zeros for the gradient at the targets, and makes a
third from both. At llama-4m's 2,048 x 4,096 logits that is 5 % of a step on a CPU.
"""

from typing import Any

import torch

from raystudy.training.sequences import IGNORED


def summed_cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """
    Return the sum of cross-entropies, nats, in fp32.

    logits (positions, vocabulary), any float type; targets (positions,), `IGNORED` where none counts. It can be
    differentiated once.
    """
    total: torch.Tensor = _SummedCrossEntropy.apply(logits, targets)
    return total


class _SummedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        log_p = torch.log_softmax(logits, dim=1, dtype=torch.float32)
        counted = targets != IGNORED
        at = torch.where(counted, targets, 0)
        ctx.save_for_backward(log_p, at, counted)
        ctx.dtype = logits.dtype
        return -(log_p.gather(1, at[:, None])[:, 0] * counted).sum()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        log_p, at, counted = ctx.saved_tensors
        p = log_p.exp_()
        p[torch.arange(len(at), device=at.device), at] -= 1
        return p.mul_((gradients[0] * counted)[:, None]).to(ctx.dtype), None
