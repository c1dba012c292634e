"""The items of `gpu_evidence` that are studies: trial by trial in one process, without Ray, into an archive, concluded.

study text ──trials not there yet──▶ train, read ──▶ Archive ──conclude──▶ report
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from raystudy.cli.analyze import conclude
from raystudy.power.sampler import Sampler
from raystudy.record.archive import Archive
from raystudy.record.checkpoints import Course
from raystudy.record.observation import Observation
from raystudy.record.opening import open_for
from raystudy.record.segment import Part
from raystudy.study import Study, Trial, parse
from raystudy.sweep.observe import observe, segment_of
from raystudy.sweep.provenance import git_commit, provenance_of
from raystudy.training.hooks import Hooks
from raystudy.training.loop import train
from raystudy.training.placement import Placement

CONCLUDE_S = 45.0
"""Kept for the analysis, and for what went by before the clock was looked at."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a study runs on, what reads its power, and until when."""

    placement: Placement
    sampler: Sampler
    until_s: float
    """Monotonic clock."""

    @property
    def resources(self) -> str:
        """What a study file says of it."""
        gpus = int(self.placement.device.type == "cuda")
        return f"[resources]\ngpus = {gpus}\ncpus = {self.placement.threads}\n"


def run(text: str, folder: Path, place: Place) -> Iterator[dict[str, Any]]:
    """Run the trials that an archive lacks, as many as there is time for, and conclude; called again, it goes on."""
    study, archive = parse(text, name=folder.name), Archive(folder)
    open_for(archive, study, text)
    took_s = 0.0
    for trial in (trial for trial in study.trials() if not archive.has(trial.id)):
        start_s = time.monotonic()
        if start_s + took_s > place.until_s - CONCLUDE_S:
            break
        made = _observed(study, trial, archive, place)
        archive.write(made)
        took_s = time.monotonic() - start_s
        yield {
            "trial": trial.id,
            "load_s": made.outcome.load_s,
            "train_s": made.outcome.train_s,
            "eval_s": made.outcome.eval_s,
            "loss_heldout": made.outcome.loss_heldout,
            "energy_j": made.totals.energy_j,
        }
    conclude(archive, Console(), brief=True)


def _observed(study: Study, trial: Trial, archive: Archive, place: Place) -> Observation:
    """Run one trial; the edges of its spans are read beside it, and not waited for."""
    provenance = provenance_of(
        study_sha256=archive.study_sha256(),
        git_commit=git_commit(Path.cwd()),
        gpu_name=place.placement.gpu_name,
        node_id="no-ray",
    )
    place.sampler.mark()
    with ThreadPoolExecutor(max_workers=1) as beside:

        def at_edge() -> None:
            beside.submit(place.sampler.mark)

        outcome = train(trial.recipe, seed=trial.seed, placement=place.placement, hooks=Hooks(at_edge=at_edge))
    segment = segment_of(
        provenance,
        Course(spans=outcome.spans, intervals=outcome.intervals),
        device=outcome.device,
        start_s=outcome.spans[0].start_s,
    )
    part = Part(segment=segment, traces=place.sampler.span(segment.start_s, segment.end_s))
    return observe(study, trial, outcome, parts=(part,), idle=(), provenance=provenance)


def p1_small(place: Place, *, model: str, tiny: bool) -> str:
    """Return P1 in small: packed and bf16 where P1 was truncated and fp16, so that nine minutes are enough."""
    return f"""
kind = "efficiency"
name = "p1-small"
question = "How do 500K, 1M and 2M tokens trade against joules on {model} from random weights?"
repetitions = {2 if tiny else 5}
[recipe]
model = "{model}"
tokenizer = "bpe-1024"
corpus = "stdlib"
context = {64 if tiny else 512}
batch_size = 8
precision = "bf16"
learning_rate = 3e-4
sentence_perplexity = true
eval_tokens = {2_000 if tiny else 100_000}
[factors]
tokens = {[1_000, 2_000, 4_000] if tiny else [500_000, 1_000_000, 2_000_000]}
{place.resources}"""


def p2_whole(place: Place, *, tiny: bool) -> str:
    """
    Return P2 with both arms, as in jobs/dynamics.toml but for its text and its passes.

    The text is `stories`, for TinyStories cannot be had without network: 190,000 of them hold 20,199,066 training
    tokens, and are ready after 36 s on two cores. The batch is one pass, compiled where that works: in nine minutes the
    repeated trials, which come first, may take 9 ms a step.
    """
    model, tokens, unique = ("tiny-0.1m", 10_000, 1_000) if tiny else ("llama-4m", 20_000_000, 428_628)
    compiles = place.placement.device.type == "cuda" and _compiles(place.placement.device)
    return f"""
kind = "dynamics"
name = "p2-whole"
question = "How does the loss of {model} go while its text is repeated, or not, and what does it cost?"
repetitions = 1
order = "as_written"
[recipe]
model = "{model}"
tokenizer = "bpe-{1024 if tiny else 4096}"
corpus = "stories"
corpus_documents = {1_000 if tiny else 190_000}
heldout_fraction = 0.02
tokens = {tokens}
context = {64 if tiny else 128}
batch_size = {2 if tiny else 16}
learning_rate = 4e-4
compile = {str(compiles).lower()}
eval_tokens = {1_000 if tiny else 100_000}
eval_every_tokens = {tokens // 20}
order_seed = 1
[factors]
unique_tokens = [{unique}, {tokens}]
init_seed = {[101, 202, 303] if tiny else [101, 202, 303, 404, 505, 606]}
{place.resources}"""


def _compiles(device: torch.device) -> bool:
    """Whether torch.compile works here: on a GPU it needs Triton and a C compiler."""
    try:
        torch.compile(torch.sin)(torch.ones(8, device=device))
    except Exception:  # noqa: BLE001 - whatever is missing, the training does without
        return False
    return True
