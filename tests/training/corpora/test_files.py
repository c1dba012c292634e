import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora import documents
from raystudy.training.corpora.files import identity


def read(path: Path, column: str = "text") -> list[str]:
    """Return the documents of a file or folder."""
    recipe = Recipe(corpus="files", corpus_path=str(path), corpus_column=column)
    return list(documents(recipe, allow_hub=False))


def written(path: Path, text: str) -> Path:
    """Write a file and return it."""
    path.write_text(text, encoding="utf-8")
    return path


def test_txt_is_split_at_the_end_of_text(tmp_path: Path) -> None:
    """Documents of a .txt end at `<|endoftext|>`, wherever it stands; empty ones are dropped, edges stripped."""
    file = written(tmp_path / "a.txt", "One\n\nmore.<|endoftext|>\nTwo.\n<|endoftext|><|endoftext|> Three. \n")

    assert read(file) == ["One\n\nmore.", "Two.", "Three."]


def test_jsonl_is_one_object_a_line(tmp_path: Path) -> None:
    """The text of a .jsonl lies under the chosen key; blank lines and nulls are no documents."""
    file = written(tmp_path / "a.jsonl", '{"body": "One."}\n\n{"body": null}\n{"body": "Twö."}\n')

    assert read(file, "body") == ["One.", "Twö."]


def test_json_shards_hold_their_text_under_story(tmp_path: Path) -> None:
    """llama2.c's shards are lists of objects with a "story"; the chosen key goes first where it exists."""
    file = written(tmp_path / "data00.json", json.dumps([{"story": "One."}, {"story": "no", "text": "Two."}]))

    assert read(file) == ["One.", "Two."]


def test_parquet_is_one_row_a_document(tmp_path: Path) -> None:
    """The text of a .parquet lies in the chosen column."""
    pq.write_table(pa.table({"id": [1, 2, 3], "text": ["One.", None, "Two."]}), tmp_path / "a.parquet")

    assert read(tmp_path / "a.parquet") == ["One.", "Two."]


def test_a_folder_is_read_in_order(tmp_path: Path) -> None:
    """All readable files of a folder are read, folders below it too, sorted by path; others are left alone."""
    (tmp_path / "b").mkdir()
    written(tmp_path / "c.txt", "Three.")
    written(tmp_path / "a.txt", "One.")
    written(tmp_path / "b" / "a.jsonl", '{"text": "Two."}')
    written(tmp_path / "b" / "README.md", "no")

    assert read(tmp_path) == ["One.", "Two.", "Three."]


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    """JSON can spell what UTF-8 cannot hold; a question mark stands for it."""
    file = written(tmp_path / "a.jsonl", '{"text": "a\\ud800b"}\n')

    assert read(file) == ["a?b"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"ab\xff", "not UTF-8 text: byte 0xff"),
        ("a.jsonl", b'{"text": "a"}\n{"text": \n', "line 2 is not JSON: Expecting value"),
        ("a.jsonl", b'{"title": "a", "body": "b"}', "line 1 has no column 'text'; it has: title, body"),
        ("a.jsonl", b'["a"]', "line 1 holds list, not an object"),
        ("a.jsonl", b'{"text": 1}', "'text' holds int, not text"),
        ("a.json", b'{"text": "a"}', "not a list of objects"),
        ("a.parquet", b"no", "not a readable Parquet file"),
        ("a.csv", b"a,b", "a corpus is read from: .txt, .jsonl, .json, .parquet"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """A file that cannot be read is refused with its name and the place of the mistake."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(CorpusError) as refused:
        read(tmp_path / name)

    assert (said in str(refused.value), name in str(refused.value)) == (True, True)


def test_a_column_that_is_not_there_gets_the_list(tmp_path: Path) -> None:
    """A Parquet file without the chosen column is refused with the columns it has."""
    pq.write_table(pa.table({"id": [1], "body": ["One."]}), tmp_path / "a.parquet")

    with pytest.raises(CorpusError, match="no column 'text'; it has: id, body"):
        read(tmp_path / "a.parquet")


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing path is refused at once."""
    with pytest.raises(CorpusError, match="there is no such file or folder"):
        read(tmp_path / "nowhere")


def test_identity_follows_the_files(tmp_path: Path) -> None:
    """A file that grows makes another corpus."""
    recipe = Recipe(corpus="files", corpus_path=str(tmp_path))
    before = identity(Recipe(corpus="files", corpus_path=str(written(tmp_path / "a.txt", "One."))))
    written(tmp_path / "a.txt", "One. Two.")

    assert identity(recipe) != before
