"""What only several real GPUs can show: they train together as one does, and a lost process ends the training."""

import os
from pathlib import Path

import psutil
import pytest
import torch

from raystudy.study import Recipe, Resources
from raystudy.training.followers import LostError
from raystudy.training.hooks import Hooks
from raystudy.training.loop import train
from raystudy.training.placement import place
from raystudy.training.steps import Steps
from tests.training.test_checkpoint import Keeper, losses

pytestmark = pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two GPUs that torch can use")

RECIPE = Recipe(
    model="tiny-1m", tokenizer="byte", corpus="stories", corpus_documents=500, tokens=200_000, batch_size=15
)
ONE, TWO = (Resources(gpus=gpus, cpus=2, exclusive=False) for gpus in (1, 2))


@pytest.mark.parametrize("changes", [{}, {"compile": True}, {"finetuning": "lora"}, {"micro_batch_size": 3}])
def test_two_train_as_one(changes: dict[str, object]) -> None:
    """The losses are those of one GPU but for rounding, and the joules will be those of both."""
    recipe = Recipe.model_validate(RECIPE.model_dump() | changes)
    alone, together = (train(recipe, seed=1, placement=place(resources)) for resources in (ONE, TWO))

    assert pytest.approx(alone.step_losses[:20], rel=1e-3) == together.step_losses[:20]
    assert pytest.approx(alone.loss_heldout, rel=1e-2) == together.loss_heldout
    assert 2 == len(set(together.device.split("+")))
    assert pytest.approx(2.0, rel=0.2) == together.flops_ceiling_per_s / alone.flops_ceiling_per_s


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_they_go_on_as_if_nothing_had_happened(precision: str, tmp_path: Path) -> None:
    """From a state that was kept on the way, two GPUs give the losses of the unbroken training, bit for bit."""
    changes, keeper = {"precision": precision, "eval_every_tokens": 100_000}, Keeper(tmp_path)
    recipe = Recipe.model_validate(RECIPE.model_dump() | changes)
    whole = train(recipe, seed=1, placement=place(TWO), hooks=Hooks(due=lambda: not keeper.kept, keep=keeper.keep))

    assert losses(whole) == losses(train(recipe, seed=1, placement=place(TWO), since=keeper.kept[0]))


def test_a_lost_process_ends_the_training() -> None:
    """What waits on one GPU for the other is let go, and a sentence says which process was lost."""

    def kill(steps: Steps) -> None:
        if steps.taken == 3:
            next(
                each for each in psutil.Process(os.getpid()).children() if "following" in " ".join(each.cmdline())
            ).kill()

    with pytest.raises(LostError, match="device 2 of 2 ended before the training did: killed by SIGKILL"):
        train(RECIPE.model_copy(update={"tokens": 50_000_000}), seed=1, placement=place(TWO), hooks=Hooks(tell=kill))
