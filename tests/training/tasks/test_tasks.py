from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from raystudy.errors import CorpusError, ModelError
from raystudy.study import Recipe
from raystudy.training.tasks import prepare_task
from raystudy.training.tasks.prepared import Examples, Task

COLOURS = ("red", "green", "dark blue")


def table(folder: Path) -> Path:
    """Write 60 texts that say their label; the last is longer than a context of 64 bytes."""
    rows = [f"Ünder {number} {COLOURS[number % 3]} leaves,{COLOURS[number % 3]}" for number in range(59)]
    file = folder / "a.csv"
    file.write_text("\n".join(["text,label", *rows, f"{'long and ' * 20},red"]), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a table and a cache, that the tests of this file share."""
    folder = tmp_path_factory.mktemp("tasks")
    table(folder)
    return folder


def prepared(folder: Path, tokenizer: str = "byte", **fields: object) -> Task:
    """Return the task of the table."""
    recipe = {"corpus": "labelled", "corpus_path": str(folder / "a.csv"), "context": 64, **fields}
    return prepare_task(Recipe.model_validate(recipe), tokenizer=tokenizer, cache=folder / "cache")


def prompts(task: Task, side: Examples) -> list[str]:
    """Return the prompts of a side, back from their tokens."""
    tokenizer = Tokenizer.from_file(str(task.tokenizer_file))
    return [tokenizer.decode(ids.tolist()) for ids in np.split(side.prompts, side.prompt_offsets[1:-1])]


def choices(task: Task, side: Examples) -> list[str]:
    """Return all choices of a side, back from their tokens."""
    tokenizer = Tokenizer.from_file(str(task.tokenizer_file))
    return [tokenizer.decode(ids.tolist()) for ids in np.split(side.choices, side.choice_offsets[1:-1])]


@pytest.mark.parametrize("tokenizer", ["byte", "bpe-300"])
def test_every_example_is_there_with_its_choices(folder: Path, tokenizer: str) -> None:
    """Prompts end as the template says; each has all labels to choose from, and the right one is its own."""
    task = prepared(folder, tokenizer)
    for side in (task.train, task.heldout):
        right = [choices(task, side)[place].strip() for place in side.right]
        for text, answer, its_class in zip(prompts(task, side), right, side.answer_classes, strict=True):
            assert text.endswith("\nLabel:")
            assert answer in text.replace("long and", "red")
            assert answer == task.classes[its_class]

    assert (len(task.train) + len(task.heldout), task.classes) == (60, ("dark blue", "green", "red"))


def test_lengths_are_those_of_prompt_and_answer(folder: Path) -> None:
    """With a token a byte, what an example takes of the budget is what can be counted."""
    side = prepared(folder).train
    whole = side.prompt_bytes + side.answer_bytes

    assert (side.lengths.tolist(), len(side.choices)) == (whole.tolist(), len(side) * len(" red green dark blue"))


@pytest.mark.parametrize("tokenizer", ["byte", "bpe-300"])
def test_a_long_text_is_cut_so_that_any_answer_fits(folder: Path, tokenizer: str) -> None:
    """The text loses its end, the rest of the template stays, and prompt and longest choice fill the context."""
    context = 40
    task = prepared(folder, tokenizer, context=context)
    (side,) = (side for side in (task.train, task.heldout) if "long and" in "".join(prompts(task, side)))
    (place,) = (at for at, text in enumerate(prompts(task, side)) if "long and" in text)
    longest = max(side.choice_lengths[:3])
    whole = side.prompt_lengths[place] + longest

    assert (bool(side.cut[place]), prompts(task, side)[place][-7:], context - 2 <= whole <= context) == (
        True,
        "\nLabel:",
        True,
    )


def test_a_cut_never_splits_a_letter(tmp_path: Path) -> None:
    """Where the limit falls between the two bytes of an Ü, both go."""
    (tmp_path / "a.csv").write_text("text,label\n" + "\n".join(f"ÜÜÜÜ{n:02},{n % 2}" for n in range(40)))
    task = prepared(tmp_path, context=6, prompt="{text}:")

    assert (set(prompts(task, task.train)), bool(task.train.cut.all())) == ({"Ü:"}, True)


def test_a_context_without_room_is_refused(folder: Path) -> None:
    """Where even an empty text does not fit, the error says what would."""
    with pytest.raises(CorpusError) as refused:
        prepared(folder, context=16)

    assert "context = 16 has no room for" in str(refused.value)
    assert "prompt and longest answer take up to 17 tokens, even without any text" in str(refused.value)


def test_the_second_use_reads_nothing(folder: Path) -> None:
    """A prepared task is opened: no stage is told, and it is the same."""
    told: list[str] = []
    recipe = Recipe(corpus="labelled", corpus_path=str(folder / "a.csv"), context=64)
    first = prepare_task(recipe, tokenizer="bpe-299", cache=folder / "cache", tell=told.append)
    again = prepare_task(recipe, tokenizer="bpe-299", cache=folder / "cache", tell=told.append)

    assert ([sentence.split()[0] for sentence in told], again.fingerprint) == (
        ["reading", "encoding"],
        first.fingerprint,
    )


def test_doubts_about_the_corpus_are_told_each_time(tmp_path: Path) -> None:
    """A task that was prepared before is doubted as on the first day; equal texts with other labels are counted."""
    file, told = table(tmp_path), list[str]()
    file.write_text(file.read_text() + "\nÜnder 0 red leaves,green\nünder 1 GREEN leaves,green")
    for _ in range(2):
        recipe = Recipe(corpus="labelled", corpus_path=str(file), context=64)
        prepare_task(recipe, tokenizer="byte", cache=tmp_path / "cache", tell=told.append)

    doubt = "labelled: 2 duplicates left out, 1 of them with another answer than the first"
    assert [doubt] * 2 == [sentence for sentence in told if "duplicates" in sentence]


@pytest.mark.parametrize(
    "change", [{"context": 65}, {"prompt": "{text} ="}, {"heldout_fraction": 0.3}, {"corpus_documents": 59}]
)
def test_what_changes_the_examples_changes_their_place(folder: Path, change: dict[str, object]) -> None:
    """Another prompt or context is another folder of the cache."""
    assert prepared(folder, **change).tokenizer_file != prepared(folder).tokenizer_file


def test_a_training_setting_does_not_change_their_place(folder: Path) -> None:
    """All trials that choose among the same examples share them, whatever their sampler or budget."""
    other = prepared(folder, sampler="few_long", unique_fraction=0.5, batch_size=3)

    assert other.tokenizer_file == prepared(folder).tokenizer_file


def test_the_fingerprint_is_of_the_examples_alone(folder: Path) -> None:
    """Neither tokenizer nor prompt change it, nor the name of an example."""
    one, other = prepared(folder), prepared(folder, "bpe-300", prompt="{text} =")

    assert (one.fingerprint, one.train.names.tolist()) == (other.fingerprint, other.train.names.tolist())


def test_an_unknown_tokenizer_is_refused_before_anything_is_read(folder: Path) -> None:
    """A misspelt tokenizer costs no time."""
    with pytest.raises(ModelError, match="No tokenizer is called 'bite'"):
        prepared(folder, "bite")


@pytest.mark.parametrize("left", [0, 1000])
def test_a_damaged_task_is_named(tmp_path: Path, left: int) -> None:
    """A file that was emptied or broke off is refused with what to do."""
    table(tmp_path)
    file = prepared(tmp_path).tokenizer_file.parent / "train.npz"
    file.write_bytes(file.read_bytes()[:left])

    with pytest.raises(CorpusError, match="Remove that folder"):
        prepared(tmp_path)


def test_what_is_at_fault_leaves_nothing(tmp_path: Path) -> None:
    """A table that was refused is read again when it was mended."""
    (tmp_path / "a.csv").write_text("text,label\na,\n")
    with pytest.raises(CorpusError):
        prepared(tmp_path)
    table(tmp_path)

    assert prepared(tmp_path).classes == ("dark blue", "green", "red")
