"""Processes that train together give what one alone gives, and none outlives the others; rehearsed on the CPU."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from raystudy.record.outcome import Outcome
from raystudy.study import Recipe, Resources
from raystudy.training.checkpoint import Since
from raystudy.training.followers import LostError, why
from raystudy.training.hooks import Hooks
from raystudy.training.loop import train
from raystudy.training.parallel import Team
from raystudy.training.placement import REHEARSAL, place
from raystudy.training.sequences import IGNORED
from raystudy.training.steps import Steps
from raystudy.training.tokens import prepare
from tests.training.test_checkpoint import Keeper, losses
from tests.training.test_loop import recipe_of

pytestmark = pytest.mark.slow

TWO = Resources(cpus=2, gpus=2, exclusive=False)
CPU = torch.device("cpu")
SOON_S = 20.0
"""Long for a process to end, and short for a training to hang."""

LEADER = """
import time
from raystudy.study import Resources
from raystudy.training.hooks import Hooks
from raystudy.training.loop import train
from raystudy.training.placement import place
from tests.training.test_loop import recipe_of

def tell(_):
    print("a step", flush=True)
    time.sleep(0.05)

placement = place(Resources(cpus=2, gpus=2, exclusive=False))
train(recipe_of({"tokens": 10_000_000}), seed=1, placement=placement, hooks=Hooks(tell=tell))
"""


@pytest.fixture(autouse=True)
def _rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trials of two GPUs train on the CPU."""
    monkeypatch.setenv(REHEARSAL, "GPU-b,GPU-a")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    """Whatever became of a training, what it started has ended."""
    yield
    assert [] == followers(os.getpid())


def followers(pid: int) -> list[psutil.Process]:
    """Return the processes that follow another one in a training."""
    children = psutil.Process(pid).children()
    return [each for each in children if "raystudy.training.following" in each.cmdline()]


def run(recipe: Recipe, resources: Resources = TWO, hooks: Hooks | None = None, since: Since | None = None) -> Outcome:
    """Train a recipe."""
    return train(recipe, seed=1, placement=place(resources), hooks=hooks or Hooks(), since=since)


def figures(outcome: Outcome) -> list[float]:
    """Return all losses and norms of a training."""
    told = [outcome.loss_initial, outcome.loss_heldout, *outcome.step_losses]
    return told + [i.gradient_norm for i in outcome.intervals if i.gradient_norm is not None]


def counts(outcome: Outcome) -> list[float]:
    """Return what a training counted."""
    return [outcome.steps, outcome.tokens_seen, outcome.tokens_padding, outcome.flops, len(outcome.intervals)]


def labelled(folder: Path) -> Recipe:
    """Return a recipe of examples of three to twenty words, whose answers alone are learnt, with adapters."""
    draw, lines = random.Random(1), ["text,label"]
    lines += [f"{' '.join(draw.choices('abcdefg', k=draw.randint(2, 19)))} {row},l{row % 3}" for row in range(60)]
    (folder / "words.csv").write_text("\n".join(lines))
    keys = {"corpus": "labelled", "corpus_path": str(folder / "words.csv"), "corpus_documents": None, "tokens": None}
    return recipe_of(keys | {"epochs": 1, "context": 64, "finetuning": "lora", "batch_size": 5})


def test_text_is_learnt_as_by_one_process() -> None:
    """Equal losses, norms and counts; of 6 sequences each takes 3, in two passes, and of the last 1 one takes none."""
    changes = {"tokens": None, "epochs": 1, "unique_tokens": 1_010, "batch_size": 6, "micro_batch_size": 2}
    recipe = recipe_of(changes | {"eval_every_tokens": 400})
    alone, together = run(recipe, Resources(cpus=1)), run(recipe)

    assert 1 == alone.tokens_seen // recipe.context % 6
    assert pytest.approx(figures(alone), rel=1e-5) == figures(together)
    assert counts(alone) == counts(together)
    assert ("cpu", "GPU-a+GPU-b") == (alone.device, together.device)


def test_examples_are_learnt_as_by_one_process(tmp_path: Path) -> None:
    """The mean is one over the tokens of the batch: processes whose examples are longer count for more."""
    recipe = labelled(tmp_path)
    alone, together = run(recipe, Resources(cpus=1)), run(recipe)

    assert pytest.approx(figures(alone), rel=1e-4) == figures(together)
    assert counts(alone) == counts(together)
    assert alone.ran_sha256 == together.ran_sha256


def test_it_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """From a state, bit for bit: also dropout, which each process draws for itself, and the loss scale of fp16."""
    model = GPT2LMHeadModel(GPT2Config(vocab_size=300, n_positions=64, n_embd=32, n_layer=1, n_head=2))
    model.save_pretrained(tmp_path / "model")
    tokenizer = prepare(recipe_of({}), tokenizer="byte").tokenizer_file
    (tmp_path / "model" / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    changes = {"model": str(tmp_path / "model"), "tokenizer": None, "precision": "fp16", "batch_size": 5}
    recipe, keeper = recipe_of(changes | {"tokens": 1_500, "eval_every_tokens": 500}), Keeper(tmp_path)
    whole = run(recipe, hooks=Hooks(due=lambda: not keeper.kept, keep=keeper.keep))

    assert losses(whole) == losses(run(recipe, since=keeper.kept[0]))


def test_a_lost_process_ends_the_training() -> None:
    """A sentence says which one and how, soon; the error is none of the study's, so the trial may be tried again."""
    began_s = list[float]()

    def kill(steps: Steps) -> None:
        if steps.taken == 3:
            began_s.append(time.monotonic())
            followers(os.getpid())[0].kill()

    with pytest.raises(LostError, match=r"device 2 of 2 ended before the training did: killed by SIGKILL\."):
        run(recipe_of({"tokens": 10_000_000}), hooks=Hooks(tell=kill))

    assert SOON_S > time.monotonic() - began_s[0]


def test_none_outlives_a_killed_leader(tmp_path: Path) -> None:
    """Where the first process is killed, the others end by themselves, and leave no file of theirs."""
    words, here = [sys.executable, "-c", LEADER], os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=here) as leader:
        assert leader.stdout is not None
        step = leader.stdout.readline()
        others = followers(leader.pid)
        os.kill(leader.pid, signal.SIGKILL)

    assert ("a step\n", 1) == (step, len(others))
    assert [] == psutil.wait_procs(others, timeout=SOON_S)[1]
    assert [] == list(tmp_path.glob("raystudy-team-*"))


def test_a_process_that_cannot_load_ends_the_training(tmp_path: Path) -> None:
    """What hinders one alone, as memory that others took, is told in the sentence."""
    words = [sys.executable, "-m", "raystudy.training.following"]
    order = {"recipe": {"context": 0}, "seed": 1, "rank": 1, "size": 2, "threads": 1, "device": "cpu"}
    order |= {"allow_hub": False, "state_file": None, "folder": str(tmp_path)}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(f"{json.dumps(order)}\n")
        process.stdin.flush()
        code = process.wait(SOON_S)

    assert 1 == code
    assert "ValidationError" in why(tmp_path, 1).read_text()


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_each_sequence_is_learnt_once(n: int) -> None:
    """The shares of a batch are the batch; where none is left for a process, it takes part and learns nothing."""
    inputs = np.arange(5 * 4).reshape(5, 4)
    shares = [Team(device=CPU, rank=rank, size=n).share((inputs, inputs + 1)) for rank in range(n)]
    learnt = np.concatenate([targets for _, targets in shares])

    assert sorted((inputs + 1).flatten()) == sorted(learnt[learnt != IGNORED])
    assert all(1 <= len(share) <= Team(device=CPU, size=n).share_of(5) for share, _ in shares)
