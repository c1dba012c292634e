"""A training on labelled examples learns to answer, tells what it took, and repeats bit for bit."""

import dataclasses
import random
import sys
from pathlib import Path

import pytest
import torch

from raystudy.errors import ModelError
from raystudy.record.labelled import Labelled
from raystudy.record.outcome import Outcome
from raystudy.study import Recipe, Resources
from raystudy.training import models
from raystudy.training.forecast import forecast
from raystudy.training.hooks import Hooks
from raystudy.training.labelled import taken, weights_sha256
from raystudy.training.loop import train
from raystudy.training.material import material
from raystudy.training.placement import place
from raystudy.training.saved import save_model
from raystudy.training.shapes import SHAPES
from raystudy.training.tasks.prepared import Task
from tests.training.test_checkpoint import Keeper

KEYS = {"animal": "lion", "metal": "iron", "fruit": "pear"}
"""A label, and the word of the text that tells it."""
WORDS = ["a", "the", "one", "big", "small", "old", "new", "tree", "house", "river", "stone", "road"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write two hundred texts of three to ten words, one of which tells the label."""
    draw, lines = random.Random(1), ["text,label"]
    for row in range(200):
        label = draw.choice(list(KEYS))
        words = [KEYS[label], *draw.choices(WORDS, k=draw.randint(2, 9))]
        draw.shuffle(words)
        lines.append(f"{' '.join(words)} {row},{label}")
    path = tmp_path_factory.mktemp("labelled") / "words.csv"
    path.write_text("\n".join(lines))
    return path


def recipe_of(file: Path, **changes: object) -> Recipe:
    """Return a recipe that learns the words in two passes."""
    keys = {"corpus": "labelled", "corpus_path": str(file), "model": "tiny-0.1m", "tokenizer": "bpe-512"}
    sizes = {"context": 48, "batch_size": 8, "epochs": 2, "learning_rate": 5e-3}
    return Recipe.model_validate(keys | sizes | changes)


def run(file: Path, hooks: Hooks | None = None, seed: int = 1, since: object = None, **changes: object) -> Outcome:
    """Train that recipe."""
    placement = place(Resources(cpus=1))
    return train(recipe_of(file, **changes), seed=seed, placement=placement, hooks=hooks or Hooks(), since=since)  # type: ignore[arg-type]


def told(outcome: Outcome) -> dict[str, object]:
    """Return what a training gave, but for times and names of things."""
    names = [field.name for field in dataclasses.fields(Labelled)]
    losses = [(i.tokens_seen, i.loss_train, i.loss_heldout, i.gradient_norm) for i in outcome.intervals]
    return {name: getattr(outcome, name) for name in (*names, "step_losses", "tokens_padding", "flops")} | {
        "losses": losses
    }


@pytest.fixture(scope="module")
def once(file: Path) -> Outcome:
    """Train it once."""
    return run(file)


def test_it_learns_to_answer(once: Outcome) -> None:
    """From a guess among three, the accuracy comes near to all, within its interval; so does the likelihood."""
    assert once.accuracy_zero_shot < 0.5  # type: ignore[operator]
    assert once.accuracy > 0.9  # type: ignore[operator]
    assert once.accuracy_low < once.accuracy < once.accuracy_high  # type: ignore[operator]
    assert once.answer_loglik_zero_shot < once.answer_loglik_low < once.answer_loglik < once.answer_loglik_high  # type: ignore[operator]
    assert pytest.approx(1 / 3) == once.accuracy_chance


def test_answers_add_up_to_the_accuracies(once: Outcome) -> None:
    """Each held-out example has its answer before and after, and its own name."""
    answers = once.heldout_answers or ()

    assert once.heldout_examples == len(answers) == len({each.example for each in answers})
    assert once.accuracy == sum(each.correct for each in answers) / len(answers)
    assert once.accuracy_zero_shot == sum(each.correct_before for each in answers) / len(answers)
    assert pytest.approx(once.answer_loglik) == sum(each.loglik for each in answers) / len(answers)


def test_the_sample_is_what_was_trained_on(once: Outcome) -> None:
    """N times L are the tokens of the set, seen twice in two passes; padding stands apart."""
    assert once.sample_tokens == pytest.approx(once.sample_examples * once.sample_mean_tokens)  # type: ignore[operator]
    assert 2 * once.sample_tokens == once.tokens_seen  # type: ignore[operator]
    assert (once.train_examples, 3, 3) == (once.sample_examples, once.sample_classes, once.classes)
    assert 0 < once.tokens_padding < once.tokens_seen


def test_the_majority_is_that_of_the_training_side(once: Outcome, file: Path) -> None:
    """The commonest label to train on, given always, is right as often as it is held out."""
    recipe = recipe_of(file)
    task = material(recipe, models.source_of(recipe, allow_hub=False))
    train_side, heldout = task.train.answer_classes.tolist(), task.heldout.answer_classes.tolist()  # type: ignore[union-attr]
    commonest = max(range(3), key=train_side.count)

    assert heldout.count(commonest) / len(heldout) == once.accuracy_majority


def test_the_best_constant_answer_is_chosen_in_hindsight(once: Outcome, file: Path) -> None:
    """The commonest label held out, given always: never below what the training side would have chosen."""
    recipe = recipe_of(file)
    task = material(recipe, models.source_of(recipe, allow_hub=False))
    heldout = task.heldout.answer_classes.tolist()  # type: ignore[union-attr]

    assert max(map(heldout.count, range(3))) / len(heldout) == once.accuracy_constant


def test_same_seed_same_answers(once: Outcome, file: Path) -> None:
    """All that was computed is equal, bit for bit."""
    assert told(once) == told(run(file))


def test_equal_sets_train_alike(once: Outcome, file: Path) -> None:
    """Samplers that take all examples are copies: equal in every bit, and in the sum of what ran."""
    others = [run(file, sampler=sampler, unique_fraction=1.0) for sampler in ("few_long", "many_short")]

    assert [told(once)] * 2 == [told(other) for other in others]


def ran(file: Path, *, init_seed: int = 1, order_seed: int = 1, **changes: object) -> str:
    """Return the sum of what would run."""
    recipe = recipe_of(file, **changes)
    source = models.source_of(recipe, allow_hub=False)
    task = material(recipe, source)
    assert isinstance(task, Task)
    model = models.load(recipe, source, vocabulary=task.vocabulary, seed=init_seed)
    return taken(task, recipe, model, init_seed=init_seed, order_seed=order_seed).ran_sha256


def test_what_ran_tells_trainings_apart(file: Path, once: Outcome) -> None:
    """Other examples, another seed, another loss, other weights or adapters are no copies."""
    changes: list[dict[str, object]] = [
        {"unique_fraction": 0.5},
        {"order_seed": 2},
        {"init_seed": 2},
        {"loss_on": "all"},
        {"learning_rate": 1e-3},
        {"finetuning": "lora"},
        {"model": "tiny-0.3m"},
    ]
    sums = [ran(file, **change) for change in changes]  # type: ignore[arg-type]

    assert len(changes) == len({*sums, once.ran_sha256}) - 1


def test_what_only_evaluates_makes_copies(file: Path, once: Outcome, tmp_path: Path) -> None:
    """How often is evaluated, on how much, and where a file lies, changes no weight; unless a rule looks at it."""
    copy = tmp_path / "copy.csv"
    copy.write_bytes(file.read_bytes())
    rule = {"stop": "patience", "eval_every_tokens": 1_000}

    assert once.ran_sha256 == ran(file, eval_tokens=100, eval_every_tokens=1_000) == ran(copy)
    assert ran(file, **rule) != ran(file, **rule | {"eval_tokens": 100})  # type: ignore[arg-type]


def test_what_is_not_in_force_makes_copies(file: Path, once: Outcome) -> None:
    """Settings that this training does not read, or that say the default in other words, tell nothing apart."""
    changes: list[dict[str, object]] = [
        {"lora_rank": 4, "lora_alpha": 1.0},
        {"stop_patience": 9},
        {"decay_fraction": 0.1},
        {"prompt": "{text}\nLabel:"},
        {"group_column": "text"},
    ]

    assert {once.ran_sha256} == {ran(file, **change) for change in changes}  # type: ignore[arg-type]
    assert ran(file, epochs=1) == ran(file, epochs=None)
    assert ran(file, schedule="constant") == ran(file, schedule="constant", final_learning_rate_fraction=0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"finetuning": "lora", "lora_rank": 4},
        {"schedule": "wsd", "decay_fraction": 0.1},
        {"prompt": "{text} ="},
        {"final_learning_rate_fraction": 0.5},
        {"score_by": "mean"},
    ],
)
def test_what_is_in_force_tells_apart(file: Path, change: dict[str, object]) -> None:
    """A setting counts as soon as the training, or what is said of its answers, reads it."""
    first, second = dict(list(change.items())[:1]), change

    assert len(change) == 1 or ran(file, **first) != ran(file, **second)  # type: ignore[arg-type]
    assert ran(file, **second) != ran(file)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "dropout", "copies"),
    [({}, 0.0, True), ({"finetuning": "lora"}, 0.0, False), ({}, 0.1, False)],
)
def test_the_initial_seed_counts_where_it_is_read(
    file: Path, tmp_path: Path, *, change: dict[str, object], dropout: float, copies: bool
) -> None:
    """Weights of a folder are the same whatever the seed; adapters and dropout draw from it."""
    recipe = recipe_of(file)
    source = models.source_of(recipe, allow_hub=False)
    task = material(recipe, source)
    model = models.load(recipe, source, vocabulary=task.vocabulary, seed=1)
    model.config.attention_dropout = dropout
    save_model(model, task.tokenizer_file, tmp_path / "model")
    place = {"model": str(tmp_path / "model"), "tokenizer": None}
    one, other = (ran(file, init_seed=seed, **place | change) for seed in (1, 2))  # type: ignore[arg-type]

    assert copies == (one == other)


@pytest.mark.parametrize("changes", [{}, {"finetuning": "lora"}])
def test_it_goes_on_as_if_nothing_had_happened(file: Path, tmp_path: Path, changes: dict[str, object]) -> None:
    """An interrupted training gives what an unbroken one gives; it still knows what was answered before it began."""
    keeper = Keeper(tmp_path)
    whole = run(file, Hooks(due=lambda: True, keep=keeper.keep), eval_every_tokens=1_000, **changes)
    continued = run(file, since=keeper.kept[1], eval_every_tokens=1_000, **changes)

    assert told(whole) == told(continued)
    assert [each.correct_before for each in whole.heldout_answers or ()] != [
        each.correct for each in whole.heldout_answers or ()
    ]


def test_a_forecast_tells_what_it_does(file: Path) -> None:
    """Sample, tokens, padding, steps and FLOPs of examples are told exactly, by passes and by tokens, adapters too."""
    for changes in ({"unique_fraction": 0.4}, {"tokens": 5_000, "epochs": None}, {"finetuning": "lora"}):
        recipe = recipe_of(file, **changes)
        source = models.source_of(recipe, allow_hub=False)
        expected, outcome = forecast(recipe, material(recipe, source), source, seed=1), run(file, **changes)  # type: ignore[arg-type]
        positions = outcome.tokens_seen + outcome.tokens_padding

        assert expected.sample is not None
        assert (expected.sample.sha256, expected.sample.examples) == (outcome.sample_sha256, outcome.sample_examples)
        assert (expected.tokens, expected.steps, expected.flops) == (outcome.tokens_seen, outcome.steps, outcome.flops)
        assert pytest.approx(expected.padding_share) == outcome.tokens_padding / positions


def test_adapters_leave_the_weights_alone(file: Path, once: Outcome) -> None:
    """Only the adapters are trained: rank x (inputs + outputs) of each product; it starts where full training does."""
    adapted = run(file, finetuning="lora", lora_rank=4)

    assert SHAPES["tiny-0.1m"].adapter_parameters(4) == adapted.parameters_trained
    assert once.parameters == adapted.parameters
    assert (once.parameters, once.base_sha256) == (once.parameters_trained, adapted.base_sha256)
    assert once.loss_initial == adapted.loss_initial > adapted.loss_heldout
    assert adapted.flops < once.flops


def test_adapters_need_their_package(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without peft the error says what to install."""
    monkeypatch.setitem(sys.modules, "peft", None)

    with pytest.raises(ModelError, match=r"pip install 'raystudy\[lora\]'"):
        run(file, finetuning="lora")


def test_the_sum_of_weights_sees_every_bit() -> None:
    """One bit of one weight, or another name, is another model."""
    torch.manual_seed(1)
    one, other = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
    other.load_state_dict(one.state_dict())
    before = weights_sha256(other)
    other.bias.data[2] = torch.nextafter(other.bias.data[2], torch.tensor(9.0))

    assert weights_sha256(one) == before != weights_sha256(other)
    assert weights_sha256(torch.nn.Sequential(one)) != before
