"""A training gives the same losses for the same seed, counts what it really processed, and cuts its time into spans."""

import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from raystudy.errors import DivergedError, ModelError
from raystudy.record.outcome import Outcome
from raystudy.record.store import LocalStore
from raystudy.study import Recipe, Resources
from raystudy.training import models
from raystudy.training.ceiling import flops_ceiling_per_s
from raystudy.training.evaluate import bootstrap_interval, score
from raystudy.training.hooks import Hooks
from raystudy.training.loop import train
from raystudy.training.placement import place
from raystudy.training.sequences import heldout_windows
from raystudy.training.tokens import prepare

SMALL = Recipe(
    model="tiny-0.1m",
    tokenizer="byte",
    corpus="stories",
    corpus_documents=200,
    context=32,
    batch_size=8,
    tokens=4_000,
    eval_tokens=2_000,
    learning_rate=3e-3,
)


SHORT: dict[str, object] = {
    "packing": "truncated",
    "corpus": "files",
    "corpus_path": str(Path(__file__).parent / "short.txt"),
    "corpus_documents": None,
    "heldout_fraction": 0.4,
    "tokens": None,
    "epochs": 1,
}
"""Changes that train on sixty short documents, one a sequence."""


def recipe_of(changes: dict[str, object]) -> Recipe:
    """Return the small recipe with some changes."""
    return Recipe.model_validate(SMALL.model_dump() | changes)


def run(seed: int = 1, **changes: object) -> Outcome:
    """Train the small recipe with some changes."""
    return train(recipe_of(changes), seed=seed, placement=place(Resources(cpus=1)))


def losses(outcome: Outcome) -> list[float]:
    """Return all losses of a training."""
    return [outcome.loss_initial, *(i.loss_train for i in outcome.intervals[1:]), outcome.loss_heldout]


@pytest.fixture(scope="module")
def once() -> Outcome:
    """Train the small recipe."""
    return run()


def test_same_seed_same_losses(once: Outcome) -> None:
    """The same seed, machine and thread count give the same losses, bit for bit."""
    assert losses(once) == losses(run())


def test_another_seed_other_losses(once: Outcome) -> None:
    """The seed decides weights and data order."""
    assert losses(once)[0] != losses(run(seed=2))[0]


def test_training_learns(once: Outcome) -> None:
    """The held-out loss falls from that of zero tokens, and lies in its own interval."""
    assert once.loss_heldout < once.loss_initial - 1
    assert once.loss_heldout_low < once.loss_heldout < once.loss_heldout_high


def test_zero_tokens_know_nothing(once: Outcome) -> None:
    """Before training, the loss is that of guessing among the entries of the model."""
    assert pytest.approx(np.log(1024), abs=0.1) == once.loss_initial


def test_budget_is_rounded_up_to_a_step(once: Outcome) -> None:
    """4,000 tokens in steps of 256 are 16 steps, 4,096 tokens."""
    assert (16, 4_096, 0) == (once.steps, once.tokens_seen, once.tokens_padding)


def test_spans_follow_each_other(once: Outcome) -> None:
    """Load, evaluation, training, evaluation: without gap or overlap, training apart from evaluation."""
    assert ["load", "eval", "train", "eval"] == [span.name for span in once.spans]
    assert all(first.end_s == second.start_s for first, second in pairwise(once.spans))


def test_evaluations_interrupt_the_training() -> None:
    """An evaluation in mid-training cuts the training span, and its loss stands in the trajectory."""
    outcome = run(eval_every_tokens=2_000)

    assert ["load", "eval", "train", "eval", "train", "eval"] == [span.name for span in outcome.spans]
    assert [0, 2_048, 4_096] == [interval.tokens_seen for interval in outcome.intervals]
    assert outcome.loss_heldout == outcome.intervals[-1].loss_heldout


def test_a_pass_is_a_pass() -> None:
    """Two epochs see each token of the set twice, with a smaller last step instead of a rounded budget."""
    outcome = run(tokens=None, epochs=2, unique_tokens=3_000)

    assert 2.0 == outcome.epochs_seen
    assert 2 * outcome.tokens_unique == outcome.tokens_seen


def test_padding_is_counted_apart() -> None:
    """Truncated documents are padded; padding costs FLOPs, but is no token."""
    outcome = run(**SHORT)
    corpus = prepare(recipe_of(SHORT), tokenizer="byte")
    lengths = np.minimum(np.diff(corpus.train_offsets), SMALL.context + 1) - 1

    assert lengths.sum() == outcome.tokens_seen
    assert len(lengths) * SMALL.context - lengths.sum() == outcome.tokens_padding > 0


def test_accumulation_is_the_same_sum(once: Outcome) -> None:
    """Four passes of two sequences give the losses of one pass of eight, but for rounding."""
    assert pytest.approx(losses(once), rel=1e-4) == losses(run(micro_batch_size=2))


@pytest.mark.parametrize("changes", [{"precision": "bf16"}, {"schedule": "wsd"}, {"clip_norm": float("inf")}])
def test_options_train_too(changes: dict[str, object]) -> None:
    """Autocast, another schedule and no clipping learn as well."""
    outcome = run(**changes)

    assert outcome.loss_heldout < outcome.loss_initial - 1


def test_divergence_is_an_error() -> None:
    """A loss that is no number ends the trial with a sentence that says what to lower."""
    with pytest.raises(DivergedError, match="Lower learning_rate"):
        run(learning_rate=1e30, clip_norm=float("inf"))


def test_sentence_perplexity_is_recorded_where_asked(once: Outcome) -> None:
    """P1's one sentence is an option; without it the column is null."""
    asked = run(sentence_perplexity=True)

    assert once.perplexity_sentence is None
    assert asked.perplexity_sentence is not None
    assert 1 < asked.perplexity_sentence < 1024


def test_a_local_folder_is_a_model(tmp_path: Path) -> None:
    """A folder of transformers, with its tokenizer, is fine-tuned from its weights."""
    corpus = prepare(SMALL, tokenizer="byte")
    recipe = SMALL.model_copy(update={"model": "tiny-0.1m"})
    source = models.source_of(recipe, allow_hub=False)
    model = models.load(recipe, source, vocabulary=corpus.vocabulary, seed=5)
    model.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(corpus.tokenizer_file.read_bytes())
    outcome = run(model=str(tmp_path), tokenizer=None)

    assert pytest.approx(run(seed=5).loss_initial, rel=1e-6) == outcome.loss_initial


def test_a_trained_model_is_saved_as_one_to_load(tmp_path: Path) -> None:
    """The folder holds weights and tokenizer: loaded by its name it goes on where the training ended."""
    store = LocalStore(tmp_path)
    folder = tmp_path / "model"
    recipe, placement = recipe_of({"tokens": 2_000}), place(Resources(cpus=1))
    first, again = (train(recipe, seed=1, placement=placement, save=partial(store.fill, "model")) for _ in range(2))
    loaded = run(model=str(folder), tokenizer=None, tokens=256)

    assert ["load", "eval", "train", "eval", "save"] == [span.name for span in first.spans]
    assert first.spans[-1].duration_s > 0
    assert first.loss_heldout == again.loss_heldout == loaded.loss_initial
    assert first.tokenizer_fingerprint == loaded.tokenizer_fingerprint
    assert ["model"] == [path.name for path in tmp_path.iterdir()]


def test_adapters_are_no_model_to_save() -> None:
    """Who pretrains trains all weights; it is refused before any energy is spent."""
    with pytest.raises(ModelError, match='pretrain with finetuning = "full"'):
        train(recipe_of({"finetuning": "lora"}), seed=1, placement=place(Resources(cpus=1)), save=lambda _: None)


def test_adapters_are_trained_on_text_too(once: Outcome) -> None:
    """Plain text has no columns of labelled examples; adapters learn it all the same."""
    adapted = run(finetuning="lora", learning_rate=1e-2)

    assert once.loss_initial == adapted.loss_initial > adapted.loss_heldout
    assert (None, None) == (adapted.heldout_answers, adapted.ran_sha256)


def test_dropout_does_not_depend_on_what_ran_before(tmp_path: Path) -> None:
    """A model with dropout gives the same losses in a process that has to measure the ceiling, and in one that has."""
    GPT2LMHeadModel(GPT2Config(vocab_size=300, n_positions=64, n_embd=32, n_layer=1, n_head=2)).save_pretrained(
        tmp_path
    )
    (tmp_path / "tokenizer.json").write_bytes(prepare(SMALL, tokenizer="byte").tokenizer_file.read_bytes())
    flops_ceiling_per_s.cache_clear()
    first, second = (run(model=str(tmp_path), tokenizer=None, sentence_perplexity=True) for _ in range(2))

    assert losses(first) == losses(second)
    assert first.perplexity_sentence == second.perplexity_sentence


def test_a_trained_model_that_says_nothing_is_an_error() -> None:
    """Weights that became no number at the last step are found by the evaluation, not archived."""
    model = models.build(models.SHAPES["tiny-0.1m"])
    next(model.parameters()).data.fill_(float("nan"))
    corpus = prepare(SMALL, tokenizer="byte")

    with pytest.raises(DivergedError, match="held-out loss is nan"):
        score(model, heldout_windows(corpus, 32, 1000), SMALL)


def test_pretrained_weights_refuse_another_tokenizer(tmp_path: Path) -> None:
    """Token ids of another tokenizer mean nothing to trained weights."""
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(ModelError, match="own tokenizer"):
        run(model=str(tmp_path), tokenizer="byte")


def test_a_misspelt_model_is_answered_with_the_nearest() -> None:
    """A name that is neither built, nor a folder, nor a hub id is refused."""
    with pytest.raises(ModelError, match=r"Did you mean tiny-0\.1m\?"):
        run(model="tiny-01m")


def test_a_sequence_longer_than_the_model_is_refused() -> None:
    """llama-4m is made for 128 positions."""
    with pytest.raises(ModelError, match="context = 256 is longer"):
        run(model="llama-4m", context=256)


def test_intervals_shrink_with_documents() -> None:
    """The bootstrap interval holds the ratio, and is about half as wide for four times the documents."""
    rng = np.random.default_rng(3)
    tokens = np.full(400, 100)
    document_losses = rng.normal(300, 30, 400)
    low, high = bootstrap_interval(document_losses, tokens)
    wide_low, wide_high = bootstrap_interval(document_losses[:100], tokens[:100])

    assert low < document_losses.sum() / tokens.sum() < high
    assert pytest.approx(2.0, rel=0.25) == (wide_high - wide_low) / (high - low)


def test_a_placement_sets_the_threads() -> None:
    """Torch computes with as many threads as the study gives CPUs."""
    placement = place(Resources(cpus=1))

    assert 1 == torch.get_num_threads() == placement.threads


def test_each_edge_is_called() -> None:
    """Whoever reads meters hears of each edge right after it: the start, every switch, and the end."""
    heard_s: list[float] = []
    outcome = train(
        recipe_of({"eval_every_tokens": 2_000}),
        seed=1,
        placement=place(Resources(cpus=1)),
        hooks=Hooks(at_edge=lambda: heard_s.append(time.monotonic())),
    )
    edges_s = [outcome.spans[0].start_s, *(span.end_s for span in outcome.spans)]

    assert len(edges_s) == len(heard_s)
    assert all(0 <= heard - edge < 0.05 for heard, edge in zip(heard_s, edges_s, strict=True))
