import os
import socket
from pathlib import Path

import pytest

from raystudy.errors import CorpusError, HubError
from raystudy.study import Recipe
from raystudy.training.tasks import prepare_task
from raystudy.training.tasks.example import Example
from raystudy.training.tasks.mmlu import examples, from_rows

REFERENCE = os.environ.get("RAYSTUDY_REFERENCE")
ROW = '"Which bone, if any,\n""bends""?",the skull,the jaw,the hip,none,B\n'


def recipe(path: Path, subject: str = "anatomy") -> Recipe:
    """Return a recipe that reads MMLU's files."""
    return Recipe(corpus="mmlu", corpus_path=str(path), corpus_subject=subject)


def read(content: str | bytes, folder: Path) -> list[Example]:
    """Return the questions of one file of that content."""
    file = folder / "anatomy_test.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(examples(recipe(file), allow_hub=False))


def test_a_row_is_question_choices_and_letter(tmp_path: Path) -> None:
    """Quoted cells may hold line breaks, commas and quotes; the letter says which choice is right."""
    (asked,) = read(ROW, tmp_path)

    assert asked == Example(
        value='Which bone, if any,\n"bends"?',
        answer="the jaw",
        choices=("the skull", "the jaw", "the hip", "none"),
        group='Which bone, if any,\n"bends"?',
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (ROW + "Q?,a,b,c,d,E\n", "line 3 has the answer 'E'; a question with 4 choices takes A to D. Correct"),
        (ROW + "Q?,a,b,c,D\n", "line 3 has 5 cells; 6 are expected: question, A, B, C, D, answer. Check its commas"),
        (ROW + ",a,b,c,d,A\n", "line 3 has an empty question. Fill it in, or remove the row."),
        (ROW + "Q?,a, ,c,d,A\n", "line 3 has an empty choice B. Fill it in, or remove the row."),
        (ROW + "Q?,a,b,a,d,A\n", "line 3 has two equal choices: A and C are 'a'. Correct one, or remove the row."),
        (ROW + '"Q?,a,b,c,d,A\n', "line 3 is no row of a CSV file: unexpected end of data. Check the quotes"),
        (ROW.encode() + b"O\xf9?,a,b,c,d,A\n", "is not UTF-8 text: byte 0xf9"),
        ("", "is empty. Give a file with a row for each example."),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, content: str | bytes, said: str) -> None:
    """Each fault is refused with the file, the line on which its row begins, and what to do."""
    with pytest.raises(CorpusError) as refused:
        read(content, tmp_path)

    assert (said in str(refused.value), "anatomy_test.csv" in str(refused.value)) == (True, True)


def test_a_folder_is_read_by_subject(tmp_path: Path) -> None:
    """The folder that holds dev, val and test; P3 splits the test file."""
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "anatomy_test.csv").write_text(ROW)

    assert len(list(examples(recipe(tmp_path), allow_hub=False))) == 1


def test_a_subject_without_a_file_gets_the_list(tmp_path: Path) -> None:
    """A misspelt subject is refused with those that there are."""
    (tmp_path / "test").mkdir()
    for subject in ("virology", "anatomy"):
        (tmp_path / "test" / f"{subject}_test.csv").write_text(ROW)

    with pytest.raises(CorpusError, match=r"corpus_subject = 'anatomie'\. It has: anatomy, virology"):
        examples(recipe(tmp_path, "anatomie"), allow_hub=False)


def test_a_folder_of_something_else_is_said(tmp_path: Path) -> None:
    """The sentence says which folder is wanted."""
    with pytest.raises(CorpusError, match=r"Give the folder that holds test/SUBJECT_test\.csv"):
        examples(recipe(tmp_path), allow_hub=False)


def test_rows_of_the_hub_become_questions() -> None:
    """There the answer is a number counted from 0."""
    (asked,) = from_rows([{"question": "Which?", "subject": "anatomy", "choices": ["x", "y"], "answer": 1}], of="a/b")

    assert (asked.value, asked.choices, asked.answer) == ("Which?", ("x", "y"), "y")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"question": "Which?", "choices": ["x", "y"], "answer": 2}, "row 1 has the answer 2, but 2 choices"),
        ({"text": "Which?"}, "row 1 is no question with choices and answer; it has: text"),
    ],
)
def test_other_rows_of_the_hub_are_refused(row: dict[str, object], said: str) -> None:
    """A data set that changed its form is no question."""
    with pytest.raises(CorpusError, match=said):
        list(from_rows([row], of="a/b"))


def test_the_hub_is_off_unless_allowed() -> None:
    """Without files the hub would be asked; the error names the local way."""
    with pytest.raises(HubError, match=r"the hub is off\. .* or give corpus_path with the folder of its CSV files"):
        examples(Recipe(corpus="mmlu", corpus_subject="anatomy"), allow_hub=False)


def test_a_hub_that_cannot_be_reached_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens, one line says so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("HF_ENDPOINT", endpoint)

    with pytest.raises(HubError, match=f"subject anatomy of cais/mmlu .* {endpoint} cannot be reached"):
        examples(Recipe(corpus="mmlu", corpus_subject="anatomy"), allow_hub=True)


@pytest.mark.skipif(REFERENCE is None, reason="RAYSTUDY_REFERENCE names no folder with the reference data")
@pytest.mark.parametrize(
    ("subject", "n", "n_heldout"),
    [("anatomy", 135, 24), ("human_aging", 223, 49), ("moral_scenarios", 895, 194), ("professional_law", 1534, 319)],
)
def test_p3s_subjects_are_read_whole(subject: str, n: int, n_heldout: int, tmp_path: Path) -> None:
    """All questions of P3's four subjects, none twice, about a fifth held out: P3 evaluates on 27, 45, 179 and 307."""
    asked = recipe(Path(str(REFERENCE)) / "mmlu", subject).model_copy(update={"context": 2048})
    task = prepare_task(asked, tokenizer="byte", cache=tmp_path)

    assert (len(task.train) + len(task.heldout), len(task.heldout), task.duplicates) == (n, n_heldout, 0)
