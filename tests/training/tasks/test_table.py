import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.tasks.example import Example
from raystudy.training.tasks.table import examples, identity

TEXT = '{"text": "a", "label": "x"}\n'


def read(file: Path, **fields: str) -> list[Example]:
    """Return the examples of a file."""
    recipe = Recipe.model_validate({"corpus": "labelled", "corpus_path": str(file), **fields})
    return list(examples(recipe, allow_hub=False))


def written(file: Path, content: str) -> Path:
    """Write a file and return it."""
    file.write_text(content, encoding="utf-8")
    return file


def asked(answer: object, choices: object = ("red", "green", "blue")) -> str:
    """Return a line of a question."""
    return json.dumps({"question": "Which?", "choices": choices, "answer": answer}) + "\n"


def test_a_csv_has_texts_and_labels(tmp_path: Path) -> None:
    """Columns are found by name; quoted cells hold line breaks; edges are stripped."""
    file = written(tmp_path / "a.csv", 'id,body,topic\n1,"One,\nand more. ",x\n2,Two., y\n')

    assert read(file, corpus_column="body", label_column="topic") == [
        Example(value="One,\nand more.", answer="x", group="One,\nand more."),
        Example(value="Two.", answer="y", group="Two."),
    ]


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    """A document has more characters than the csv module takes by itself."""
    file = written(tmp_path / "a.csv", f"text,label\n{'a' * 200_000},x\n")

    assert [len(example.value) for example in read(file)] == [200_000]


def test_labels_may_be_whole_numbers(tmp_path: Path) -> None:
    """A label is written as text, whatever the file holds."""
    file = written(tmp_path / "a.jsonl", '{"text": "a", "label": 0}\n\n{"text": "b", "label": 1}\n')

    assert [example.answer for example in read(file)] == ["0", "1"]


def test_rows_have_groups(tmp_path: Path) -> None:
    """Rows of one group stay together in the split; one without any stands alone."""
    file = written(tmp_path / "a.csv", "text,label,source\na,x,7\nb,y,\n")

    assert [example.group for example in read(file, group_column="source")] == ["7", "b"]


@pytest.mark.parametrize("answer", [1, "1", "B", "green"])
def test_an_answer_is_number_letter_or_text(tmp_path: Path, answer: object) -> None:
    """All four mean the second choice."""
    (example,) = read(written(tmp_path / "a.jsonl", asked(answer)))

    assert example == Example(value="Which?", answer="green", choices=("red", "green", "blue"), group="Which?")


def test_choices_of_a_csv_are_json_or_columns(tmp_path: Path) -> None:
    """A cell with a JSON list, or the columns A to D."""
    one = read(written(tmp_path / "a.csv", 'question,choices,answer\nWhich?,"[""red"", ""green""]",B\n'))
    other = read(written(tmp_path / "b.csv", "question,A,B,C,D,answer\nWhich?,red,green,blue,black,D\n"))

    assert [(example.choices, example.answer) for example in one + other] == [
        (("red", "green"), "green"),
        (("red", "green", "blue", "black"), "black"),
    ]


def test_parquet_is_one_row_an_example(tmp_path: Path) -> None:
    """Lists of a Parquet file are lists."""
    table = pa.table({"question": ["Which?"], "choices": [["red", "green"]], "answer": [0]})
    pq.write_table(table, tmp_path / "a.parquet")

    assert [(example.choices, example.answer) for example in read(tmp_path / "a.parquet")] == [
        (("red", "green"), "red")
    ]


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    """JSON can spell what UTF-8 cannot hold; a question mark stands for it."""
    file = written(tmp_path / "a.jsonl", '{"text": "a\\ud800b", "label": "x"}\n')

    assert read(file)[0].value == "a?b"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "text,label\na\n", "line 2 has 1 cell; 2 are expected: text, label. Check its commas and quotes."),
        ("a.csv", "text,label\n,x\n", "line 2 has an empty text. Fill it in, or remove the row."),
        ("a.csv", "text,label\na,\n", "line 2 has an empty label. Fill it in, or remove the row."),
        ("a.csv", "body,label\na,x\n", "line 2 has no column 'text'; it has: body, label. Set recipe.corpus_column."),
        (
            "a.csv",
            "text,topic\na,x\n",
            "line 2 has neither a column 'label' (recipe.label_column) nor question, choices",
        ),
        ("a.csv", "text,label\n", "holds no examples. Give a file with a row for each of them."),
        ("a.csv", "", "is empty. Give a file with a row for each example."),
        ("a.jsonl", "\n", "holds no examples."),
        ("a.jsonl", TEXT + '{"text": "b"}', "line 2 has no column 'label'; it has: text. Set recipe.label_column."),
        ("a.jsonl", TEXT + '{"text": ["b"], "label": 1}', "line 2: 'text' holds list, not text or a whole number."),
        (
            "a.jsonl",
            '{"text": "b", "label": 0.5}',
            "line 1: 'label' holds float, not text or a whole number. Write it as",
        ),
        ("a.csv", "text,label, text\na,x,b\n", "line 1 names the column 'text' twice. Rename one of them."),
        ("a.jsonl", TEXT + '{"text": \n', "line 2 is not JSON: Expecting value (column 9)."),
        ("a.jsonl", TEXT + "[1]\n", "line 2 holds list, not an object. Write one object a line."),
        ("a.jsonl", asked(3), "line 1: the answer 3 is none of the choices, as text, as letter (A to C) or as number"),
        ("a.jsonl", asked("D"), "line 1: the answer 'D' is none of the choices"),
        ("a.jsonl", asked(None), "line 1: the answer None is none of the choices"),
        ("a.jsonl", asked("1", ["1", "2"]), "line 1: the answer '1' is more than one of the choices"),
        ("a.jsonl", asked(0, "red"), "line 1: 'choices' is no list of texts."),
        ("a.jsonl", asked(0, ["red"]), "line 1 has 1 of 2 to 26 choices that a question may have."),
        ("a.jsonl", asked(0, ["red", "red"]), "line 1 has two equal choices: A and B are 'red'."),
        ("a.parquet", "no", "is not a readable Parquet file"),
        ("a.txt", "no", "is no file of labelled examples; give one of: .csv, .jsonl, .parquet."),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, name: str, content: str, said: str) -> None:
    """Each fault is refused with the file, the line, and what to do."""
    with pytest.raises(CorpusError) as refused:
        read(written(tmp_path / name, content))

    assert (said in str(refused.value), name in str(refused.value)) == (True, True)


def test_a_group_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The columns that there are are listed."""
    with pytest.raises(CorpusError, match=r"no column 'source'; it has: text, label\. Set recipe\.group_column"):
        read(written(tmp_path / "a.jsonl", TEXT), group_column="source")


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    """A file in another encoding is refused."""
    (tmp_path / "a.csv").write_bytes(b"text,label\nO\xf9,x\n")

    with pytest.raises(CorpusError, match="not UTF-8 text: byte 0xf9"):
        read(tmp_path / "a.csv")


def test_identity_follows_the_file(tmp_path: Path) -> None:
    """A file that grows makes another task."""
    recipe = Recipe(corpus="labelled", corpus_path=str(written(tmp_path / "a.jsonl", TEXT)))
    before = identity(recipe)
    written(tmp_path / "a.jsonl", TEXT * 2)

    assert identity(recipe) != before
